"""What readers see while partitions are published, two runs at once, and loads that die or find nothing."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest

from lakehouse.bronze import partition_loader, row_groups
from lakehouse.bronze.catalogue_refresh import CatalogueRefresher
from lakehouse.bronze.contract import NewColumns
from lakehouse.bronze.contract_file import load_contract
from lakehouse.bronze.expected_volume import VolumeBelowExpectedError
from lakehouse.bronze.partition_loader import PartitionLoader
from lakehouse.bronze.rejection import ContractBrokenError
from lakehouse.dremio.sources import load_sources, provision
from lakehouse.landing.ledger_rows import LandingIncompleteError
from lakehouse.platform.database import Lock, LockHeldError, exclusively
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.lake_layout import bronze_manifest_key, bronze_partition
from lakehouse.platform.storage import LakeStorage
from testing.faulty_bucket import FaultyBucket, raising
from tests.integration.lakehouse.bronze.night_rows import order

Land = Callable[..., str]
ORDERS = load_contract("orders")


class Interrupted(Exception):
    """The worker dies."""


@pytest.fixture
def many_parts(lake: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., PartitionLoader]:
    """A loader whose partitions have a file for every ten rows."""
    monkeypatch.setattr(row_groups, "ROW_GROUP_ROWS", 10)

    def loader(client: Any = None) -> PartitionLoader:
        storage = LakeStorage(client or lake.storage.client, lake.storage.bucket)
        return PartitionLoader(ORDERS, lake.ledger, storage, lake.loads, lake.postgres, part_bytes=1)

    return loader


def refresher(lake: Any, contract: Any = ORDERS) -> CatalogueRefresher:
    return CatalogueRefresher(lake.dremio, lake.postgres, lake.storage, [contract])


def names(lake: Any, day: date) -> list[str]:
    folder = bronze_partition("postgres", "orders", day)
    return [item.key.removeprefix(folder) for item in lake.storage.objects(folder)]


def manifest(lake: Any, day: date) -> Any:
    return json.loads(lake.storage.get(bronze_manifest_key("postgres", "orders", day)))


def count(lake: Any, day: date) -> int:
    [row] = lake.dremio.query(
        f"select count(*) as n from lake_bronze.postgres.orders where dir0 = 'date={day}'"
    )
    return int(row["n"])


def test_the_manifest_lists_files_rows_and_hashes_and_a_replay_writes_nothing(
    lake: Any, land_file: Land
) -> None:
    day = date(2025, 5, 1)
    key = land_file("postgres", "orders", "2025_05_01_1_0", [order(1, day), order(2, day, amount=Decimal(0))])
    lake.ledger.claim("postgres", day, 501, 2)
    first = lake.loader("orders").load(day, "first")
    told = manifest(lake, day)
    assert names(lake, day) == ["_manifest.json", "data.parquet"]
    assert (told["rows_in"], told["rows_loaded"], told["rows_quarantined"]) == (2, 1, 1)
    assert [file["key"] for file in told["landing"]] == [key]
    [file] = told["files"]
    assert (file["rows"], file["sha256"]) == (1, first.load.sha256)
    assert first.changed
    assert not lake.loader("orders").load(day, "second").changed


def test_a_damaged_partition_is_mended_by_a_rerun(lake: Any, land_file: Land) -> None:
    day = date(2025, 5, 2)
    land_file("postgres", "orders", "2025_05_02_1_0", [order(1, day)])
    lake.ledger.claim("postgres", day, 502, 1)
    lake.loader("orders").load(day, "first")
    [file] = manifest(lake, day)["files"]
    content = lake.storage.get(file["key"])
    lake.storage.put(content[:-9] + b"damaged!!", file["key"])
    assert lake.loader("orders").load(day, "second").changed
    assert lake.storage.get(file["key"]) == content


def test_a_reader_sees_the_old_partition_or_the_new_one_never_half(
    lake: Any, land_file: Land, many_parts: Callable[..., PartitionLoader]
) -> None:
    """Several files, replaced while Dremio is asked all the time; a query may fail, never answer wrongly."""
    day = date(2025, 5, 3)
    provision(lake.dremio, load_sources(), lake.access)
    land_file("postgres", "orders", "2025_05_03_1_0", [order(number, day) for number in range(1, 36)])
    lake.ledger.claim("postgres", day, 503, 35)
    loaded = many_parts().load(day, "first")
    assert loaded.files == 4
    assert [name.split("-")[1] for name in names(lake, day)[1:]] == ["0001", "0002", "0003", "0004"]
    refresher(lake).refresh(day)
    assert count(lake, day) == 35

    over, seen, refused = threading.Event(), [], []

    def read() -> None:
        while not over.is_set():
            try:
                seen.append(count(lake, day))
            except LakehouseError as error:
                refused.append(str(error))

    land_file("postgres", "orders", "2025_05_03_2_0", [order(number, day) for number in range(36, 66)])
    lake.ledger.claim("postgres", day, 504, 30)
    reader = threading.Thread(target=read)
    reader.start()
    many_parts().load(day, "second")
    refresher(lake).refresh(day)
    over.set()
    reader.join()
    assert set(seen) <= {35, 65}
    assert count(lake, day) == 65
    assert len(names(lake, day)) == 1 + 7, "files of the old partition are gone"


@pytest.mark.parametrize("write", [1, 2, 3, 4, 5])
def test_a_load_that_dies_at_any_write_leaves_what_was_there_and_the_rerun_succeeds(
    lake: Any, land_file: Land, many_parts: Callable[..., PartitionLoader], write: int
) -> None:
    day = date(2025, 6, write)
    provision(lake.dremio, load_sources(), lake.access)
    land_file("postgres", "orders", f"{day:%Y_%m_%d}_1_0", [order(number, day) for number in range(1, 6)])
    lake.ledger.claim("postgres", day, 600 + write, 5)
    lake.loader("orders").load(day, "first")
    more = [order(number, day) for number in range(6, 36)]
    land_file("postgres", "orders", f"{day:%Y_%m_%d}_2_0", more)
    lake.ledger.claim("postgres", day, 620 + write, 30)
    with pytest.raises(Interrupted):
        many_parts(FaultyBucket(lake.storage.client, raising(Interrupted()), write)).load(day, "second")
    lake.postgres.execute(f"delete from bronze_catalogued where business_date = '{day}'")
    refresher(lake).refresh(day)
    assert names(lake, day) == ["_manifest.json", "data.parquet"], "the dead load's files are cleared away"
    assert count(lake, day) == 5
    assert many_parts().load(day, "third").load.rows_loaded == 35
    refresher(lake).refresh(day)
    assert count(lake, day) == 35


def test_a_second_run_waits_and_then_names_the_one_that_holds_the_partition(
    lake: Any, land_file: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = date(2025, 5, 4)
    land_file("postgres", "orders", "2025_05_04_1_0", [order(1, day)])
    lake.ledger.claim("postgres", day, 505, 1)
    monkeypatch.setattr(partition_loader, "LOAD_WAIT_SECONDS", 1)
    name = f"postgres.orders {day}"
    with (
        exclusively(lake.postgres, Lock("bronze load", name), "load_bronze manual__first", 1),
        pytest.raises(
            LockHeldError, match=r"load of postgres\.orders 2025-05-04: 'load_bronze manual__first'"
        ),
    ):
        lake.loader("orders").load(day, "second")
    assert lake.loader("orders").load(day, "second").load.rows_loaded == 1


def test_two_runs_at_once_publish_one_partition(lake: Any, land_file: Land) -> None:
    day = date(2025, 5, 5)
    land_file("postgres", "orders", "2025_05_05_1_0", [order(number, day) for number in range(1, 50)])
    lake.ledger.claim("postgres", day, 506, 49)
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(lambda run: lake.loader("orders").load(day, str(run)), range(4)))
    assert sorted(each.changed for each in loaded) == [False, False, False, True]
    assert manifest(lake, day)["rows_loaded"] == 49


def test_only_streams_with_changed_partitions_are_listed_again(lake: Any, land_file: Land) -> None:
    day = date(2025, 5, 6)
    provision(lake.dremio, load_sources(), lake.access)
    land_file("postgres", "orders", "2025_05_06_1_0", [order(1, day)])
    lake.ledger.claim("postgres", day, 507, 1)
    lake.loader("orders").load(day, "first")
    [change] = refresher(lake).refresh(day).changes
    assert change.relisted
    [change] = refresher(lake).refresh(day).changes
    assert (change.relisted, change.job_ids) == (False, ())
    lake.loader("orders").load(day, "again")
    [change] = refresher(lake).refresh(day).changes
    assert not change.relisted, "a replay that changed nothing needs no refresh"


def test_what_the_account_believes_listed_is_listed_again_when_dremio_does_not_show_it(
    lake: Any, land_file: Land
) -> None:
    """Dremio was set up again, or restored from a backup."""
    day = date(2025, 5, 7)
    provision(lake.dremio, load_sources(), lake.access)
    land_file("postgres", "orders", "2025_05_07_1_0", [order(1, day)])
    lake.ledger.claim("postgres", day, 508, 1)
    lake.loader("orders").load(day, "first")
    lake.loads.record_catalogued("postgres", "orders")
    assert [change.relisted for change in refresher(lake).refresh(day).changes][-1]
    assert count(lake, day) == 1


@pytest.fixture
def forgotten_column(lake: Any) -> Iterator[None]:
    """What the test below adds to the stream would stay in its view."""
    yield
    lake.postgres.execute("delete from bronze_new_columns")
    refresher(lake).refresh(date(2025, 5, 8))


def test_an_allowed_new_column_is_recorded_and_shown_in_dremio(
    lake: Any, land_file: Land, tmp_path: Any, forgotten_column: None
) -> None:
    import pyarrow as pa

    from testing.lakehouse.landing_files import land

    day = date(2025, 5, 8)
    provision(lake.dremio, load_sources(), lake.access)
    allowing = replace(ORDERS, new_columns=NewColumns.ALLOW)
    fields = [*(pa.field(each.name, each.type) for each in ORDERS.columns), pa.field("coupon", pa.string())]
    file = land(tmp_path, "a", [order(1, day, coupon="ten")], fields)
    lake.storage.upload(file.path, "bronze/landing/source=postgres/orders/2025_05_08_1_0.parquet")
    lake.ledger.claim("postgres", day, 509, 1)
    loader = PartitionLoader(allowing, lake.ledger, lake.storage, lake.loads, lake.postgres)
    assert loader.load(day, "first").new_columns == ["coupon"]
    recorded = "select column_name, column_type from bronze_new_columns where stream = 'orders'"
    assert lake.postgres.rows(recorded) == [("coupon", "string")]
    refresher(lake, allowing).refresh(day)
    found = lake.dremio.query(f"select coupon from bronze.raw_orders where bronze_date = date '{day}'")
    assert [row["coupon"] for row in found] == ["ten"]


def test_a_scheduled_date_without_rows_fails_and_a_backfilled_one_says_why_it_is_empty(
    lake: Any, land_file: Land
) -> None:
    first, skipped, later = date(2025, 7, 1), date(2025, 7, 2), date(2025, 7, 3)
    source = "postgres"
    lake.postgres.execute("delete from landing_syncs where business_date >= '2025-07-01'")

    def in_their_own_nights() -> None:
        lake.postgres.execute(
            "update landing_syncs set first_completed_at = business_date + interval '2 hours'"
        )

    lake.ledger.claim(source, first, 701, 0)
    in_their_own_nights()
    with pytest.raises(VolumeBelowExpectedError, match=r"orders, 2025-07-01: 0 rows landed"):
        lake.loader("orders").load(first, "scheduled")
    land_file(source, "orders", "2025_07_03_1_0", [order(1, later)])
    lake.ledger.claim(source, later, 703, 1)
    in_their_own_nights()
    with pytest.raises(VolumeBelowExpectedError):
        lake.loader("orders").load(first, "its own sync came first")
    lake.ledger.claim(source, skipped, 702, 0)
    loaded = lake.loader("orders").load(skipped, "backfill")
    assert loaded.load.explanation == "its changes arrived with the sync of 2025-07-03"
    assert manifest(lake, skipped)["explanation"] == loaded.load.explanation
    told = "select explanation from bronze_loads where business_date = '2025-07-02' and stream = 'orders'"
    assert lake.postgres.rows(told) == [(loaded.load.explanation,)]
    # The first day of a backfill, started long after both, took what the second would have brought.
    backfilled = date(2025, 7, 4)
    lake.postgres.execute(
        "update landing_syncs set first_completed_at = now() where business_date = '2025-07-03'"
    )
    lake.ledger.claim(source, backfilled, 704, 0)
    empty = lake.loader("orders").load(backfilled, "backfill of two days")
    assert empty.load.explanation == "its changes arrived with the sync of 2025-07-02"
    lake.postgres.execute("delete from landing_syncs where business_date >= '2025-07-01'")


def test_rows_that_landed_and_none_that_entered_is_no_success(lake: Any, land_file: Land) -> None:
    """Within the contract's threshold of 100 rows, and yet a silent zero."""
    day = date(2025, 5, 9)
    land_file("postgres", "orders", "2025_05_09_1_0", [order(1, day, amount=Decimal(0)), order(0, day)])
    lake.ledger.claim("postgres", day, 510, 2)
    with pytest.raises(ContractBrokenError, match=r"2 of 2 rows break .*and none is left"):
        lake.loader("orders").load(day, "first")
    assert names(lake, day) == []


def test_an_api_s_responses_are_kept_beside_its_partitions_and_disturb_no_dataset(
    lake: Any, land_file: Land
) -> None:
    day, moment = date(2025, 5, 10), datetime(2025, 5, 10, 3)
    provision(lake.dremio, load_sources(), lake.access)
    shipment = {
        "shipment_id": 11,
        "order_id": 1,
        "status": "delivered",
        "shipped_at": moment,
        "updated_at": moment,
    }
    land_file("api", "shipments", "2025_05_10_1_0", [shipment])
    lake.ledger.claim("api", day, 511, 1)
    loaded = lake.loader("shipments").load(day, "first")
    [key] = loaded.source_forms
    assert key == "bronze/api/rest_shipments/timestamp=20251017_010000/response.json"
    assert json.loads(lake.storage.get(key))["data"][0]["shipment_id"] == 11
    contract = load_contract("shipments")
    assert refresher(lake, contract).refresh(day).rows_visible == {"shipments": 1}
    content = io.BytesIO(lake.storage.get(f"{loaded.folder}data.parquet"))
    assert pq.read_schema(content).equals(contract.schema)


def test_a_stream_that_airbyte_says_had_rows_and_landing_has_not_fails(lake: Any, land_file: Land) -> None:
    """Another stream's second delivery made up the number: the sum over all streams alone was silent."""
    day = date(2025, 5, 11)
    for name in ("2025_05_11_1_0", "2025_05_11_2_0"):
        land_file("postgres", "orders", name, [order(1, day), order(2, day)], sync_id=512)
    with pytest.raises(LandingIncompleteError, match=r"customers \(2 committed, 0 landed\); nothing was"):
        lake.ledger.claim("postgres", day, 512, 4, {"orders": 2, "customers": 2})
    assert not lake.ledger.is_complete("postgres", day)
    assert lake.ledger.claim("postgres", day, 512, 2, {"orders": 2}).rows == 4
