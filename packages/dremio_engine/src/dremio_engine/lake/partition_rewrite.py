"""OPTIMIZE .. FOR PARTITIONS: the files of chosen partitions written again, one partition after the other.

DuckLake compacts whole tables only, so the rows of a partition are put aside, deleted and inserted again.
"""

from collections.abc import Callable
from dataclasses import dataclass

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.lake.connection import METADATA
from dremio_engine.lake.cursors import Cursor, count
from dremio_engine.lake.lake import LakeTable, lake_name
from dremio_engine.sql.quoting import literal, quoted

# DuckLake's words that are not DuckDB's.
_FLOATS = {"float32": "float", "float64": "double"}
# A relation with the columns of the partitions -> the query for those that are chosen.
Choose = Callable[[str], str]


@dataclass(frozen=True)
class PartitionKeys:
    """The columns that a table is partitioned by, and those of them that are not by their value itself."""

    columns: tuple[tuple[str, str], ...]
    transformed: frozenset[str]


@dataclass(frozen=True)
class Rewritten:
    """How many data and delete files were replaced, and the conditions for the partitions they were of."""

    data_files: int = 0
    delete_files: int = 0
    partitions: tuple[str, ...] = ()


def partition_keys_of(cursor: Cursor, table: LakeTable) -> PartitionKeys:
    """(name, DuckDB type) of each, in order."""
    rows = cursor.execute(
        f"select c.column_name, c.column_type, k.transform from {METADATA}.ducklake_partition_info p"
        f" join {METADATA}.ducklake_partition_column k on k.partition_id = p.partition_id"
        f" join {METADATA}.ducklake_column c on c.table_id = p.table_id and c.column_id = k.column_id"
        " and c.end_snapshot is null where p.table_id = ? and p.end_snapshot is null"
        " order by k.partition_key_index",
        [table.table_id],
    ).fetchall()
    return PartitionKeys(
        tuple((name, _FLOATS.get(kind, kind)) for name, kind, _ in rows),
        frozenset(name.lower() for name, _, transform in rows if transform != "identity"),
    )


def check_columns(keys: PartitionKeys, named: set[str]) -> None:
    """Raises InvalidStatement or Unsupported unless a condition on these columns chooses partitions."""
    known = {name.lower() for name, _ in keys.columns}
    if wrong := sorted(named - known):
        raise InvalidStatement(
            f"VALIDATION ERROR: OPTIMIZE command is only supported on the partition columns - {wrong}"
        )
    if keys.transformed:
        raise Unsupported(
            "OPTIMIZE TABLE .. FOR PARTITIONS is not supported by the embedded engine where a partition is"
            f" made by a transform: [{', '.join(sorted(keys.transformed))}]."
        )


def rewrite(
    cursor: Cursor, table: LakeTable, keys: PartitionKeys, choose: Choose, small: int, least: int
) -> Rewritten:
    """Write those of the chosen partitions again that need it.

    A partition does when it has at least `least` files of less than `small` bytes, or deleted rows.
    """
    data_files, delete_files, rewritten = 0, 0, list[str]()
    for *values, files, smaller, deletes in cursor.execute(
        choose(_partitions(table, keys, small))
    ).fetchall():
        if smaller < least and not deletes:
            continue
        where = " and ".join(
            f"{quoted(name)} is not distinct from {_constant(value, kind)}"
            for value, (name, kind) in zip(values, keys.columns, strict=True)
        )
        _write_again(cursor, lake_name(table), where)
        data_files, delete_files = data_files + files, delete_files + deletes
        rewritten.append(where)
    return Rewritten(data_files, delete_files, tuple(rewritten))


def files_in(cursor: Cursor, table: LakeTable, keys: PartitionKeys, partitions: tuple[str, ...]) -> int:
    """How many files these partitions have; DuckLake shows what a transaction wrote once it is committed."""
    if not partitions:
        return 0
    chosen = " or ".join(f"({where})" for where in partitions)
    return count(
        cursor.execute(f'select sum("$files")::bigint from {_partitions(table, keys, 0)} as p where {chosen}')
    )


def _partitions(table: LakeTable, keys: PartitionKeys, small: int) -> str:
    """Each partition's values, its files, those that are small, and its files of deleted rows."""
    values = ", ".join(
        f"cast(max(v.partition_value) filter (where v.partition_key_index = {index}) as {kind})"
        f" as {quoted(name)}"
        for index, (name, kind) in enumerate(keys.columns)
    )
    by = ", ".join(str(index) for index in range(1, len(keys.columns) + 1))
    return (
        f'(select {", ".join(quoted(name) for name, _ in keys.columns)}, count(*) as "$files",'
        f' count(*) filter (where "$size" < {small}) as "$small", sum("$deletes") as "$deleted" from ('
        f'select {values}, f.data_file_id, any_value(f.file_size_bytes) as "$size",'
        f' count(distinct d.delete_file_id) as "$deletes" from {METADATA}.ducklake_data_file f'
        f" join {METADATA}.ducklake_file_partition_value v on v.data_file_id = f.data_file_id"
        f" left join {METADATA}.ducklake_delete_file d on d.data_file_id = f.data_file_id"
        f" and d.end_snapshot is null where f.table_id = {table.table_id} and f.end_snapshot is null"
        f" group by f.data_file_id) as each_file group by {by})"
    )


def _write_again(cursor: Cursor, name: str, where: str) -> None:
    cursor.execute(f"create temp table rows_of_partition as select * from {name} where {where}")
    cursor.execute(f"delete from {name} where {where}")
    cursor.execute(f"insert into {name} select * from temp.rows_of_partition")
    cursor.execute("drop table temp.rows_of_partition")


def _constant(value: object, kind: str) -> str:
    return "null" if value is None else f"cast({literal(str(value))} as {kind})"
