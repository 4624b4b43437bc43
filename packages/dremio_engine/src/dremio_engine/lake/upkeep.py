"""ROLLBACK, VACUUM and OPTIMIZE: what is done to a table's versions and files, never to its rows now.

VACUUM gives snapshots up at once, but their files are deleted by the retention thread, after the time it
keeps them (`DREMIO_OLD_VERSION_SECONDS`): a query that reads one goes on. That thread gives up every
snapshot that was replaced longer ago than this time, so VACUUM only shortens what it would keep.
"""

from datetime import UTC, datetime, timedelta

import pyarrow as pa

from dremio_engine.errors import InvalidStatement
from dremio_engine.lake.connection import METADATA
from dremio_engine.lake.cursors import Cursor, Interruptible, count
from dremio_engine.lake.lake import Lake, LakeTable, lake_name
from dremio_engine.lake.outcomes import Outcome, done
from dremio_engine.lake.partition_rewrite import (
    Choose,
    Rewritten,
    check_columns,
    files_in,
    partition_keys_of,
    rewrite,
)
from dremio_engine.lake.versions import find, give_up_of_table, snapshots_of
from dremio_engine.lake.writer import Writer
from dremio_engine.paths import dotted
from dremio_engine.sql.quoting import literal, quoted
from dremio_engine.sql.statements import commands as c

VACUUM_DEFAULT = timedelta(days=5)  # Dremio's
VACUUM_COLUMNS = (
    "deleted_data_files_count",
    "deleted_position_delete_files_count",
    "deleted_equality_delete_files_count",
    "deleted_manifest_files_count",
    "deleted_manifest_lists_count",
    "deleted_partition_stats_files_count",
)
OPTIMIZE_COLUMNS = ("rewritten_data_files_count", "rewritten_delete_files_count", "new_data_files_count")


class Upkeep:
    """Each method is one statement."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._writer = Writer(lake)

    def rollback(self, command: c.Rollback, table: LakeTable, stop: Interruptible) -> Outcome:
        """The table's rows become those of an older version, as a new version; its columns stay."""
        name = lake_name(table)

        def work(cursor: Cursor) -> int:
            snapshots = snapshots_of(cursor, table)
            wanted = find(snapshots, command.to)
            if wanted.through is None:
                return 0
            columns = _columns_kept(cursor, table, wanted.through)
            if not columns:
                raise InvalidStatement(f"VALIDATION ERROR: no column of {name} was there at that snapshot.")
            into = ", ".join(quoted(now) for now, _ in columns)
            old = ", ".join(quoted(then) for _, then in columns)
            # Kept aside first: DuckLake hides what this transaction deletes from the older versions too.
            cursor.execute(f"create temp table rows_of_before as select {old} from {name}{wanted.clause}")
            cursor.execute(f"delete from {name}")
            rows = count(cursor.execute(f"insert into {name} ({into}) select * from temp.rows_of_before"))
            cursor.execute("drop table temp.rows_of_before")
            return rows

        self._writer.run(name, work, stop, files_of=table)
        return done(f"Table [{dotted(command.path)}] rollbacked")

    def vacuum(self, command: c.Vacuum, table: LakeTable, stop: Interruptible) -> Outcome:
        """Give up older snapshots; shows how many files are deleted for it."""
        before = command.older_than or datetime.now(UTC).replace(tzinfo=None) - VACUUM_DEFAULT

        def work(cursor: Cursor) -> int:
            snapshots = snapshots_of(cursor, table)
            gone = [s for s in snapshots[: -command.retain_last] if s.committed_at < before]
            held = _held_files(cursor, table)
            if gone:
                give_up_of_table(cursor, table, gone)
            return held

        held = self._writer.run(lake_name(table), work, stop)
        # DuckLake shows what it has given up only once that is committed.
        with self._lake.session() as cursor:
            files = max(0, held - _held_files(cursor, table))
        return _counts(VACUUM_COLUMNS, (files, 0, 0, 0, 0, 0))

    def optimize(self, command: c.Optimize, table: LakeTable, stop: Interruptible) -> Outcome:
        """Rewrite files with deleted rows and merge small ones, each partition by itself.

        DuckLake has one size for the files it writes and splits none: of the sizes only the least is used.
        """
        if not command.data:  # DuckLake has no manifests to rewrite
            return _counts(OPTIMIZE_COLUMNS, (0, 0, 0))
        name, where = lake_name(table), f"'lake', {literal(table.name)}, schema => {literal(table.schema)}"
        small = command.min_file_size_mb * 2**20
        found = [0, 0, 0]

        def rewrite(cursor: Cursor) -> int:
            found[1] = _delete_files(cursor, table)
            if not found[1]:
                return 0
            return _processed(cursor, f"ducklake_rewrite_data_files({where}, delete_threshold => 0)", found)

        def merge(cursor: Cursor) -> int:
            if _small_files(cursor, table, small) < command.min_input_files:
                return 0
            return _processed(
                cursor, f"ducklake_merge_adjacent_files({where}, max_file_size => {small})", found
            )

        self._writer.run(name, rewrite, stop, files_of=table)
        self._writer.run(name, merge, stop, files_of=table)
        return _counts(OPTIMIZE_COLUMNS, tuple(found))

    def optimize_partitions(
        self, command: c.Optimize, table: LakeTable, named: set[str], choose: Choose, stop: Interruptible
    ) -> Outcome:
        """Rewrite the files of the partitions that `choose` picks; its condition names these columns."""
        with self._lake.session() as cursor:
            keys = partition_keys_of(cursor, table)
        check_columns(keys, named)
        result = Rewritten()

        def work(cursor: Cursor) -> int:
            nonlocal result
            small = command.min_file_size_mb * 2**20
            result = rewrite(cursor, table, keys, choose, small, command.min_input_files)
            return result.data_files

        self._writer.run(lake_name(table), work, stop, files_of=table)
        with self._lake.session() as cursor:
            new = files_in(cursor, table, keys, result.partitions)
        return _counts(OPTIMIZE_COLUMNS, (result.data_files, result.delete_files, new))


def _columns_kept(cursor: Cursor, table: LakeTable, version: int) -> list[tuple[str, str]]:
    """(name now, name at a version) of the columns that are there now and were there then."""
    return cursor.execute(
        "select now.column_name, old.column_name"
        f" from {METADATA}.ducklake_column now join {METADATA}.ducklake_column old"
        " on old.table_id = now.table_id and old.column_id = now.column_id"
        " where now.table_id = $1 and now.end_snapshot is null and now.parent_column is null"
        " and old.begin_snapshot <= $2 and (old.end_snapshot is null or old.end_snapshot > $2)"
        " order by now.column_order",
        [table.table_id, version],
    ).fetchall()


def _held_files(cursor: Cursor, table: LakeTable) -> int:
    return count(
        cursor.execute(
            f"select count(*) from {METADATA}.ducklake_data_file where table_id = ?", [table.table_id]
        )
    )


def _small_files(cursor: Cursor, table: LakeTable, size: int) -> int:
    return count(
        cursor.execute(
            f"select count(*) from {METADATA}.ducklake_data_file"
            " where table_id = ? and end_snapshot is null and file_size_bytes < ?",
            [table.table_id, size],
        )
    )


def _delete_files(cursor: Cursor, table: LakeTable) -> int:
    return count(
        cursor.execute(
            f"select count(*) from {METADATA}.ducklake_delete_file"
            " where table_id = ? and end_snapshot is null",
            [table.table_id],
        )
    )


def _processed(cursor: Cursor, call: str, found: list[int]) -> int:
    rewritten, created = cursor.execute(
        f"select coalesce(sum(files_processed), 0), coalesce(sum(files_created), 0) from {call}"
    ).fetchall()[0]
    found[0] += int(rewritten)
    found[2] += int(created)
    return int(rewritten)


def _counts(names: tuple[str, ...], values: tuple[int, ...]) -> Outcome:
    arrays = [pa.array([value], type=pa.int64()) for value in values]
    return Outcome(pa.table(arrays, names=list(names)), 1, is_query=True)
