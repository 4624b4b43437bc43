"""One row of the tables: an expression or query, the value Dremio's documentation gives, and its type."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

INTEGER, BIGINT, FLOAT, DOUBLE = pa.int32(), pa.int64(), pa.float32(), pa.float64()
VARCHAR, BOOLEAN, DATE = pa.string(), pa.bool_(), pa.date64()
TIME, TIMESTAMP = pa.time32("ms"), pa.timestamp("ms")


@dataclass(frozen=True)
class Case:
    """`sql` is an expression, or a whole query when it begins with `select` or `with`."""

    sql: str
    value: Any
    type: pa.DataType | None = None

    @property
    def query(self) -> str:
        whole = self.sql.lower().startswith(("select", "with"))
        return self.sql if whole else f"select {self.sql} as v"

    def check(self, found: pa.Table) -> None:
        """Compare the first column: one value, or a list of all rows' values."""
        column = found.column(0)
        if self.type is not None:
            assert column.type == self.type
        values = column.to_pylist()
        wanted = self.value if isinstance(self.value, list) else [self.value]
        if any(isinstance(value, float) for value in wanted):
            assert values == pytest.approx(wanted, rel=1e-6)
        else:
            assert values == wanted


def decimal(precision: int, scale: int) -> pa.DataType:
    return pa.decimal128(precision, scale)


def day(text: str) -> date:
    return date.fromisoformat(text)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def clock(text: str) -> time:
    return time.fromisoformat(text)


def exact(text: str) -> Decimal:
    return Decimal(text)


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def table(*cases: Case) -> pytest.MarkDecorator:
    """The cases as parameters whose ids are their SQL."""
    return pytest.mark.parametrize("case", cases, ids=[case.sql for case in cases])
