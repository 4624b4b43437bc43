"""Which versions are given up when, on a lake of local files: no service, and no waiting for the clock."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dremio_engine.lake.connection import METADATA
from dremio_engine.lake.cursors import Cursor, Interruptible
from dremio_engine.lake.lake import Lake, LakeTable
from dremio_engine.lake.storage import SourceStorage
from dremio_engine.lake.versions import Snapshot, give_up_all_before, give_up_of_table, snapshots_of
from dremio_engine.lake.writer import Writer

HOUR = 3600


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    """A lake with one source of local files."""
    lake = Lake(tmp_path / "state", "512MB", 1, "1GB")
    lake.open([SourceStorage("lake", f"{tmp_path}/files/")])
    yield lake
    lake.close()


def run(lake: Lake, *statements: str) -> None:
    """Each statement in a transaction of its own."""
    with lake.session() as cursor:
        for statement in statements:
            cursor.execute(statement)
    lake.forget_tables()


def age(lake: Lake, hours: float) -> None:
    """Everything so far happened this much earlier."""
    earlier = f"snapshot_time - to_minutes({int(hours * 60)})"
    run(lake, f"update {METADATA}.ducklake_snapshot set snapshot_time = {earlier}")


def table(lake: Lake, name: str) -> LakeTable:
    return lake.tables()[("lake", name)]


def snapshots(lake: Lake, name: str) -> list[Snapshot]:
    with lake.session() as cursor:
        return snapshots_of(cursor, table(lake, name))


def keep_an_hour(lake: Lake) -> None:
    Writer(lake).run("versions", lambda cursor: give_up_all_before(cursor, HOUR), Interruptible())


def rows_at(lake: Lake, name: str, snapshot: Snapshot) -> int:
    with lake.session() as cursor:
        row = cursor.execute(f'select count(*) from lake.lake."{name}"{snapshot.clause}').fetchone()
    assert row is not None
    return int(row[0])


def test_a_version_stays_until_it_was_replaced_long_enough_ago(lake: Lake) -> None:
    run(lake, "create table lake.lake.t as select 1 as a")
    age(lake, 24)
    run(lake, "create table lake.lake.other as select 1 as a")
    keep_an_hour(lake)
    run(lake, "insert into lake.lake.t values (2)")
    first, second = snapshots(lake, "t")
    assert [rows_at(lake, "t", first), rows_at(lake, "t", second)] == [1, 2], "replaced a moment ago"
    age(lake, 0.5)
    keep_an_hour(lake)
    assert len(snapshots(lake, "t")) == 2
    age(lake, 1)
    keep_an_hour(lake)
    (left,) = snapshots(lake, "t")
    assert left.snapshot_id == second.snapshot_id
    assert rows_at(lake, "t", left) == 2


def test_a_table_that_never_changes_keeps_its_snapshot_and_its_time(lake: Lake) -> None:
    run(lake, "create table lake.lake.steady as select 1 as a")
    age(lake, 48)
    (made,) = snapshots(lake, "steady")
    for i in range(3):
        run(lake, f"create or replace table lake.lake.rebuilt as select {i} as a")
        age(lake, 5)
        keep_an_hour(lake)
    (still,) = snapshots(lake, "steady")
    assert still.snapshot_id == made.snapshot_id
    assert rows_at(lake, "steady", still) == 1
    with lake.session() as cursor:
        held = cursor.execute(f"select count(*) from {METADATA}.ducklake_snapshot").fetchone()
    assert held == (1,), "only the newest version of the lake is left"


def test_vacuum_of_one_table_leaves_every_snapshot_of_the_others(lake: Lake) -> None:
    run(lake, "create table lake.lake.a as select 0 as n", "create table lake.lake.b as select 0 as n")
    for i in range(4):
        run(lake, f"insert into lake.lake.a values ({i})", f"insert into lake.lake.a values ({i})")
        run(lake, f"insert into lake.lake.b values ({i})")
    before, kept = snapshots(lake, "b"), snapshots(lake, "a")[-1]
    own = table(lake, "a")

    def vacuum(cursor: Cursor) -> int:
        give_up_of_table(cursor, own, snapshots_of(cursor, own)[:-1])
        return 0

    Writer(lake).run("versions", vacuum, Interruptible())
    assert [s.snapshot_id for s in snapshots(lake, "a")] == [kept.snapshot_id]
    assert rows_at(lake, "a", kept) == 9
    after = snapshots(lake, "b")
    assert [s.snapshot_id for s in after] == [s.snapshot_id for s in before]
    assert [rows_at(lake, "b", s) for s in after] == [1, 2, 3, 4, 5]


def test_a_merge_of_small_files_changes_no_version(lake: Lake) -> None:
    run(lake, "create table lake.lake.crumbs as select 0 as n")
    run(lake, *(f"insert into lake.lake.crumbs values ({i})" for i in range(4)))
    before = snapshots(lake, "crumbs")
    run(lake, "call ducklake_merge_adjacent_files('lake', 'crumbs', schema => 'lake')")
    after = {s.snapshot_id: rows_at(lake, "crumbs", s) for s in snapshots(lake, "crumbs")}
    assert [after[s.snapshot_id] for s in before] == [1, 2, 3, 4, 5]
