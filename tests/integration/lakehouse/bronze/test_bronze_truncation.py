"""A table that is emptied at the source, read from its log: what bronze shows of earlier dates' rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from lakehouse.bronze.catalogue_refresh import CatalogueRefresher
from lakehouse.bronze.contract_file import parse_contract
from lakehouse.bronze.partition_loader import LoadedPartition, PartitionLoader
from lakehouse.dremio.sources import load_sources, provision
from lakehouse.platform.lake_layout import bronze_manifest_key
from testing.lakehouse.landing_files import land

CAPTURED = parse_contract(
    {
        "stream": "captured_things",
        "source": "postgres",
        "grain": "One row per thing.",
        "mode": "cdc",
        "key": ["id"],
        "new_columns": "ignore",
        "quarantine": {"max_rows": 0, "max_share": 0},
        "expected_volume": {"min_rows": 0, "zero_rows": "allow"},
        "columns": {
            "id": {"type": "bigint", "required": True, "min": 1},
            "name": {"type": "varchar", "required": True},
        },
    },
    "captured_things.yaml",
)
FIELDS = [
    pa.field("id", pa.int64()),
    pa.field("name", pa.string()),
    pa.field("_ab_cdc_lsn", pa.int64()),
    pa.field("_ab_cdc_updated_at", pa.timestamp("us", "UTC")),
    pa.field("_ab_cdc_deleted_at", pa.timestamp("us", "UTC")),
]
BEFORE, DURING, AFTER = date(2025, 6, 1), date(2025, 6, 2), date(2025, 6, 3)
NINE, TEN = datetime(2025, 6, 1, 9), datetime(2025, 6, 2, 10)


def change(number: int | None, name: str | None, lsn: int, deleted: datetime | None = None) -> dict[str, Any]:
    moment = None if deleted is None else deleted.replace(tzinfo=UTC)
    return {
        "id": number,
        "name": name,
        "_ab_cdc_lsn": lsn,
        "_ab_cdc_updated_at": moment or NINE,
        "_ab_cdc_deleted_at": moment,
    }


def load(lake: Any, folder: Path, day: date, job: int, changes: list[dict[str, Any]]) -> LoadedPartition:
    """What a night does with a day's changes, up to the views in Dremio."""
    name = f"{day:%Y_%m_%d}_1_0"
    file = land(folder, name, changes, FIELDS, job)
    lake.storage.upload(file.path, f"bronze/landing/source=postgres/captured_things/{name}.parquet")
    lake.ledger.claim("postgres", day, job, len(changes))
    loaded = PartitionLoader(CAPTURED, lake.ledger, lake.storage, lake.loads, lake.postgres).load(day, "test")
    CatalogueRefresher(lake.dremio, lake.postgres, lake.storage, [CAPTURED]).refresh(day)
    return loaded


def shown(lake: Any) -> list[tuple[int, str | None, str | None]]:
    """Key, name and time of deletion of all that a reader of the stream sees."""
    rows = lake.dremio.query(
        'select id, name, cast("_ab_cdc_deleted_at" as varchar) as gone '
        "from bronze.captured_things order by id"
    )
    return [(row["id"], row["name"], row["gone"] and row["gone"][:19]) for row in rows]


def test_a_truncation_deletes_the_rows_of_earlier_dates_and_none_that_came_after_it(
    lake: Any, tmp_path: Path
) -> None:
    provision(lake.dremio, load_sources(), lake.access)
    first = [change(1, "a", 10), change(2, "b", 11), change(3, "c", 12), change(4, "d", 13)]
    load(lake, tmp_path, BEFORE, 601, [*first, change(4, None, 14, NINE)])
    gone = "2025-06-01 09:00:00"
    assert shown(lake) == [(1, "a", None), (2, "b", None), (3, "c", None), (4, None, gone)]

    second = [change(2, "changed", 20), change(None, None, 21, TEN), change(3, "again", 22)]
    loaded = load(lake, tmp_path, DURING, 602, second)
    emptied = "2025-06-02 10:00:00"
    assert shown(lake) == [(1, "a", emptied), (2, "b", emptied), (3, "again", None), (4, None, gone)]
    account = loaded.load
    assert (account.rows_loaded, account.rows_deduplicated, account.rows_quarantined) == (2, 1, 0)
    assert loaded.truncated_at == 21
    manifest = lake.storage.get(bronze_manifest_key("postgres", "captured_things", DURING))
    assert json.loads(manifest)["truncated_at_lsn"] == 21

    assert load(lake, tmp_path, AFTER, 603, [change(1, "back", 30)]).truncated_at is None
    assert shown(lake)[:2] == [(1, "back", None), (2, "b", emptied)]
    raw = "select count(*) as n from bronze.raw_captured_things where id is null"
    assert [row["n"] for row in lake.dremio.query(raw)] == [1]
