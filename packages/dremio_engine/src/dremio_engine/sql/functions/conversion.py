"""Between texts, numbers, moments and bytes. Source: docs.dremio.com, Conversion and Binary functions."""

import json
from typing import Any

from sqlglot import exp

from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.sql.formats import (
    date_pieces,
    is_number_format,
    number_format,
    reading_format,
    reads_abbreviation,
)
from dremio_engine.sql.functions.number_text import number_text
from dremio_engine.sql.functions.signature import (
    Arguments,
    Function,
    Rule,
    build,
    expect,
    f,
    literal,
    ruled,
    unknown,
    wrong_number,
)
from dremio_engine.sql.json_text import strict_json

MACROS = (
    "create or replace macro dremio_moment(d date) as d, (d timestamp) as d,"
    " (d time) as date '1970-01-01' + d",
    "create or replace macro dremio_seconds(n bigint) as make_timestamp(n * 1000000),"
    " (n double) as make_timestamp(cast(n * 1000000 as bigint)), (n varchar) as cast(n as timestamp),"
    " (n timestamp) as n, (n date) as cast(n as timestamp)",
)


def _to_moment(name: str, duckdb_type: str) -> Rule:
    def rule(a: Arguments) -> exp.Expr:
        if len(a) == 1:
            if duckdb_type == "TIME" and isinstance(a[0], exp.Literal) and a[0].is_string:
                return build("CAST({0} AS TIME)", a)
            return build(f"CAST(dremio_seconds({{0}}) AS {duckdb_type})", a)
        if len(a) not in (2, 3):
            raise wrong_number(name)
        # The third argument 1 asks for NULL in place of an error.
        parser = "try_strptime" if len(a) == 3 and a[2].name == "1" else "strptime"
        # First in UTC, if the text has a zone.
        template = f"CAST(CAST({parser}({{0}}, {{1}}) AS TIMESTAMP) AS {duckdb_type})"
        return build(template, _readable(name, a[0], a[1]))

    return rule


def _readable(name: str, value: exp.Expr, pattern: exp.Expr) -> Arguments:
    """A text and the format that strptime reads it by."""
    wanted = literal(name, pattern)
    if reads_abbreviation(wanted):
        value = exp.Anonymous(this="dremio_with_offset", expressions=[value])
    return [value, exp.Literal.string(reading_format(wanted))]


def _to_char(a: Arguments) -> exp.Expr:
    expect("TO_CHAR", a, 2)
    pattern = literal("TO_CHAR", a[1])
    if is_number_format(pattern):
        return build(number_text(number_format(pattern)), a[:1])
    texts: list[str] = []
    values = a[:1]
    for plain, text in date_pieces(pattern):
        if plain:
            texts.append(f"strftime(dremio_moment({{0}}), {{{len(values)}}})")
            values.append(exp.Literal.string(text))
        else:
            texts.append(text.replace("{0}", "dremio_moment({0})"))
    return build(" || ".join(texts), values)


def _to_number(a: Arguments) -> exp.Expr:
    expect("TO_NUMBER", a, 1, 2)
    if len(a) == 1:
        return build("CAST({0} AS DOUBLE)", a)
    wanted = number_format(literal("TO_NUMBER", a[1]))
    plain = "{0}"
    for extra in ("," if wanted.grouped else "", wanted.head, wanted.tail):
        if extra:
            plain = f"replace({plain}, '{extra}', '')"
    percent = " / 100" if wanted.tail else ""
    return build(f"round_even(CAST({plain} AS DOUBLE), {wanted.most}){percent}", a[:1])


def _convert_from(a: Arguments) -> exp.Expr:
    expect("CONVERT_FROM", a, 2)
    kind = literal("CONVERT_FROM", a[1]).upper()
    if kind == "UTF8":
        return build("dremio_utf8({0})", a[:1])
    if kind != "JSON":
        raise Unsupported(f"CONVERT_FROM with [{kind}] is not supported by the embedded engine.")
    if not (isinstance(a[0], exp.Literal) and a[0].is_string):
        shape = a[1].meta.get("shape")  # `sql/json_columns.py` has learned it
        if shape is None:
            raise Unsupported(
                "CONVERT_FROM of JSON in a column is not supported here by the embedded engine: its type is"
                " known only from the data."
            )
        return build("from_json(dremio_utf8({0}), {1})", [a[0], exp.Literal.string(shape)])
    text = strict_json(a[0].name)
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InvalidStatement(f"FUNCTION ERROR: Failure converting from JSON: {error}") from error
    shape = json.dumps(_json_shape(value))
    return build("from_json({0}, {1})", [exp.Literal.string(text), exp.Literal.string(shape)])


def _json_shape(value: Any) -> Any:
    """DuckDB's description of a JSON value with Dremio's types; members that are null are left out."""
    if isinstance(value, dict):
        return {k: _json_shape(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        shapes = [_json_shape(v) for v in value if v is not None]
        if shapes and all(isinstance(s, dict) for s in shapes):
            return [{k: v for shape in shapes for k, v in shape.items()}]
        mixed = "DOUBLE" if set(map(str, shapes)) == {"DOUBLE", "BIGINT"} else None
        return [mixed or (shapes[0] if shapes else "INTEGER")]
    kinds = ((bool, "BOOLEAN"), (int, "BIGINT"), (float, "DOUBLE"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "VARCHAR")


def _convert_to(a: Arguments) -> exp.Expr:
    expect("CONVERT_TO", a, 2)
    kind = literal("CONVERT_TO", a[1]).upper()
    if kind == "UTF8":
        return build("encode(CAST({0} AS VARCHAR))", a[:1])
    if kind in ("JSON", "SIMPLEJSON"):
        return build("encode(CAST(to_json({0}) AS VARCHAR))", a[:1])
    raise Unsupported(f"CONVERT_TO with [{kind}] is not supported by the embedded engine.")


def _unix_timestamp(a: Arguments) -> exp.Expr:
    expect("UNIX_TIMESTAMP", a, 0, 1, 2)
    if len(a) == 2:
        return build("CAST(epoch(strptime({0}, {1})) AS BIGINT)", _readable("UNIX_TIMESTAMP", *a))
    moment = "CAST({0} AS TIMESTAMP)" if a else "now()"
    return build(f"CAST(floor(epoch({moment})) AS BIGINT)", a)


CONVERSION: dict[str, Function] = {
    "BASE64": f("VARCHAR", "base64(CAST({0} AS BLOB))"),
    "BINARY_STRING": f("BLOB", "CAST({0} AS BLOB)"),
    "CONVERT_FROM": ruled(unknown, _convert_from),
    "CONVERT_TO": ruled("BLOB", _convert_to),
    "DATE_FORMAT": ruled("VARCHAR", _to_char),
    "FROM_HEX": f("BLOB", "unhex({0})"),
    "HEX": f("VARCHAR", "hex({0})"),
    "ISDATE": f("BOOLEAN", "(try_cast({0} AS TIMESTAMP) IS NOT NULL)"),
    "ISNUMERIC": f("BOOLEAN", "(try_cast({0} AS DOUBLE) IS NOT NULL)"),
    "IS_UTF8": f("BOOLEAN", "TRY(decode(CAST({0} AS BLOB))) IS NOT NULL"),
    # DuckDB writes what cannot be printed as Dremio does, as two hexadecimal digits.
    "STRING_BINARY": f("VARCHAR", "CAST(CAST({0} AS BLOB) AS VARCHAR)"),
    "TO_CHAR": ruled("VARCHAR", _to_char),
    "TO_DATE": ruled("DATE", _to_moment("TO_DATE", "DATE")),
    "TO_HEX": f("VARCHAR", "to_hex({0})"),
    "TO_NUMBER": ruled("DOUBLE", _to_number),
    "TO_TIME": ruled("TIME", _to_moment("TO_TIME", "TIME")),
    "TO_TIMESTAMP": ruled("TIMESTAMP", _to_moment("TO_TIMESTAMP", "TIMESTAMP")),
    "UNBASE64": f("BLOB", "from_base64({0})"),
    "UNHEX": f("BLOB", "unhex({0})"),
    "UNIX_TIMESTAMP": ruled("BIGINT", _unix_timestamp),
}
