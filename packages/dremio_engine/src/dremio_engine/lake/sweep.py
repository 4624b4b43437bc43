"""Files of writes that a kill cut short: found by the engine's own notes, deleted, logged.

`ducklake_delete_orphaned_files` would delete every file below a source that DuckLake does not know, the
landing zone among them: it is never called. A file is deleted here only if all of this holds: it lies in
the folder of a table that a write of this engine was noted for, it bears a name that DuckLake gives
(`ducklake-<uuid>.parquet`), that name was made while the write ran (its UUID holds the millisecond), and
neither a version of a table nor DuckLake's list of files to delete names it.

What a kill leaves of a half-sent upload is the object store's to expire: it is not an object yet.
"""

import logging
import re
import uuid

from dremio_engine.lake.connection import METADATA
from dremio_engine.lake.cursors import Cursor, Interruptible, count
from dremio_engine.lake.intents import Intent
from dremio_engine.lake.lake import Lake
from dremio_engine.lake.writer import Writer
from dremio_engine.sql.quoting import literal

LOG = logging.getLogger(__name__)
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
_FILE = re.compile(rf"ducklake-({_UUID})(?:-delete)?\.parquet")
_FOLDER = re.compile(_UUID)
_CLOCK_MS = 2  # the name is made after the note by the same clock, rounded down
# DuckLake's list takes any number that no file of its own has.
_FOREIGN_ID = 2**62
_KNOWN = f"""
with places as (
  select t.table_id, case when t.path_is_relative then
    case when s.path_is_relative then (select value from {METADATA}.ducklake_metadata where key = 'data_path')
      else '' end || s.path else '' end || t.path as folder
  from {METADATA}.ducklake_table t join {METADATA}.ducklake_schema s on s.schema_id = t.schema_id
), files as (
  select table_id, path, path_is_relative from {METADATA}.ducklake_data_file
  union all select table_id, path, path_is_relative from {METADATA}.ducklake_delete_file
)
select case when f.path_is_relative then p.folder else '' end || f.path
from files f join places p on p.table_id = f.table_id
union select path from {METADATA}.ducklake_files_scheduled_for_deletion
"""


def sweep(lake: Lake, writer: Writer, stop: Interruptible) -> int:
    """Delete what cut-short writes left; says how many files. Raises duckdb.Error, Cancelled, EngineError.

    A write whose source cannot be read now keeps its note, for the next time.
    """
    swept = 0
    for intent in lake.intents.cut_short():
        files: list[str] = []

        def work(cursor: Cursor, intent: Intent = intent, files: list[str] = files) -> int:
            files[:] = _left_over(cursor, intent)
            for number, file in enumerate(files):
                cursor.execute(
                    f"insert into {METADATA}.ducklake_files_scheduled_for_deletion"
                    " values (?, ?, false, timestamptz '1970-01-01')",
                    [_FOREIGN_ID + number, file],
                )
            return len(files)

        if writer.run(intent.folder, work, stop):
            writer.run(intent.folder, _delete, stop)
        for file in files:
            LOG.warning("deleted %s: the write it belongs to was cut short", file)
        swept += len(files)
        lake.intents.forget(intent.number)
    return swept


def _delete(cursor: Cursor) -> int:
    return count(
        cursor.execute(
            "select count(*) from ducklake_cleanup_old_files('lake', older_than => timestamptz '1970-01-02')"
        )
    )


def _left_over(cursor: Cursor, intent: Intent) -> list[str]:
    listed = [
        row[0]
        for row in cursor.execute(
            f"select filename from read_blob({literal(intent.folder + '**')})"
            " where filename like '%.parquet' order by 1"
        ).fetchall()
    ]
    candidates = [file for file in listed if _written_by(intent, file)]
    if not candidates:
        return []
    known = {str(row[0]) for row in cursor.execute(_KNOWN).fetchall()}
    # DuckLake's list names files below the data folder without it.
    return [file for file in candidates if not any(file == k or file.endswith("/" + k) for k in known)]


def _written_by(intent: Intent, file: str) -> bool:
    """Whether DuckLake named this file while that write ran, in a folder that is a table's."""
    folders, _, name = file[len(intent.folder) :].rpartition("/")
    named = _FILE.fullmatch(name)
    if named is None or (not intent.table_known and not _FOLDER.match(folders)):
        return False
    made_ms = uuid.UUID(named.group(1)).int >> 80
    return intent.began_ms - _CLOCK_MS <= made_ms <= intent.ended_ms
