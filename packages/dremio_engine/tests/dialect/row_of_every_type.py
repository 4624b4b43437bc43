"""The one row that examples over columns read: a Parquet file on the wire, a table for the translator."""

from datetime import date, datetime, time
from decimal import Decimal

import pyarrow as pa

_FIELDS = {
    "i": (7, pa.int32()),
    "j": (2, pa.int32()),
    "zero": (0, pa.int32()),
    "l": (3, pa.int64()),
    "nothing": (None, pa.int32()),
    "p": (Decimal("10.50"), pa.decimal128(10, 2)),
    "q": (Decimal("3.00"), pa.decimal128(10, 2)),
    "wide": (Decimal("123.4567"), pa.decimal128(38, 4)),
    "x": (2.5, pa.float64()),
    "y": (1.5, pa.float32()),
    "b": (True, pa.bool_()),
    "s": ("abc", pa.string()),
    "d": (date(2025, 1, 31), pa.date32()),
    "ts": (datetime(2025, 1, 31, 10, 0, 0, 500_000), pa.timestamp("us")),
    "t": (time(1, 2, 3), pa.time64("us")),
    "numbers": ([1, 2, 3], pa.list_(pa.int32())),
    "letters": (["a", "b"], pa.list_(pa.string())),
    "st": (
        {"name": "Gnarly", "inner": {"n": 5}},
        pa.struct([("name", pa.string()), ("inner", pa.struct([("n", pa.int32())]))]),
    ),
    "m": ({"k": 9}, pa.map_(pa.string(), pa.int32())),
    "bytes": (b"\xaa", pa.binary()),
}


def row_of_every_type() -> pa.Table:
    """A value of every type that Dremio has, each under a short name."""
    arrays = [
        pa.array([list(value.items()) if pa.types.is_map(kind) else value], type=kind)
        for value, kind in _FIELDS.values()
    ]
    return pa.table(arrays, names=list(_FIELDS))
