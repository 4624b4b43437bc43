"""The types of a file's columns: declared, or such that every value fits as it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from airbyte_engine.worker.numbers import LARGEST_EXACT, LARGEST_INTEGER

_NUMBER, _INTEGER, _BOOLEAN, _OBJECT, _TEXT = "number", "integer", "boolean", "object", "string"
_LONG = "integer that a double would round"


def declared_schema(declared: Mapping[str, Any]) -> dict[str, Any] | None:
    """`input_schema`, a JSON text of {column: type}, as JSON schema properties."""
    text = declared.get("input_schema")
    if not text:
        return None
    return {name: {"type": kind} for name, kind in json.loads(text).items()}


def inferred(found: Iterable[dict[str, Any]], numbers: bool) -> dict[str, Any]:
    """JSON schema properties of the records: all text for CSV, as Airbyte's default, else what every value of
    a name can be.
    """
    types: dict[str, str] = {}
    for record in found:
        for name, value in record.items():
            kind = _kind(value) if numbers else _TEXT
            if value is not None or name not in types:
                types[name] = kind if name not in types else _wider(types[name], kind)
    return {name: {"type": _INTEGER if kind == _LONG else kind or _TEXT} for name, kind in types.items()}


def _kind(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _BOOLEAN
    if isinstance(value, int):
        if abs(value) > LARGEST_INTEGER:
            return _TEXT
        return _INTEGER if abs(value) <= LARGEST_EXACT else _LONG
    if isinstance(value, float):
        return _NUMBER
    return _OBJECT if isinstance(value, dict | list) else _TEXT


def _wider(one: str, other: str) -> str:
    if not one or one == other:
        return other
    kinds = {one, other}
    if kinds == {_INTEGER, _LONG}:
        return _LONG
    return _NUMBER if kinds == {_INTEGER, _NUMBER} else _TEXT
