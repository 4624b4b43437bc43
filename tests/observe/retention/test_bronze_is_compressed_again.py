"""Older partitions hold the same rows in ZSTD; a replay leaves them, and what dies loses nothing."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest

from lakehouse.bronze import row_groups
from lakehouse.bronze.partition_loader import PartitionLoader
from lakehouse.bronze.reconciliation import BronzeLoads
from lakehouse.observe.retention.policy import load_policy
from lakehouse.observe.retention.recompression import BronzeCompression
from lakehouse.platform.database import Lock, exclusively
from lakehouse.platform.lake_layout import bronze_manifest_key
from tests.observe.retention.conftest import Lake, order

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=100)
DAY = date(2025, 3, 1)
FOLDER = f"bronze/postgres/orders/date={DAY}/"
POLICY = load_policy()


class DiesError(Exception):
    """The process is killed."""


class Listing:
    """Stands for Dremio: remembers for which dates it was asked to list files again."""

    def __init__(self) -> None:
        self.days: list[date] = []

    def refresh(self, business_date: date) -> None:
        self.days.append(business_date)


def tidy(lake: Lake, listing: Listing | None = None) -> Any:
    kind = BronzeCompression(lake.stores, listing or Listing())
    return kind.apply(kind.plan(POLICY, NOW))


def landed_and_loaded(lake: Lake) -> Any:
    lake.land(DAY, [order(number, DAY) for number in range(1, 301)])
    loaded = lake.load(DAY)
    lake.age(LONG_AGO)
    return loaded


def codecs(lake: Lake) -> set[str]:
    files = [key for key in lake.keys(FOLDER) if key.endswith(".parquet")]
    assert files
    footers = [pq.ParquetFile(io.BytesIO(lake.storage.get(key))).metadata for key in files]
    return {footer.row_group(0).column(0).compression for footer in footers}


def rows(lake: Lake) -> list[Any]:
    files = [key for key in lake.keys(FOLDER) if key.endswith(".parquet")]
    return [
        row for key in sorted(files) for row in pq.read_table(io.BytesIO(lake.storage.get(key))).to_pylist()
    ]


def test_an_old_partition_is_the_same_rows_in_zstd_and_its_account_says_so(lake: Lake) -> None:
    before = landed_and_loaded(lake)
    held, listing = rows(lake), Listing()
    plan = BronzeCompression(lake.stores, listing).plan(POLICY, NOW)
    assert [(item.name, item.rows, item.bytes) for item in plan.items] == [
        (f"postgres.orders {DAY}", 300, before.load.bytes)
    ]
    assert codecs(lake) == {"SNAPPY"}, "a plan changes nothing"
    applied = BronzeCompression(lake.stores, listing).apply(plan)
    assert codecs(lake) == {"ZSTD"}
    assert rows(lake) == held
    account = lake.loads.load_of("postgres", "orders", DAY)
    size = sum(item.size for item in lake.storage.objects(FOLDER) if item.key.endswith(".parquet"))
    assert account is not None
    assert (account.bytes, account.compression, account.rows_in) == (size, "zstd", 300)
    assert applied.bytes == before.load.bytes - size > 0
    assert listing.days == [DAY]
    manifest = json.loads(lake.storage.get(bronze_manifest_key("postgres", "orders", DAY)))
    assert manifest["compressed_again"]["from_sha256"] == before.load.sha256 == manifest["sha256"]
    assert [file["sha256"] for file in manifest["files"]] == [account.sha256]


def test_a_second_run_finds_nothing_and_a_young_partition_waits(lake: Lake) -> None:
    landed_and_loaded(lake)
    lake.execute("update bronze_loads set loaded_at = now()")
    assert tidy(lake).items == 0
    lake.age(LONG_AGO)
    assert tidy(lake).items == 1
    lake.age(LONG_AGO)
    assert tidy(lake).items == 0


def test_a_replay_finds_the_same_rows_and_writes_nothing(lake: Lake) -> None:
    landed_and_loaded(lake)
    tidy(lake)
    objects = [(item.key, item.etag) for item in lake.storage.objects(FOLDER)]
    account = lake.loads.load_of("postgres", "orders", DAY)
    assert account is not None
    again = lake.load(DAY, "replay")
    assert not again.changed
    assert [(item.key, item.etag) for item in lake.storage.objects(FOLDER)] == objects
    assert again.load == replace(account, run_id="replay")


def test_a_replay_with_other_rows_replaces_it_as_ever(lake: Lake) -> None:
    landed_and_loaded(lake)
    tidy(lake)
    lake.land(DAY, [order(999, DAY)], name="late", job=2)
    again = lake.load(DAY)
    assert again.changed
    assert (codecs(lake), again.load.compression) == ({"SNAPPY"}, "snappy")
    assert len(rows(lake)) == 301


def test_a_damaged_file_is_not_taken_for_the_same_rows(lake: Lake) -> None:
    landed_and_loaded(lake)
    tidy(lake)
    key = f"{FOLDER}data.parquet"
    content = lake.storage.get(key)
    lake.storage.put(content[:-9] + b"damaged!!", key)
    assert lake.load(DAY).changed
    assert len(rows(lake)) == 300


def test_several_files_are_replaced_without_mixing_two_generations(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_groups, "ROW_GROUP_ROWS", 100)
    loader = lake.loader()
    many = PartitionLoader(
        loader._contract, lake.ledger, lake.storage, BronzeLoads(lake.postgres), lake.postgres, part_bytes=1
    )
    lake.land(DAY, [order(number, DAY) for number in range(1, 301)])
    many.load(DAY, "first")
    lake.age(LONG_AGO)
    held = rows(lake)
    assert tidy(lake).items == 1
    assert len(lake.keys(FOLDER)) == 4
    assert (codecs(lake), rows(lake)) == ({"ZSTD"}, held)
    assert not many.load(DAY, "replay").changed


def test_a_run_that_died_before_the_account_is_finished_by_the_next(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed_and_loaded(lake)
    listing = Listing()

    def die(*_: object) -> None:
        raise DiesError

    with monkeypatch.context() as patch:
        patch.setattr(BronzeLoads, "record", die)
        with pytest.raises(DiesError):
            tidy(lake, listing)
    assert codecs(lake) == {"ZSTD"}
    assert listing.days == [DAY], "Dremio lists what was published although the run failed"
    assert tidy(lake).items == 1
    account = lake.loads.load_of("postgres", "orders", DAY)
    assert account is not None
    assert account.compression == "zstd"
    assert not lake.load(DAY).changed


def test_what_changed_since_the_plan_or_is_being_loaded_is_kept(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed_and_loaded(lake)
    monkeypatch.setattr("lakehouse.observe.retention.recompression.WAIT_SECONDS", 1)
    kind = BronzeCompression(lake.stores, Listing())
    plan = kind.plan(POLICY, NOW)
    with exclusively(lake.postgres, Lock("bronze load", f"postgres.orders {DAY}"), "a load", 1):
        assert kind.apply(plan).skipped == [f"postgres.orders {DAY}: it is being loaded"]
    lake.land(DAY, [order(999, DAY)], name="late", job=2)
    lake.load(DAY)
    assert "since the plan" in kind.apply(plan).skipped[0]
    lake.age(LONG_AGO)
    lake.storage.put(lake.storage.get(f"{FOLDER}data.parquet"), f"{FOLDER}other.parquet")
    assert "not those of its account" in tidy(lake).skipped[0]
    assert codecs(lake) == {"SNAPPY"}
