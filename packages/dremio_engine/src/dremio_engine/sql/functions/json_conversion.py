"""TRY_CONVERT_FROM(text AS type): JSON of a type that the query names. Source: docs.dremio.com, its page.

A value that does not fit makes the whole NULL, so what is built fails for it, inside DuckDB's TRY.
"""

from collections.abc import Iterator

from sqlglot import exp

from dremio_engine.errors import InvalidStatement
from dremio_engine.sql.data_types.type_syntax import TryConvertFrom
from dremio_engine.sql.functions.signature import build, enclosed

_NESTED = (exp.DType.STRUCT, exp.DType.ARRAY, exp.DType.LIST)
_WHOLE = (exp.DType.INT, exp.DType.BIGINT)
_MOMENTS = {
    exp.DType.DATE: r"\d\d\d\d-\d\d-\d\d",
    exp.DType.TIME: r"\d\d:\d\d:\d\d\.\d\d\d",
    exp.DType.TIMESTAMP: r"\d\d\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d\d\d",
}
_NUMBER = r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?"
# Fails for every text there is, but only when a row comes to it.
_FAILURE = "CAST('x' || CAST({0} AS VARCHAR) AS INTEGER)"


def try_convert_from(node: TryConvertFrom) -> exp.Expr:
    """DuckDB's expression. Raises InvalidStatement for a type that is not a ROW or an ARRAY."""
    kind = node.args["to"]
    if kind.this not in _NESTED:
        raise InvalidStatement("VALIDATION ERROR: TRY_CONVERT_FROM converts to a ROW or an ARRAY.")
    value = _converted(build("CAST({0} AS JSON)", [node.this]), kind, 0)
    return build("TRY({0})", [value])


def _converted(json: exp.Expr, kind: exp.DataType, depth: int) -> exp.Expr:
    if kind.this == exp.DType.STRUCT:
        return _object(json, kind, depth)
    if kind.this in (exp.DType.ARRAY, exp.DType.LIST):
        return _list(json, kind, depth)
    return _scalar(json, kind)


def _object(json: exp.Expr, kind: exp.DataType, depth: int) -> exp.Expr:
    members = list(_members(kind))
    values = [
        _converted(build(f"json_extract({{0}}, '{_path(name)}')", [json.copy()]), part, depth)
        for name, part in members
    ]
    packed = ", ".join(f"{_quoted(name)} := {{{i}}}" for i, (name, _) in enumerate(members))
    return _where("json_type({0}) = 'OBJECT'", json, kind, build(f"struct_pack({packed})", values))


def _list(json: exp.Expr, kind: exp.DataType, depth: int) -> exp.Expr:
    element = exp.column(f"__element_{depth}")
    inner = _converted(element, kind.expressions[0], depth + 1)
    listed = build(
        f"list_transform(from_json({{0}}, '[\"JSON\"]'), lambda __element_{depth}: {{1}})",
        [json.copy(), inner],
    )
    return _where("json_type({0}) = 'ARRAY'", json, kind, listed)


def _scalar(json: exp.Expr, kind: exp.DataType) -> exp.Expr:
    text, name = "({0} ->> '$')", _type(kind)
    if kind.this in _WHOLE:
        test = (
            f"json_type({{0}}) IN ('BIGINT', 'UBIGINT', 'VARCHAR') AND regexp_full_match({text}, '[-+]?\\d+')"
        )
    elif kind.this in _MOMENTS:
        test = f"json_type({{0}}) = 'VARCHAR' AND regexp_full_match({text}, '{_MOMENTS[kind.this]}')"
    elif kind.this == exp.DType.BOOLEAN:
        test = f"json_type({{0}}) IN ('BOOLEAN', 'VARCHAR') AND {text} IN ('true', 'false')"
    elif kind.this in exp.DataType.TEXT_TYPES:
        test = "json_type({0}) NOT IN ('OBJECT', 'ARRAY')"
    else:
        test = (
            "json_type({0}) IN ('BIGINT', 'UBIGINT', 'DOUBLE', 'VARCHAR')"
            f" AND regexp_full_match({text}, '{_NUMBER}')"
        )
    return _where(test, json, kind, build(f"CAST({text} AS {name})", [json.copy()]))


def _where(test: str, json: exp.Expr, kind: exp.DataType, value: exp.Expr) -> exp.Expr:
    """NULL for JSON's null and what is not there, the value where the test holds, else a failure."""
    is_text = kind.this in exp.DataType.TEXT_TYPES
    failure = f"CAST({_FAILURE} AS VARCHAR)" if is_text else _FAILURE.replace("INTEGER", _type(kind))
    return build(
        f"CASE WHEN coalesce(json_type({{0}}), 'NULL') = 'NULL' THEN NULL WHEN {test} THEN {{1}}"
        f" ELSE {failure} END",
        [json, enclosed(value)],
    )


def _members(kind: exp.DataType) -> Iterator[tuple[str, exp.DataType]]:
    for member in kind.expressions:
        yield member.this.name, member.args["kind"]


def _path(name: str) -> str:
    return _plain('$."' + name.replace("\\", "\\\\").replace('"', '\\"').replace("'", "''") + '"')


def _quoted(name: str) -> str:
    return _plain('"' + name.replace('"', '""') + '"')


def _type(kind: exp.DataType) -> str:
    return _plain(kind.sql(dialect="duckdb", identify=True))


def _plain(text: str) -> str:
    """Text for a template, in which brackets of this form mean something."""
    return text.replace("{", "{{").replace("}", "}}")
