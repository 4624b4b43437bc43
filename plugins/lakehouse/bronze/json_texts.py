"""Landed lists and objects as JSON text, the form in which a `varchar` column of a contract takes them."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.bronze.python_rows import time_texts

Texts: TypeAlias = list[str | None]

_NO_NUMBERS: Final = frozenset({"nan", "inf", "-inf"})
"""As Arrow writes them; JSON has none of them, so they become texts."""


def is_nested(kind: pa.DataType) -> bool:
    """Is it a list or an object, which this module can write?"""
    return pa.types.is_struct(kind) or _is_list(kind)


def json_texts(values: pa.Array) -> Texts:
    """Each value as JSON, None for NULL; exact: decimals keep their digits, times are ISO 8601, bytes base64.

    Raises:
        pa.ArrowNotImplementedError: there is a type in it that no rule covers, such as a map.
    """
    kind = values.type
    if _is_list(kind):
        elements = iter(json_texts(values.flatten()))
        sizes = pc.list_value_length(values).to_pylist()
        return [None if size is None else _joined("[{}]", _next(elements, size)) for size in sizes]
    if pa.types.is_struct(kind):
        return _objects(values)
    return _plain(values)


def _objects(values: pa.StructArray) -> Texts:
    names = [json.dumps(field.name, ensure_ascii=False) for field in values.type]
    columns = [json_texts(column) for column in values.flatten()]
    valid = pc.is_valid(values).to_pylist()
    return [
        _joined(
            "{{{}}}",
            [f"{name}: {column[row] or 'null'}" for name, column in zip(names, columns, strict=True)],
        )
        if valid[row]
        else None
        for row in range(len(values))
    ]


def _plain(values: pa.Array) -> Texts:
    kind = values.type
    write: Callable[[str], str] = _quoted
    if pa.types.is_null(kind):
        return [None] * len(values)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return [
            None if item is None else _quoted(base64.b64encode(item).decode()) for item in values.to_pylist()
        ]
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        zone = "Z" if getattr(kind, "tz", None) else ""
        return [
            None if text is None else _quoted(text.replace(" ", "T", 1) + zone)
            for text in time_texts(values).to_pylist()
        ]
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        write = str
    elif pa.types.is_floating(kind):
        write = _number
    return [None if text is None else write(text) for text in pc.cast(values, pa.string()).to_pylist()]


def _number(text: str) -> str:
    return _quoted(text) if text in _NO_NUMBERS else text


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _joined(form: str, parts: list[str]) -> str:
    return form.format(", ".join(parts))


def _next(elements: Iterator[str | None], size: int) -> list[str]:
    return [next(elements) or "null" for _ in range(size)]


def _is_list(kind: pa.DataType) -> bool:
    return pa.types.is_list(kind) or pa.types.is_large_list(kind)
