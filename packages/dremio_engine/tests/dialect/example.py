"""One example of Dremio's SQL: a query, the rows that Dremio's documentation gives for it, and their type.

The examples are data. Two fixtures run all of them: the translator in this process (tests/unit/dialect), and
an engine or a real Dremio on the wire (tests/conformance/dialect).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Protocol

import pyarrow as pa
import pytest

INTEGER, BIGINT, FLOAT, DOUBLE = pa.int32(), pa.int64(), pa.float32(), pa.float64()
VARCHAR, BOOLEAN, DATE = pa.string(), pa.bool_(), pa.date64()
TIME, TIMESTAMP = pa.time32("ms"), pa.timestamp("ms")
ROW = "{row}"
"""Stands for the relation `row_of_every_type.py` describes, as the fixture knows it."""


class Refused(Exception):
    """The query was not answered; the message says why."""


class Dialect(Protocol):
    """What runs an example."""

    user: str
    """Who asks."""

    def read(self, sql: str) -> pa.Table:
        """The rows of a query, in the types that a client of Dremio sees. Raises Refused."""


@dataclass(frozen=True)
class Example:
    """`rows` holds every row of the result; `type` is the first column's, where it is documented."""

    sql: str
    rows: Sequence[tuple[Any, ...]]
    type: pa.DataType | None = None

    def check(self, dialect: Dialect) -> None:
        """Raises AssertionError unless the query gives these rows."""
        found = dialect.read(self.sql)
        if self.type is not None:
            assert found.column(0).type == self.type
        assert rows_of(found) == list(self.rows)


def value(expression: str, expected: Any, kind: pa.DataType | None = None) -> Example:
    """An expression, or a query, that has one value."""
    return Example(_query(expression), [(expected,)], kind)


def of_row(expression: str, expected: Any, kind: pa.DataType | None = None) -> Example:
    """An expression over the columns of the one row of every type."""
    return Example(f"select {expression} as v from {ROW} as t", [(expected,)], kind)


def column(sql: str, expected: Sequence[Any], kind: pa.DataType | None = None) -> Example:
    """A query with one column."""
    return Example(_query(sql), [(each,) for each in expected], kind)


def rows(sql: str, expected: Sequence[tuple[Any, ...]]) -> Example:
    """A query with any columns."""
    return Example(sql, expected)


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    """A table's rows; intervals as Python has them."""
    return [tuple(_plain(value) for value in row.values()) for row in _unique(table).to_pylist()]


def table(examples: Sequence[Example]) -> pytest.MarkDecorator:
    """The examples as parameters whose ids are their SQL."""
    return pytest.mark.parametrize("example", examples, ids=[example.sql for example in examples])


def about(number: float) -> Any:
    """A number whose last digits may differ."""
    return pytest.approx(number, rel=1e-6)


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


def _query(sql: str) -> str:
    return sql if sql.lower().startswith(("select", "with")) else f"select {sql} as v"


def _unique(table: pa.Table) -> pa.Table:
    """Without equal names, which would be one key of a row's dictionary."""
    return table.rename_columns([str(index) for index in range(table.num_columns)])


def _plain(found: Any) -> Any:
    if isinstance(found, pa.MonthDayNano):
        assert found.months == 0
        return timedelta(days=found.days, microseconds=found.nanoseconds // 1000)
    return found
