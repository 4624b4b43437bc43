"""Whether a reflection can grow by the rows its table has gained, and which rows those are.

It can when the dataset takes one table row by row (itself, or through views that choose, compute and
filter) and the table's files show that rows only came: every file and every delete file of before is still
there, and no delete file is new. The rows are read from DuckLake's log of insertions and counted against
the files; where the two do not agree the reflection is built again.
"""

import logging
from dataclasses import dataclass
from typing import Any

import duckdb

from dremio_engine.lake.connection import METADATA
from dremio_engine.lake.cursors import Cursor
from dremio_engine.lake.lake import LakeTable, lake_name
from dremio_engine.lake.messages import first_line
from dremio_engine.reflections.kept_tables import Columns
from dremio_engine.reflections.lineage import Dataset
from dremio_engine.reflections.repeatable import is_simple
from dremio_engine.reflections.shape import Shape
from dremio_engine.reflections.store import Materialisation
from dremio_engine.reflections.versions import Snapshot, TableVersion
from dremio_engine.sql.parsed import parsed
from dremio_engine.sql.quoting import literal

LOG = logging.getLogger(__name__)
# A raw reflection that grew this often is written again: each growth adds small files.
GROWTHS = 24


@dataclass(frozen=True)
class Base:
    """The one table a dataset takes row by row, as it was in a snapshot."""

    table: LakeTable
    version: TableVersion
    snapshot: int

    def to_json(self) -> dict[str, Any]:
        """What the state file keeps."""
        return {"id": self.table.uuid, "version": self.version.to_json(), "snapshot": self.snapshot}


@dataclass(frozen=True)
class NewRows:
    """The rows that came to a table in some snapshots."""

    table: LakeTable
    first: int
    last: int

    @property
    def relation(self) -> str:
        """The rows, for DuckDB."""
        schema, name = literal(self.table.schema), literal(self.table.name)
        return f"ducklake_table_insertions('lake', {schema}, {name}, {self.first}, {self.last})"


def base_of(reached: dict[str, Dataset], snapshot: Snapshot) -> Base | None:
    """The table below a dataset, if it is taken row by row."""
    tables = [d.table for d in reached.values() if d.table is not None]
    views = [d.sql for d in reached.values() if d.sql is not None]
    if len(tables) != 1 or 1 + len(views) != len(reached):
        return None
    if not all(is_simple(query.tree()) and len(query.names) == 1 for query in map(parsed, views)):
        return None
    return Base(tables[0], snapshot.table(tables[0]), snapshot.id)


def growth(
    cursor: Cursor, snapshot: Snapshot, shape: Shape, before: Materialisation | None, base: Base | None,
    versions: dict[str, str], fields: Columns,
) -> tuple[NewRows | None, str]:  # fmt: skip
    """The new rows if they are all there is to add, and Dremio's words for what is done."""
    if before is None or before.table is None:
        return None, "Full Refresh. No existing refresh, doing an initial full refresh."
    if base is None or before.base is None:
        return None, "Full Refresh. The dataset does not take one table row by row."
    known = TableVersion.from_json(before.base["version"])
    others = [{i: v for i, v in each.items() if i != base.table.uuid} for each in (versions, before.versions)]
    if before.base["id"] != base.table.uuid or others[0] != others[1]:
        return None, "Full Refresh. The dataset's definition has changed."
    if not base.version.only_grew_from(known) or fields != before.fields:
        return None, "Full Refresh. The table has had more than inserts."
    if not shape.is_raw and not shape.can_merge:
        return None, "Full Refresh. A measure cannot be merged."
    if before.ordinal >= GROWTHS:
        return None, f"Full Refresh. The table has grown {before.ordinal} times."
    new = NewRows(base.table, before.base["snapshot"] + 1, snapshot.id)
    if not _holds_all(cursor, new, sorted(set(base.version.files) - set(known.files))):
        return None, "Full Refresh. The inserted rows cannot be read on their own."
    return new, f"Incremental Refresh. Snapshots {new.first} to {new.last} only inserted."


def _holds_all(cursor: Cursor, new: NewRows, files: list[int]) -> bool:
    """Whether the rows said to be inserted are as many as the new files hold."""
    try:
        read = cursor.execute(f"select count(*) from {new.relation}").fetchone()
    except duckdb.InterruptException:
        raise
    except duckdb.Error as error:
        # Retention may have given the snapshot up: then nothing is lost but time.
        LOG.info("insertions of %s cannot be read: %s", lake_name(new.table), first_line(error))
        return False
    listed = ", ".join(map(str, files)) or "-1"
    held = cursor.execute(
        f"select coalesce(sum(record_count), 0) from {METADATA}.ducklake_data_file"
        f" where data_file_id in ({listed})"
    ).fetchone()
    return read is not None and held is not None and read[0] == held[0]
