"""Dropped CSV files from the folder to bronze, through the shipped connection: bad ones, corrected ones.

Nothing is lost: rows that landed = loaded + deduplicated + quarantined, and what is refused says why.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from airflow.providers.postgres.hooks.postgres import PostgresHook

from lakehouse.airbyte.errors import AirbyteJobMisconfiguredError
from lakehouse.airbyte.provision_operators import ProvisionAirbyteOperator
from lakehouse.bronze.contract_file import load_contract
from lakehouse.bronze.partition_loader import LoadedPartition, PartitionLoader
from lakehouse.bronze.reconciliation import BronzeLoads
from lakehouse.bronze.rejection import ContractBrokenError
from lakehouse.landing.ledger import LandingLedger
from lakehouse.platform.lake_layout import bronze_data_key, csv_import_key, quarantine_key
from lakehouse.platform.storage import LakeStorage
from testing.ingestion_stack import AirbyteServer, IngestionStack
from testing.lakehouse.extract_task import Night

CONNECTION = "shop_files_to_lake"
HEADER = "spend_date,channel,amount\n"
SOUND = HEADER + "2025-09-01,search,10.00\n2025-09-01,email,2.50\n"


@dataclass
class Drops:
    """The folder where files are dropped, and what becomes of them in the lake."""

    folder: Path
    storage: LakeStorage

    def drop(self, name: str, content: str | bytes, age: timedelta | None = None) -> None:
        """As it should be done: a file appears whole. `age` is that of a copy which keeps its time."""
        partial = self.folder / "partial"
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
        if age:
            moment = time.time() - age.total_seconds()
            os.utime(partial, (moment, moment))
        partial.replace(self.folder / name)

    def extract(self, night: Night) -> int:
        """Rows that the date holds in landing."""
        return int(night.extract(CONNECTION)["rows_out"])

    def load(self, day: str) -> LoadedPartition:
        postgres = PostgresHook("platform_postgres")
        ledger, loads = LandingLedger(postgres, self.storage), BronzeLoads(postgres)
        contract = load_contract("marketing_spend")
        loader = PartitionLoader(contract, ledger, self.storage, loads, postgres)
        return loader.load(date.fromisoformat(day), "test")

    def bronze(self, day: str) -> dict[tuple[str, str], str]:
        """Amounts by date and channel, of the date's partition."""
        key = bronze_data_key("files", "marketing_spend", date.fromisoformat(day))
        rows = pq.read_table(io.BytesIO(self.storage.get(key))).to_pylist()
        assert all(row["_ab_source_file_url"].startswith("batch_") for row in rows)
        return {(str(row["spend_date"]), row["channel"]): str(row["amount"]) for row in rows}

    def reasons(self, day: str) -> list[str]:
        """Why rows of the date are in quarantine."""
        key = quarantine_key("marketing_spend", date.fromisoformat(day))
        if not self.storage.exists(key):
            return []
        return sorted(pq.read_table(io.BytesIO(self.storage.get(key)))["reason"].to_pylist())

    def import_of(self, name: str) -> str:
        """The documented form of a dropped file."""
        return self.storage.get(csv_import_key(name)).decode()


@pytest.fixture(scope="module")
def drops(stack: IngestionStack, airbyte: AirbyteServer) -> Iterator[Drops]:
    """The shipped connection, reading a folder that is this module's own."""
    folder = stack.folder / "drops"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AIRFLOW_CONN_SHOP_FILES", f"fs:///?path={folder}")
        ProvisionAirbyteOperator(task_id="provision").execute({})
        yield Drops(folder, LakeStorage.from_connection())
    ProvisionAirbyteOperator(task_id="provision").execute({})


@pytest.fixture(autouse=True)
def empty_folder(drops: Drops) -> Iterator[None]:
    """What one test drops is no other test's affair."""
    yield
    for file in drops.folder.iterdir():
        file.unlink()


def add_up(loaded: LoadedPartition, landed: int) -> None:
    load = loaded.load
    assert load.rows_in == landed == load.rows_loaded + load.rows_deduplicated + load.rows_quarantined


@pytest.mark.parametrize(
    ("day", "batch", "loaded", "deduplicated", "reasons"),
    [
        ("2025-09-02", HEADER + "2025-09-02,search,1.00\n", 1, 0, []),
        ("2025-09-03", "\ufeff" + HEADER + "2025-09-03,search,1.00\n", 1, 0, []),
        ("2025-09-04", (HEADER + "2025-09-04,search,1.00\n").replace("\n", "\r\n"), 1, 0, []),
        ("2025-09-05", HEADER + "2025-09-05,print,3.00\n" * 2, 1, 1, []),
        ("2025-09-06", HEADER, 0, 0, []),
        (
            "2025-09-07",
            "spend_date,channel\n2025-09-07,search\n2025-09-07,email\n",
            0, 0, ["amount: the column is missing"] * 2,
        ),
        (
            "2025-09-08",
            HEADER + '2025-09-08,search,"1,50"\n2025-09-08,email,-1\n'
            '2025-09-08,social,\n2025-09-08,print,4\n',
            1, 0,
            [
                "amount: '' is not of type decimal128(12, 2)",
                "amount: '-1.00' is below 0",
                "amount: '1,50' is not of type decimal128(12, 2)",
            ],
        ),
        (
            "2025-09-09",
            HEADER + "09.09.2025,search,1.00\n2025-09-09,Television,2.00\n",
            0, 0,
            [
                "channel: 'Television' is none of search, social, email, affiliate, display, print",
                "spend_date: '09.09.2025' is not of type date32[day]",
            ],
        ),
    ],
    ids=["sound", "byte-order-mark", "crlf", "line-twice", "header-only", "column-missing", "bad-amounts",
         "bad-keys"],
)  # fmt: skip
def test_a_batch_s_lines_are_loaded_deduplicated_or_quarantined_with_the_reason(
    drops: Drops, day: str, batch: str, loaded: int, deduplicated: int, reasons: list[str]
) -> None:
    drops.drop("batch_sound.csv", SOUND)
    drops.drop(f"batch_{day}.csv", batch)
    landed = drops.extract(Night(day))
    assert landed == 2 + loaded + deduplicated + len(reasons)
    result = drops.load(day)
    add_up(result, landed)
    load = result.load
    assert (load.rows_loaded, load.rows_deduplicated) == (2 + loaded, deduplicated)
    assert drops.reasons(day) == reasons
    assert len(drops.bronze(day)) == 2 + loaded
    assert result.new_columns == []
    if len(batch.splitlines()) > 1:
        kept = drops.import_of(f"batch_{day}.csv")
        assert kept == batch.removeprefix("\ufeff").replace("\r\n", "\n"), "every line, bad ones too"


@pytest.mark.parametrize(
    ("day", "broken", "told"),
    [
        (
            "2025-09-11",
            HEADER + "2025-09-11,search,1.00\n2025-09-11,ema",
            "line 3: 2 fields under a header of 3",
        ),
        ("2025-09-12", "", "line 1: there is no header: the file is empty"),
        ("2025-09-13", HEADER.encode() + b"2025-09-13,caf\xe9,1.00\n", "'utf-8' codec"),
    ],
    ids=["last-line-cut-off", "empty-file", "another-encoding"],
)
def test_a_file_that_cannot_be_read_is_named_and_the_rerun_takes_it_mended(
    drops: Drops, day: str, broken: str | bytes, told: str
) -> None:
    night, name = Night(day), f"batch_{day}.csv"
    drops.drop("batch_sound.csv", SOUND)
    drops.drop(name, broken)
    with pytest.raises(AirbyteJobMisconfiguredError) as failed:
        drops.extract(night)
    assert f"{name}, " in str(failed.value)
    assert told in str(failed.value)
    assert "Repair or remove them; the next sync reads them again" in str(failed.value)
    drops.drop(name, HEADER + f"{day},search,1.00\n{day},email,2.00\n")
    landed = drops.extract(night)
    assert landed == 4, "the sound file came with the sync that failed"
    result = drops.load(day)
    add_up(result, landed)
    assert drops.bronze(day)[day, "email"] == "2.00"


def test_a_date_whose_every_line_is_bad_is_no_success(drops: Drops) -> None:
    drops.drop("batch_bad.csv", "spend_date,channel,amount_eur\n2025-09-14,search,1.00\n")
    assert drops.extract(Night("2025-09-14")) == 1
    head = r"amount is absent; amount_eur is new; 1 of 1 rows break include/contracts/marketing_spend.yaml"
    with pytest.raises(ContractBrokenError, match=head):
        drops.load("2025-09-14")
    assert drops.reasons("2025-09-14") == ["amount: the column is missing (new: amount_eur)"]


@pytest.mark.parametrize(
    ("day", "age"),
    [("2025-09-15", None), ("2025-09-20", timedelta(days=300))],
    ids=["newer", "with-an-older-time"],
)
def test_a_correction_of_the_same_date_replaces_the_lines_it_repeats(
    drops: Drops, day: str, age: timedelta | None
) -> None:
    name = f"batch_corrected_at_once_{day}.csv"
    drops.drop(name, HEADER + f"{day},search,1.00\n{day},email,2.00\n")
    assert drops.extract(Night(day)) == 2
    corrected = HEADER + f"{day},search,1.50\n"
    drops.drop(name, corrected, age)
    assert drops.extract(Night(day, force_sync=True)) == 3
    result = drops.load(day)
    add_up(result, 3)
    assert drops.bronze(day) == {(day, "search"): "1.50", (day, "email"): "2.00"}
    assert drops.import_of(name) == corrected


def test_a_correction_stays_in_the_lake_whatever_date_is_replayed_after_it(drops: Drops) -> None:
    first, second, name = "2025-09-16", "2025-09-17", "batch_corrected_later.csv"
    drops.drop(name, HEADER + f"{first},search,1.00\n{first},email,2.00\n")
    assert drops.extract(Night(first)) == 2
    assert drops.load(first).source_forms == [csv_import_key(name)]
    corrected = HEADER + f"{first},search,1.25\n{first},email,2.00\n"
    drops.drop(name, corrected)
    assert drops.extract(Night(second)) == 2
    drops.load(second)
    before = {day: drops.load(day).load.sha256 for day in (second, first)}
    again = drops.load(first)
    assert (again.changed, again.source_forms) == (False, []), "its version is the older one"
    assert drops.import_of(name) == corrected
    assert drops.bronze(first)[first, "search"] == "1.00"
    assert drops.bronze(second)[first, "search"] == "1.25"
    drops.storage.delete(csv_import_key(name))
    assert {day: drops.load(day).load.sha256 for day in (first, second)} == before
    assert drops.import_of(name) == corrected


def test_the_shop_s_own_batches_end_in_the_lake_byte_for_byte(drops: Drops, stack: IngestionStack) -> None:
    newest = sorted((stack.folder / "state" / "shop" / "csv").glob("batch_*.csv"))[-30:]
    batches = {file.name: file.read_bytes() for file in newest}
    assert len(batches) == 30
    for name, content in batches.items():
        drops.drop(name, content)
    day = "2025-09-18"
    lines = sum(len(content.splitlines()) - 1 for content in batches.values())
    landed = drops.extract(Night(day))
    assert landed == lines
    result = drops.load(day)
    add_up(result, landed)
    assert result.load.rows_loaded == lines
    assert set(result.source_forms) == {csv_import_key(name) for name in batches}
    assert {name: drops.import_of(name).encode() for name in batches} == batches
    assert drops.extract(Night("2025-09-19")) == 0, "no file has changed since"
    assert drops.load("2025-09-19").load.explanation
