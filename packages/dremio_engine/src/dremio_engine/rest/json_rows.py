"""Rows of a result as Dremio's REST API writes them.

Times are read as Arrow's numbers, not as Python's, whose years end at 1 and 9999. A year before 1 has ISO
8601's astronomical number (1 BC is 0000). How Dremio itself writes such years, NaN and the infinities is not
documented; these forms are this engine's.
"""

import base64
import json
import math
from datetime import time
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

_DAY_MILLISECONDS = 86_400_000


def rows_json(table: pa.Table) -> str:
    """A JSON array of objects. DECIMAL stays exact: it is written digit by digit, not through a float.

    NaN and the infinities, for which JSON has no number, are texts.
    """
    names = [json.dumps(name) for name in table.schema.names]
    columns = [[_encode(value) for value in column] for column in table.columns]
    rows = zip(*columns, strict=True) if columns else ()
    objects = (",".join(f"{n}:{v}" for n, v in zip(names, row, strict=True)) for row in rows)
    return "[" + ",".join("{" + members + "}" for members in objects) + "]"


def _encode(scalar: pa.Scalar) -> str:
    if not scalar.is_valid:
        return "null"
    kind = scalar.type
    if pa.types.is_map(kind):
        entries = (tuple(entry.values()) for entry in scalar.values)
        return "{" + ",".join(f"{_as_name(_encode(k))}:{_encode(v)}" for k, v in entries) + "}"
    if pa.types.is_struct(kind):
        return "{" + ",".join(f"{json.dumps(name)}:{_encode(scalar[name])}" for name in scalar) + "}"
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return "[" + ",".join(_encode(value) for value in scalar.values) + "]"
    if pa.types.is_timestamp(kind):
        return json.dumps(_moment(scalar))
    if pa.types.is_date(kind):
        return json.dumps(_day(scalar))
    return _encode_plain(scalar.as_py())


def _as_name(encoded: str) -> str:
    """A map's key, which may be of any type; a name in JSON is a text."""
    return encoded if encoded.startswith('"') else json.dumps(encoded)


def _encode_plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, time):
        return json.dumps(value.strftime("%H:%M:%S.") + f"{value.microsecond // 1000:03d}")
    if isinstance(value, bytes):
        return json.dumps(base64.b64encode(value).decode())
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps("NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity")
    return json.dumps(value)


def _moment(scalar: pa.TimestampScalar) -> str:
    found = np.datetime64(scalar.value, scalar.type.unit).astype("datetime64[ms]")
    return _with_four_digits(str(found)).replace("T", " ")


def _day(scalar: pa.Date32Scalar | pa.Date64Scalar) -> str:
    days = scalar.value if pa.types.is_date32(scalar.type) else scalar.value // _DAY_MILLISECONDS
    return _with_four_digits(str(np.datetime64(days, "D")))


def _with_four_digits(text: str) -> str:
    """NumPy counts the sign of a year as one of its digits."""
    if not text.startswith("-"):
        return text
    year, _, rest = text[1:].partition("-")
    return f"-{year:0>4}-{rest}"
