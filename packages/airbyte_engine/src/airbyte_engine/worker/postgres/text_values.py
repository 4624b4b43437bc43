"""From PostgreSQL's text of a value to what lands, in DuckDB's SQL: one rule however a row is read.

An array lands as Airbyte's source writes it, a list of values of the element's type; psycopg reads the text.
One that the catalog declares with several dimensions lands as JSON text, and hstore as a JSON object. A list
lands whole or not at all: if it holds an array, or a value that the element's type cannot hold, it is null,
and `_airbyte_meta` says so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeAlias

import duckdb
import pyarrow as pa
from duckdb.func import FunctionNullHandling, PythonUDFType
from psycopg.abc import Loader
from psycopg.adapt import Transformer
from psycopg.pq import Format
from psycopg.types.hstore import HstoreLoader

from airbyte_engine.worker.postgres.columns import BPCHAR, BYTEA, MONEY, Column
from airbyte_engine.worker.postgres.times import castable, is_time

Nested: TypeAlias = "list[Nested | str | None]"

_TEXTS: Final = 1009
"""text[]: its loader reads the text of any array, but for those of boxes, which a semicolon divides."""
_BOXES: Final = 1020
_BOX: Final = 603
_JSON_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NUMBERS: Final = ("smallint", "integer", "bigint", "float", "double", "decimal")


def add_functions(engine: duckdb.DuckDBPyConnection) -> None:
    """Teach a DuckDB the functions that the expressions of this module call."""
    functions: tuple[tuple[str, Callable[[str], Any], str, pa.DataType], ...] = (
        ("pg_list", lambda text: _flat(_elements(text, _TEXTS)), "varchar[]", pa.list_(pa.string())),
        ("pg_boxes", lambda text: _flat(_elements(text, _BOXES)), "varchar[]", pa.list_(pa.string())),
        ("pg_json_texts", lambda text: _json(_elements(text, _TEXTS), _as_text), "varchar", pa.string()),
        ("pg_json_boxes", lambda text: _json(_elements(text, _BOXES), _as_text), "varchar", pa.string()),
        ("pg_json_numbers", lambda text: _json(_elements(text, _TEXTS), _as_number), "varchar", pa.string()),
        ("pg_json_truths", lambda text: _json(_elements(text, _TEXTS), _as_truth), "varchar", pa.string()),
        ("pg_json_object", _object, "varchar", pa.string()),
    )
    for name, function, returns, kind in functions:
        engine.create_function(
            name,
            _on_columns(function, kind),
            ["varchar"],
            returns,
            type=PythonUDFType.ARROW,
            null_handling=FunctionNullHandling.SPECIAL,
        )


def typed(column: Column, text: str, strict: bool = False) -> str:
    """The value that lands, of the text that PostgreSQL's log or `format('%s', ...)` has of it.

    Strict fails on a value that its type cannot hold, but for lists; else it is null.
    """
    kind = column.lands_as
    cast = "cast" if strict else "try_cast"
    if column.element is not None:
        return _array(column, column.element, text)
    if column.is_hstore:
        return f"pg_json_object({text})"
    if column.type_id == MONEY:
        return f"{cast}({_amount(text, column.fraction_digits)} as {kind})"
    if column.type_id == BPCHAR:
        return f"rtrim({text}, ' ')"
    if kind == "varchar" or column.type_id == BYTEA:
        return text
    if kind == "boolean":
        return f"({text} = 't')"
    if is_time(column):
        return f"{cast}({castable(text)} as {kind})"
    return f"{cast}({text} as {kind})"


def _amount(text: str, fraction_digits: int) -> str:
    """The number in a text of money, whatever the locale puts around it: `-$1,234.50`, `(1.234,50 €)`."""
    digits = f"regexp_replace({text}, '[^0-9]', '', 'g')"
    sign = f"case when regexp_matches({text}, '[-(\u2212]') then '-' else '' end"
    if not fraction_digits:
        return f"{sign} || {digits}"
    return f"{sign} || left({digits}, -{fraction_digits}) || '.' || right({digits}, {fraction_digits})"


def _array(column: Column, element: Column, text: str) -> str:
    boxes = element.type_id == _BOX
    if column.dimensions > 1:
        if element.lands_as.startswith(_NUMBERS):
            return f"pg_json_numbers({text})"
        if element.lands_as == "boolean":
            return f"pg_json_truths({text})"
        return f"pg_json_{'boxes' if boxes else 'texts'}({text})"
    values = f"pg_{'boxes' if boxes else 'list'}({text})"
    value = typed(element, "value")
    if value == "value":
        return values
    return (
        f"case when len(list_filter({values}, value -> value is not null and {value} is null)) = 0"
        f" then list_transform({values}, value -> {value}) end"
    )


def _on_columns(function: Callable[[str], Any], kind: pa.DataType) -> Callable[[pa.ChunkedArray], pa.Array]:
    def on_columns(texts: pa.ChunkedArray) -> pa.Array:
        return pa.array([None if text is None else function(text) for text in texts.to_pylist()], kind)

    return on_columns


def _elements(text: str, kind: int) -> Nested:
    loaded: Nested = _loader(kind).load(text.encode())
    return loaded


@cache
def _loader(kind: int) -> Loader:
    return Transformer().get_loader(kind, Format.TEXT)


def _flat(values: Nested) -> Nested | None:
    return None if any(isinstance(value, list) for value in values) else values


def _json(values: Nested, write: Callable[[str], str]) -> str:
    written = (
        "null" if value is None else _json(value, write) if isinstance(value, list) else write(value)
        for value in values
    )
    return f"[{', '.join(written)}]"


def _as_text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _as_number(value: str) -> str:
    """JSON has no NaN and no infinity: these are texts."""
    return value if _JSON_NUMBER.fullmatch(value) else _as_text(value)


def _as_truth(value: str) -> str:
    return "true" if value == "t" else "false"


def _object(text: str) -> str:
    return json.dumps(HstoreLoader(0).load(text.encode()), ensure_ascii=False)
