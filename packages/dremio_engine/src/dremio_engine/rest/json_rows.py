"""Rows of a result as Dremio's REST API writes them."""

import base64
import json
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa


def rows_json(table: pa.Table) -> str:
    """A JSON array of objects. DECIMAL stays exact: it is written digit by digit, not through a float."""
    names = [json.dumps(name) for name in table.schema.names]
    columns = [
        [_encode(value) for value in column.to_pylist(maps_as_pydicts="lossy")] for column in table.columns
    ]
    rows = zip(*columns, strict=True) if columns else ()
    objects = (",".join(f"{n}:{v}" for n, v in zip(names, row, strict=True)) for row in rows)
    return "[" + ",".join("{" + members + "}" for members in objects) + "]"


def _encode(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dict):
        return "{" + ",".join(f"{_key(k)}:{_encode(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(_encode(v) for v in value) + "]"
    for kind, text in _TEXTS:
        if isinstance(value, kind):
            return json.dumps(text(value))
    if isinstance(value, float) and value not in (value, float("inf"), float("-inf")):
        return json.dumps(str(value))
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return json.dumps("Infinity" if value > 0 else "-Infinity")
    return json.dumps(value)


def _key(value: Any) -> str:
    """A member's name, or a map's key, which may be of any type."""
    written = _encode(value)
    return written if written.startswith('"') else json.dumps(written)


_TEXTS: tuple[tuple[type, Callable[[Any], str]], ...] = (
    (datetime, lambda v: v.strftime("%Y-%m-%d %H:%M:%S.") + f"{v.microsecond // 1000:03d}"),
    (date, lambda v: v.isoformat()),
    (time, lambda v: v.strftime("%H:%M:%S.") + f"{v.microsecond // 1000:03d}"),
    (bytes, lambda v: base64.b64encode(v).decode()),
)
