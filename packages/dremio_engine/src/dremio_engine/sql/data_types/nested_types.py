"""What lists, structs and maps hold, by DuckDB's names of their types."""

import functools

from sqlglot import exp

from dremio_engine.sql.data_types.type_names import type_name


def element_of(name: str | None) -> str | None:
    """The type of a list's elements or a map's values; nothing when it is neither or not known."""
    kind = _nested(name)
    if kind is None or not kind.is_type(exp.DType.ARRAY, exp.DType.LIST, exp.DType.MAP):
        return None
    return type_name(kind.expressions[-1])


def member_of(name: str | None, member: str) -> str | None:
    """The type of a struct's member; nothing when there is none or the struct's type is not known."""
    kind = _nested(name)
    if kind is None or not kind.is_type(exp.DType.STRUCT):
        return None
    for each in kind.expressions:
        if isinstance(each, exp.ColumnDef) and each.name.lower() == member.lower():
            return type_name(each.args["kind"])
    return None


@functools.lru_cache(maxsize=1024)
def _nested(name: str | None) -> exp.DataType | None:
    return exp.DataType.build(name, dialect="duckdb") if name and name.endswith((")", "]")) else None
