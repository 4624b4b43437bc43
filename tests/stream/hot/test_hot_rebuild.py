"""A hot table that is rebuilt from landing has the rows that it had, and the stream goes on meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.platform.database import LockHeldError
from lakehouse.platform.lake_layout import landing_folder
from lakehouse.platform.storage import LakeObject, LakeStorage
from lakehouse.stream import rebuild as rebuild_module
from lakehouse.stream.hot import HotBatch, HotTables
from lakehouse.stream.ledger import StreamLedger
from lakehouse.stream.plan import SOURCE
from lakehouse.stream.rebuild import Rebuild
from testing.lakehouse.hot_engine import HotEngine, Row, deletion, order, truncation
from testing.lakehouse.landing_files import landing_table
from tests.stream.hot.conftest import InSchema

START = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
COMPARED = (
    "select order_id, amount, status, order_date, created_at, deleted_at, change_lsn, changed_at, is_deleted"
    " from {table} where not is_deleted"
)
"""A key that came and was truncated in one batch leaves no tombstone, nor needs one: gold lacks it."""
LANDED = (
    ("order_id", pa.int64()), ("customer_id", pa.int64()), ("product_id", pa.int64()),
    ("order_date", pa.date32()), ("quantity", pa.int32()), ("unit_price", pa.decimal128(12, 2)),
    ("amount", pa.decimal128(12, 2)),
    ("status", pa.string()), ("created_at", pa.timestamp("us")), ("updated_at", pa.timestamp("us")),
    ("deleted_at", pa.timestamp("us")), ("_ab_cdc_lsn", pa.int64()),
    ("_ab_cdc_updated_at", pa.timestamp("us")), ("_ab_cdc_deleted_at", pa.timestamp("us")),
)  # fmt: skip


class FolderStorage(LakeStorage):
    """The engine's folder in place of a bucket."""

    def __init__(self, root: Path) -> None:
        super().__init__(None, "datalake")
        self.root = root
        self.downloaded: list[str] = []

    def objects(self, prefix: str, after: str = "") -> Iterator[LakeObject]:
        for path in sorted((self.root / prefix).rglob("*.parquet")):
            key = path.relative_to(self.root).as_posix()
            if key > after:
                yield LakeObject(key, path.stat().st_size, START)

    def download(self, key: str, path: Path) -> None:
        self.downloaded.append(key)
        path.write_bytes((self.root / key).read_bytes())

    def upload(self, path: Path, key: str, metadata: Any = None) -> None:
        (self.root / key).parent.mkdir(parents=True, exist_ok=True)
        (self.root / key).write_bytes(path.read_bytes())

    def delete(self, key: str) -> None:
        (self.root / key).unlink(missing_ok=True)


class Stream:
    """Lands batches as Airbyte does and merges them as the loop does."""

    def __init__(self, engine: HotEngine, hot: HotTables, postgres: InSchema) -> None:
        self.engine, self.hot = engine, hot
        self.storage = FolderStorage(engine.process.nas / "datalake")
        self.rebuild = Rebuild(hot, postgres, self.storage, StreamLedger(postgres))
        self.landed = 0

    def land(self, *rows: Row) -> HotBatch:
        """One sync's object in landing, and the batch that bronze makes of it."""
        self.landed += 1
        moment = START + timedelta(seconds=self.landed)
        key = (
            f"{landing_folder(SOURCE, 'orders')}{moment:%Y_%m_%d}_{int(moment.timestamp() * 1000)}_0.parquet"
        )
        path = self.storage.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        fields = [pa.field(name, kind) for name, kind in LANDED]
        names = {field.name for field in fields}
        shown = [{name: row.get(name) for name in names} for row in rows]
        pq.write_table(landing_table(shown, fields, self.landed, moment.replace(tzinfo=None)), path)
        truncated = [row["_ab_cdc_lsn"] for row in rows if row.get("order_id") is None]
        return self.engine.batch("orders", rows, max(truncated, default=None))

    def flow(self, *batches: Sequence[Row]) -> None:
        """Land and merge each of them."""
        for rows in batches:
            self.hot.merge(self.land(*rows))

    def difference(self, one: str, other: str) -> list[dict[str, Any]]:
        """Rows of either table that the other has not; not the tombstones and the batch numbers."""
        first, second = COMPARED.format(table=one), COMPARED.format(table=other)
        return self.engine.rows(f"({first} except {second}) union all ({second} except {first})")

    @property
    def table(self) -> str:
        return ".".join(self.hot.table_of("orders").path)

    @property
    def keys(self) -> set[int]:
        return {
            row["order_id"]
            for row in self.engine.rows("select order_id from hot.orders where not is_deleted")
        }


@pytest.fixture(scope="module")
def stream(engine: HotEngine, hot: HotTables, postgres: InSchema) -> Stream:
    """A stream that has brought updates, deletions, a truncation and a bad row."""
    running = Stream(engine, hot, postgres)
    running.flow(
        [order(number, 10 + number) for number in range(1, 40)],
        [order(1, 100, amount=5), deletion(2, 101), order(3, 102, deleted_at=datetime(2026, 3, 29))],
        [truncation(200), order(4, 201, order_date=date(2026, 10, 25)), order(41, 202)],
        [order(1, 300, amount=7), deletion(41, 301), order(42, 302)],
    )
    return running


def test_a_rebuilt_table_has_the_same_rows(stream: Stream) -> None:
    before, keys = stream.table, stream.keys
    done = stream.rebuild.run("orders")
    assert stream.table == done.table != before
    assert done.landing_files == stream.landed
    assert stream.difference(before, done.table) == []
    assert stream.keys == keys == {1, 4, 42}
    stream.flow([order(2, 90), order(41, 250)])
    assert stream.keys == keys, "what came before a deletion or the truncation comes again, and stays out"


def test_the_stream_goes_on_in_the_new_table(stream: Stream) -> None:
    stream.rebuild.run("orders")
    stream.flow([order(50, 400)])
    assert 50 in stream.keys
    rows = stream.engine.rows(f"select order_id from {stream.table} where order_id = 50")
    assert len(rows) == 1


def test_what_lands_and_is_merged_during_a_rebuild_is_in_both_tables(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = stream.table
    filled, go_on = Event(), Event()
    tidy = stream.hot.tidy

    def stop_before_the_switch(table: Any) -> None:
        tidy(table)
        filled.set()
        assert go_on.wait(120)

    monkeypatch.setattr(stream.hot, "tidy", stop_before_the_switch)
    done: list[Any] = []
    running = Thread(target=lambda: done.append(stream.rebuild.run("orders")))
    running.start()
    assert filled.wait(120)
    stream.flow([order(60, 500), deletion(50, 501)], [order(61, 510)])
    assert {60, 61} <= stream.keys, "readers see the stream's rows all the while"
    with pytest.raises(LockHeldError, match="rebuild orders"):
        Rebuild(stream.hot, stream.rebuild._postgres, stream.storage, stream.rebuild._ledger).run("orders")
    go_on.set()
    running.join(120)
    [rebuilt] = done
    assert stream.table == rebuilt.table != before
    assert stream.difference(before, rebuilt.table) == []
    assert {60, 61} <= stream.keys
    assert 50 not in stream.keys


def test_only_what_is_new_is_read_again_for_the_last_step(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream.storage.downloaded.clear()
    tidy = stream.hot.tidy

    def land_one_more(table: Any) -> None:
        tidy(table)
        stream.flow([order(70, 600)])

    monkeypatch.setattr(stream.hot, "tidy", land_one_more)
    stream.rebuild.run("orders")
    landed = [key for key in stream.storage.downloaded if key.startswith(landing_folder(SOURCE))]
    assert len(landed) == len(set(landed)) == stream.landed
    assert 70 in stream.keys


def test_many_objects_are_read_in_chunks(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuild_module, "CHUNK_FILES", 2)
    before = stream.table
    done = stream.rebuild.run("orders")
    assert stream.difference(before, done.table) == []


def test_a_rebuild_that_dies_changes_nothing_and_the_next_one_cleans_up(
    stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, keys = stream.table, stream.keys

    def die(table: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(stream.hot, "tidy", die)
        with pytest.raises(MemoryError):
            stream.rebuild.run("orders")
    assert (stream.table, stream.keys) == (before, keys)
    done = stream.rebuild.run("orders")
    tables = {
        row["table_name"]
        for row in stream.engine.rows(
            "select table_name from information_schema.\"tables\" where table_schema = 'lake_hot'"
        )
    }
    numbered = {name for name in tables if name.startswith("orders_")}
    assert numbered == {
        f"{name.split('.')[1]}{part}" for name in (before, done.table) for part in ("", "_incoming")
    }
    assert not list((stream.storage.root / "bronze" / "stream_rebuild").rglob("*.parquet"))


def test_a_lost_view_is_named_and_a_rebuild_makes_it_again(stream: Stream) -> None:
    keys = stream.keys
    stream.engine.run("drop view hot.orders")
    with pytest.raises(Exception, match="bin/stream rebuild orders"):
        stream.hot.create()
    stream.rebuild.run("orders")
    assert stream.keys == keys
    stream.hot.create()


def test_what_retention_took_from_landing_is_rebuilt_from_bronze(
    engine: HotEngine, hot: HotTables, postgres: InSchema
) -> None:
    """Else an order that was deleted for good, and that gold still has, would be shown again."""
    stream = Stream(engine, hot, postgres)
    for key in (300, 301, 302):
        stream.flow([order(key, 9_000 + key)])
    stream.flow([deletion(300, 9_400)], [order(301, 9_500, amount=8)])
    gone = list(stream.storage.objects(landing_folder(SOURCE, "orders")))
    for item in gone:
        stream.storage.delete(item.key)
    stream.flow([order(303, 9_600)])
    before = stream.table
    done = stream.rebuild.run("orders")
    assert done.landing_files == 1
    assert stream.difference(before, done.table) == []
    assert {301, 302, 303} <= stream.keys
    tombstones = stream.engine.rows(
        "select order_id, change_lsn from hot.orders where order_id = 300 and is_deleted"
    )
    assert [(row["order_id"], int(row["change_lsn"])) for row in tombstones] == [(300, 9_400)]
