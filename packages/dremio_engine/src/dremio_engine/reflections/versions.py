"""Data versions: what a dataset's rows are a function of, so that two equal versions have equal rows.

A table's version is what DuckLake reads for it in one snapshot: its data files, its delete files and its
columns. Files never change once written and their numbers are never used again, so the version holds
whatever retention has forgotten. A change that keeps the rows (OPTIMIZE) makes a new version: too careful,
never wrong. A promoted folder's version is its listing, a view's its text.
"""

import hashlib
import threading
from dataclasses import dataclass
from typing import Any

from dremio_engine.lake.connection import METADATA
from dremio_engine.lake.cursors import Cursor
from dremio_engine.lake.lake import LakeTable
from dremio_engine.reflections.lineage import Dataset

KEPT_SNAPSHOTS = 4


@dataclass(frozen=True)
class TableVersion:
    """The files and columns that make a table in one snapshot; none of them when it is not there."""

    files: tuple[int, ...]
    deletes: tuple[int, ...]
    columns: tuple[tuple[int, str, str], ...]
    uuid: str | None

    @property
    def digest(self) -> str:
        """Equal for equal versions; empty, which equals nothing, when the table is not there."""
        if self.uuid is None:
            return ""
        return hashlib.sha256(repr((self.files, self.deletes, self.columns, self.uuid)).encode()).hexdigest()

    def only_grew_from(self, before: "TableVersion") -> bool:
        """Whether every row of `before` is still there as it was, and others may have come."""
        return (
            self.uuid is not None
            and (self.uuid, self.columns, self.deletes) == (before.uuid, before.columns, before.deletes)
            and set(before.files) <= set(self.files)
        )

    def to_json(self) -> dict[str, Any]:
        """What the state file keeps."""
        return {"files": self.files, "deletes": self.deletes, "columns": self.columns, "uuid": self.uuid}

    @staticmethod
    def from_json(kept: dict[str, Any]) -> "TableVersion":
        """What `to_json` gave."""
        columns = tuple((int(i), str(n), str(t)) for i, n, t in kept["columns"])
        return TableVersion(tuple(kept["files"]), tuple(kept["deletes"]), columns, kept["uuid"])


@dataclass(frozen=True)
class Snapshot:
    """The lake as one transaction sees it."""

    id: int
    versions: "Versions"
    cursor: Cursor

    def table(self, table: LakeTable) -> TableVersion:
        """The version of a table."""
        return self.versions.read(self.cursor, self.id, table)

    def columns(self, table: LakeTable) -> dict[str, str]:
        """A table's columns by lower-case name, with DuckLake's name of the type."""
        return self.versions.columns(self, table)

    def digest(self, dataset: Dataset) -> str:
        """The version of a dataset, short."""
        return dataset.digest if dataset.table is None else self.versions.digest(self, dataset.table)


class Versions:
    """Thread-safe; a snapshot's versions are read once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[int, dict[tuple[int, str, str], tuple[str, dict[str, str]]]] = {}

    def at(self, cursor: Cursor) -> Snapshot:
        """The snapshot of the transaction that is open on the cursor, which keeps it from now on."""
        row = cursor.execute("select id from ducklake_current_snapshot('lake')").fetchone()
        return Snapshot(int(row[0]) if row else -1, self, cursor)

    def digest(self, snapshot: Snapshot, table: LakeTable) -> str:
        """A table's version in a snapshot, short."""
        return self._read_once(snapshot, table)[0]

    def columns(self, snapshot: Snapshot, table: LakeTable) -> dict[str, str]:
        """A table's columns in a snapshot."""
        return self._read_once(snapshot, table)[1]

    def _read_once(self, snapshot: Snapshot, table: LakeTable) -> tuple[str, dict[str, str]]:
        key = (table.table_id, table.schema.lower(), table.name.lower())
        with self._lock:
            known = self._kept.get(snapshot.id, {}).get(key)
        if known is None:
            version = self.read(snapshot.cursor, snapshot.id, table)
            known = version.digest, {name.lower(): kind for _, name, kind in version.columns}
            with self._lock:
                self._kept.setdefault(snapshot.id, {})[key] = known
                for old in sorted(self._kept)[:-KEPT_SNAPSHOTS]:
                    del self._kept[old]
        return known

    @staticmethod
    def read(cursor: Cursor, snapshot: int, table: LakeTable) -> TableVersion:
        """A table's version in the snapshot of the transaction."""
        alive = f"begin_snapshot <= {snapshot} and (end_snapshot is null or end_snapshot > {snapshot})"
        of_table = f"table_id = {table.table_id} and {alive}"
        rows = cursor.execute(
            f"select 0, data_file_id, '', '' from {METADATA}.ducklake_data_file where {of_table}"
            f" union all select 1, delete_file_id, '', '' from {METADATA}.ducklake_delete_file"
            f" where {of_table}"
            f" union all select 2, column_id, column_name, column_type from {METADATA}.ducklake_column"
            f" where {of_table}"
            # Small changes that DuckLake keeps in its metadata have no file: then there is no version.
            f" union all select 4, 0, '', '' from {METADATA}.ducklake_inlined_data_tables"
            f" where table_id = {table.table_id}"
            f" union all select 3, 0, t.table_uuid::varchar, '' from {METADATA}.ducklake_table t"
            f" join {METADATA}.ducklake_schema s on s.schema_id = t.schema_id and s.end_snapshot is null"
            f" where t.table_id = {table.table_id} and t.begin_snapshot <= {snapshot}"
            f" and (t.end_snapshot is null or t.end_snapshot > {snapshot})"
            " and lower(t.table_name) = ? and lower(s.schema_name) = ?",
            [table.name.lower(), table.schema.lower()],
        ).fetchall()
        uuids = [name for kind, _, name, _ in rows if kind == 3]
        inlined = any(kind == 4 for kind, *_ in rows)
        return TableVersion(
            tuple(sorted(i for kind, i, *_ in rows if kind == 0)),
            tuple(sorted(i for kind, i, *_ in rows if kind == 1)),
            tuple(sorted((i, n, t) for kind, i, n, t in rows if kind == 2)),
            uuids[0] if uuids and not inlined else None,
        )
