"""`TABLE(table_snapshot('t'))` and its sisters, with Dremio's columns.

Differences that stay: `summary` is JSON text. DuckLake has no manifest files: `manifest_list` is NULL and
table_manifests is refused. Column statistics of table_files are NULL: DuckLake keeps them in its metadata.
A ROLLBACK is a snapshot of its own, so every snapshot is an ancestor.
"""

import json
from typing import Any

import pyarrow as pa

from dremio_engine.lake.connection import METADATA
from dremio_engine.lake.cursors import Cursor
from dremio_engine.lake.lake import Lake, LakeTable
from dremio_engine.lake.versions import Snapshot, snapshots_of

_MOMENT, _ID, _TEXT, _COUNT = pa.timestamp("ms"), pa.int64(), pa.string(), pa.int32()

COLUMNS: dict[str, list[tuple[str, pa.DataType]]] = {
    "table_history": [
        ("made_current_at", _MOMENT),
        ("snapshot_id", _ID),
        ("parent_id", _ID),
        ("is_current_ancestor", pa.bool_()),
    ],
    "table_snapshot": [
        ("committed_at", _MOMENT),
        ("snapshot_id", _ID),
        ("parent_id", _ID),
        ("operation", _TEXT),
        ("manifest_list", _TEXT),
        ("summary", _TEXT),
    ],
    "table_files": [
        ("file_path", _TEXT),
        ("file_format", _TEXT),
        ("partition", _TEXT),
        ("record_count", _ID),
        ("file_size_in_bytes", _ID),
        ("column_sizes", _TEXT),
        ("value_counts", _TEXT),
        ("null_value_counts", _TEXT),
        ("nan_value_counts", _TEXT),
        ("lower_bounds", _TEXT),
        ("upper_bounds", _TEXT),
        ("key_metadata", _TEXT),
        ("split_offsets", _TEXT),
        ("equality_ids", _TEXT),
        ("sort_order_id", _COUNT),
        ("spec_id", _COUNT),
    ],
    "table_partitions": [
        ("partition", _TEXT),
        ("record_count", _ID),
        ("file_count", _ID),
        ("spec_id", _COUNT),
    ],
}


def version_table(lake: Lake, table: LakeTable, function: str) -> pa.Table:
    """The rows of one of these functions for one table."""
    with lake.session() as cursor:
        match function:
            case "table_history":
                rows = _history(snapshots_of(cursor, table))
            case "table_snapshot":
                rows = _snapshots(cursor, table)
            case "table_files":
                rows = _files(lake, cursor, table)
            case _:
                rows = _partitions(cursor, table)
    names, types = zip(*COLUMNS[function], strict=True)
    arrays = [pa.array([row[i] for row in rows], type=kind) for i, kind in enumerate(types)]
    return pa.table(arrays, names=list(names))


def _with_parents(snapshots: list[Snapshot]) -> list[tuple[Snapshot, int | None]]:
    parents = [None, *(s.snapshot_id for s in snapshots)]
    return list(zip(snapshots, parents, strict=False))


def _history(snapshots: list[Snapshot]) -> list[tuple[Any, ...]]:
    return [(s.committed_at, s.snapshot_id, parent, True) for s, parent in _with_parents(snapshots)]


def _snapshots(cursor: Cursor, table: LakeTable) -> list[tuple[Any, ...]]:
    files = cursor.execute(
        "select begin_snapshot, end_snapshot, record_count, file_size_bytes"
        f" from {METADATA}.ducklake_data_file where table_id = ?",
        [table.table_id],
    ).fetchall()
    found = []
    for snapshot, parent in _with_parents(snapshots_of(cursor, table)):
        version = snapshot.snapshot_id
        added = [f for f in files if f[0] == version]
        there = [f for f in files if f[0] <= version and (f[1] is None or f[1] > version)]
        summary = {
            "added-data-files": len(added),
            "deleted-data-files": sum(f[1] == version for f in files),
            "added-records": sum(f[2] for f in added),
            "total-data-files": len(there),
            "total-files-size": sum(f[3] for f in there),
        }
        found.append(
            (
                snapshot.committed_at, version, parent, snapshot.operation, None,
                json.dumps({name: str(value) for name, value in summary.items()}),
            )
        )  # fmt: skip
    return found


_CURRENT_FILES = f"""
select f.data_file_id, f.path, f.path_is_relative, f.file_format, f.record_count, f.file_size_bytes,
  f.partition_id, string_agg(
    coalesce(nullif(regexp_replace(p.transform, '\\(.*', ''), 'identity') || '(' || c.column_name || ')',
      c.column_name) || '=' || coalesce(v.partition_value, 'null'), ', ' order by v.partition_key_index)
from {METADATA}.ducklake_data_file f
left join {METADATA}.ducklake_file_partition_value v on v.data_file_id = f.data_file_id
left join {METADATA}.ducklake_partition_column p
  on p.partition_id = f.partition_id and p.partition_key_index = v.partition_key_index
left join {METADATA}.ducklake_column c
  on c.table_id = f.table_id and c.column_id = p.column_id and c.end_snapshot is null
where f.table_id = ? and f.end_snapshot is null
group by all order by f.data_file_id
"""


def _files(lake: Lake, cursor: Cursor, table: LakeTable) -> list[tuple[Any, ...]]:
    folder = lake.table_folder(cursor, table)
    return [
        (
            folder + path if relative else path, kind.upper(), f"{{{partition or ''}}}", records, size,
            *([None] * 9), 0, spec or 0,
        )
        for _, path, relative, kind, records, size, spec, partition in _current(cursor, table)
    ]  # fmt: skip


def _partitions(cursor: Cursor, table: LakeTable) -> list[tuple[Any, ...]]:
    found: dict[tuple[str, int], list[int]] = {}
    for file in _current(cursor, table):
        found.setdefault((f"{{{file[7] or ''}}}", file[6] or 0), []).append(file[4])
    return [(name, sum(counts), len(counts), spec) for (name, spec), counts in sorted(found.items())]


def _current(cursor: Cursor, table: LakeTable) -> list[tuple[Any, ...]]:
    return cursor.execute(_CURRENT_FILES, [table.table_id]).fetchall()
