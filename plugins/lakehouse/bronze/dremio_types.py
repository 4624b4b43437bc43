"""The types of contracts in Dremio's SQL."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

_NAMES: Final = {pa.int64(): "bigint", pa.int32(): "int", pa.float64(): "double", pa.bool_(): "boolean"}


def dremio_type(data_type: pa.DataType) -> str:
    """A contract's type in Dremio's SQL."""
    if pa.types.is_decimal(data_type):
        return f"decimal({data_type.precision}, {data_type.scale})"
    if pa.types.is_timestamp(data_type):
        return "timestamp"
    if pa.types.is_date(data_type):
        return "date"
    return _NAMES.get(data_type, "varchar")
