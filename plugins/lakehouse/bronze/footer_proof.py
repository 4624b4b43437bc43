"""What a landing row group's statistics prove about its rows, so that the survey need not read them.

Statistics are a claim of whoever wrote the file. They only decide what is read in the first pass: the second
pass checks every row of every column again, and a claim that turns out false makes the survey start over
without them (`partition_builder`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.bronze.contract import Column
from lakehouse.landing.reader import LandedRowGroup


def unproven_columns(group: LandedRowGroup, columns: list[Column]) -> list[Column]:
    """The columns whose values in this row group may break a rule, as far as the footer tells."""
    statistics = _statistics(group.metadata)
    return [
        column
        for column in columns
        if column.name not in group.schema.names
        or not _proven(column, group.schema.field(column.name).type, statistics.get(column.name))
    ]


def _statistics(metadata: pq.RowGroupMetaData) -> Mapping[str, pq.Statistics]:
    chunks = (metadata.column(number) for number in range(metadata.num_columns))
    return {chunk.path_in_schema: chunk.statistics for chunk in chunks if chunk.statistics is not None}


def _proven(column: Column, landed_type: pa.DataType, statistics: pq.Statistics | None) -> bool:
    if landed_type != column.type:
        return False
    if not column.has_rules:
        return True
    if statistics is None or column.one_of is not None:
        return False
    if column.required and not (statistics.has_null_count and statistics.null_count == 0):
        return False
    all_null = statistics.has_null_count and statistics.num_values == 0
    bounded = not (column.minimum is column.maximum is column.above is None)
    if all_null or not (bounded or pa.types.is_temporal(column.type)):
        return True
    if not statistics.has_min_max or pa.types.is_floating(column.type):  # NaN is in no bound
        return False
    try:
        low, high = statistics.min, statistics.max
    except (OverflowError, ValueError):  # times that Python cannot hold, which may be infinite
        return False
    return _within(column, low, high)


def _within(column: Column, low: Any, high: Any) -> bool:
    try:
        return not (
            (column.minimum is not None and low < column.minimum)
            or (column.maximum is not None and high > column.maximum)
            or (column.above is not None and low <= column.above)
        )
    except TypeError:
        return False
