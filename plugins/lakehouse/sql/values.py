"""Values of a result as text: exact, and NULL never taken for anything else."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

CONTROL: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    ord("\n"): "\\n",
    ord("\r"): "\\r",
    ord("\t"): "\\t",
}
"""What a terminal would carry out instead of showing."""


def as_json(value: Any) -> str:
    """A value as JSON: a number with all its digits, dates and times in ISO 8601, bytes in base64.

    What JSON has no number for (NaN, Infinity) is a string.
    """
    match value:
        case None | bool() | str() | int():
            return json.dumps(value, ensure_ascii=False)
        case float():
            return json.dumps(value if math.isfinite(value) else str(value))
        case Decimal():
            return f"{value:f}"
        case datetime() | time():
            return json.dumps(_clock(value))
        case date():
            return json.dumps(value.isoformat())
        case timedelta():
            return json.dumps(str(value))
        case bytes():
            return json.dumps(base64.b64encode(value).decode())
        case Mapping():
            pairs = (f"{json.dumps(str(k), ensure_ascii=False)}: {as_json(v)}" for k, v in value.items())
            return "{" + ", ".join(pairs) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(as_json, value)) + "]"
        case _:
            return json.dumps(str(value), ensure_ascii=False)


def as_cell(value: Any) -> str:
    """A value that is not NULL as a table shows it, without anything that steers a terminal."""
    match value:
        case str():
            return value.translate(CONTROL)
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:f}"
        case datetime():
            return _clock(value).replace("T", " ")
        case bytes() | Mapping() | list() | tuple():
            return as_json(value).translate(CONTROL)
        case _:
            return str(value)


def _clock(value: datetime | time) -> str:
    """ISO 8601, in milliseconds where that says it all: Dremio knows no shorter time."""
    return value.isoformat(timespec="auto" if value.microsecond % 1000 else "milliseconds")
