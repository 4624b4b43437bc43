"""The versions of one table, read from DuckLake's versions, which are versions of the whole lake.

A table's snapshot is a lake version at which its rows changed; its id is that version's number.
Between two of them the table does not change, so a snapshot can be read through any lake version
kept from its own up to the table's next. The rows a table has now can always be read. What VACUUM
gave up stays hidden, even where another table's history still holds a lake version in between.
"""

import itertools
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from dremio_engine.errors import InvalidStatement
from dremio_engine.lake.connection import HIDDEN, METADATA, TIMES
from dremio_engine.lake.cursors import Cursor
from dremio_engine.lake.lake import LakeTable
from dremio_engine.sql.readings import AtMoment, AtSnapshot

_CHANGES = (
    "inserted_into_table",
    "deleted_from_table",
    "merge_adjacent",
    "rewrite_delete",
    "inlined_insert",
    "inlined_delete",
)
# A file's first and last version, and what the log of the versions says of the table: merged files
# keep only the first, and a version that was given up is no longer in the log.
_CHANGED = f"""
select table_id, begin_snapshot as version from {METADATA}.ducklake_data_file
union select table_id, end_snapshot from {METADATA}.ducklake_data_file where end_snapshot is not null
union select table_id, begin_snapshot from {METADATA}.ducklake_delete_file
union select table_id, end_snapshot from {METADATA}.ducklake_delete_file where end_snapshot is not null
union select table_id, min(begin_snapshot) from {METADATA}.ducklake_table group by table_id
union select unnest(regexp_extract_all(changes_made, '(?:^|,)(?:{"|".join(_CHANGES)}):(\\d+)', 1))::bigint,
  snapshot_id from {METADATA}.ducklake_snapshot_changes
"""


@dataclass(frozen=True)
class Snapshot:
    """One version of a table. `through` is the lake version that shows it; none: the rows now."""

    snapshot_id: int
    committed_at: datetime
    through: int | None
    operation: str

    @property
    def clause(self) -> str:
        """What DuckDB's SQL says behind the table's name."""
        return "" if self.through is None else f" at (version => {self.through})"


def snapshots_of(cursor: Cursor, table: LakeTable) -> list[Snapshot]:
    """The snapshots of a table that can be read, oldest first; the last one is the table now."""
    changed = [
        row[0]
        for row in cursor.execute(
            f"select distinct version from ({_CHANGED}) where table_id = ? order by 1", [table.table_id]
        ).fetchall()
    ]
    kept = _kept(cursor)
    times = _times(cursor)
    hidden = {
        row[0]
        for row in cursor.execute(
            f"select snapshot_id from {HIDDEN} where table_id = ?", [table.table_id]
        ).fetchall()
    }
    operations = _operations(cursor, table)
    oldest = min(times.values(), default=datetime.now(UTC).replace(tzinfo=None))
    found = []
    for version, following in itertools.zip_longest(changed, changed[1:]):
        at = bisect_left(kept, version)
        readable = following is None or (at < len(kept) and kept[at] < following)
        if readable and (version not in hidden or following is None):
            through = None if following is None else kept[at]
            moment = times.get(version, oldest)
            found.append(Snapshot(version, moment, through, operations.get(version, "append")))
    return found


def find(snapshots: list[Snapshot], reading: AtSnapshot | AtMoment) -> Snapshot:
    """The snapshot a reading means. Raises InvalidStatement when it does not exist (or no longer)."""
    if isinstance(reading, AtSnapshot):
        for snapshot in snapshots:
            if snapshot.snapshot_id == reading.snapshot_id:
                return snapshot
        raise InvalidStatement(
            f"VALIDATION ERROR: the provided snapshot ID '{reading.snapshot_id}' is invalid"
        )
    # What a client has seen as a time has milliseconds only.
    until = reading.moment + timedelta(milliseconds=1)
    for snapshot in reversed(snapshots):
        if snapshot.committed_at < until:
            return snapshot
    raise InvalidStatement(
        f"VALIDATION ERROR: the provided time travel timestamp value '{reading.moment}' is out of range"
    )


def give_up_all_before(cursor: Cursor, seconds: int) -> int:
    """Give up the lake versions that were replaced more than `seconds` ago; says how many."""
    old = [
        row[0]
        for row in cursor.execute(
            f"select snapshot_id from {METADATA}.ducklake_snapshot"
            " where snapshot_time < now() - to_seconds(?) order by 1",
            [seconds],
        ).fetchall()
    ]
    # The newest of the old ones is what all tables looked like at that moment.
    return give_up(cursor, old[:-1])


def give_up(cursor: Cursor, versions: list[int]) -> int:
    """Give up these lake versions; files that no other version has are due for deletion."""
    if not versions:
        return 0
    listed = ", ".join(map(str, versions))
    cursor.execute(
        f"insert into {TIMES} select snapshot_id, snapshot_time from {METADATA}.ducklake_snapshot"
        f" where snapshot_id in ({listed})"
    )
    row = cursor.execute(
        f"select count(*) from ducklake_expire_snapshots('lake', versions => [{listed}])"
    ).fetchone()
    cursor.execute(f"delete from {TIMES} where snapshot_id not in (select version from ({_CHANGED}))")
    cursor.execute(f"delete from {HIDDEN} where (table_id, snapshot_id) not in (from ({_CHANGED}))")
    return int(row[0]) if row else 0


def give_up_of_table(cursor: Cursor, table: LakeTable, gone: Iterable[Snapshot]) -> None:
    """Give up snapshots of one table; every snapshot of the others stays readable."""
    lost = {snapshot.snapshot_id for snapshot in gone}
    cursor.executemany(f"insert into {HIDDEN} values (?, ?)", [[table.table_id, v] for v in sorted(lost)])
    changed: dict[int, list[int]] = {}
    for table_id, version in cursor.execute(f"select distinct * from ({_CHANGED}) order by 1, 2").fetchall():
        changed.setdefault(table_id, []).append(version)
    kept = _kept(cursor)
    removed = []
    for begin, end in itertools.pairwise(changed[table.table_id]):
        if begin not in lost:
            continue
        for version in [v for v in kept if begin <= v < end]:
            others = (v for t, v in changed.items() if t != table.table_id)
            if all(_still_readable(of_other, kept, version) for of_other in others):
                kept.remove(version)
                removed.append(version)
    give_up(cursor, removed)


def _still_readable(changed: list[int], kept: list[int], without: int) -> bool:
    """Whether the state a table had at `without` shows through another kept version."""
    at = bisect_left(changed, without + 1) - 1
    if at < 0 or at == len(changed) - 1:
        return True
    begin, end = changed[at], changed[at + 1]
    return any(begin <= version < end and version != without for version in kept)


def _kept(cursor: Cursor) -> list[int]:
    return [
        row[0]
        for row in cursor.execute(
            f"select snapshot_id from {METADATA}.ducklake_snapshot order by 1"
        ).fetchall()
    ]


def _times(cursor: Cursor) -> dict[int, datetime]:
    rows = cursor.execute(
        f"select snapshot_id, epoch_us(snapshot_time) from {METADATA}.ducklake_snapshot"
        f" union select snapshot_id, epoch_us(snapshot_time) from {TIMES}"
    ).fetchall()
    return {version: datetime(1970, 1, 1) + timedelta(microseconds=us) for version, us in rows}


def _operations(cursor: Cursor, table: LakeTable) -> dict[int, str]:
    """Iceberg's word for what each version did: from the log, else from the files."""
    rows = cursor.execute(
        f"select snapshot_id, string_split(changes_made, ',') from {METADATA}.ducklake_snapshot_changes"
    ).fetchall()
    found: dict[int, str] = {}
    for version, changes in rows:
        parts = [change.rpartition(":") for change in changes or ()]
        words = {word for word, _, number in parts if number == str(table.table_id)}
        if words & {"merge_adjacent", "rewrite_delete"}:
            found[version] = "replace"
        elif "deleted_from_table" in words:
            found[version] = "overwrite" if "inserted_into_table" in words else "delete"
        elif "inserted_into_table" in words:
            found[version] = "append"
    return found
