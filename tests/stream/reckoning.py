"""The reckoning: hot, cold and unified against the shop, row by row; the shop is asked directly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa

from testing.lakehouse.stream_platform import StreamPlatform

Row = tuple[Any, ...]
Rows = dict[Any, Row]

COLUMNS: Final = {
    "orders": (
        "order_id", "customer_id", "product_id", "order_date", "quantity", "unit_price", "amount", "status",
        "created_at", "updated_at", "deleted_at",
    ),
    "customers": (
        "customer_id", "name", "email", "phone", "address", "city", "state", "zip_code", "created_at",
        "updated_at", "deleted_at",
    ),
}  # fmt: skip
"""The source's columns of each streamed table; the first is its key."""
UNIFIED: Final = (
    "order_id", "customer_id", "product_id", "order_date", "quantity", "amount", "status", "created_at",
    "updated_at",
)  # fmt: skip
_SHOWN: Final = 5


@dataclass
class Reckoned:
    """What was compared and found equal."""

    hot_rows: dict[str, int] = field(default_factory=dict)
    tombstones: dict[str, int] = field(default_factory=dict)
    unified_rows: int = 0
    sides: dict[str, int] = field(default_factory=dict)
    """Rows of the unified view by the side that they come from."""
    days: int = 0


def reckon(platform: StreamPlatform) -> Reckoned:
    """Compare hot tables and views with the shop, which nobody changes meanwhile.

    Raises:
        AssertionError: a row is lost, doubled, old or should not be there; names keys and what differs.
    """
    reckoned = Reckoned()
    for stream in COLUMNS:
        _reckon_hot(platform, stream, reckoned)
    _reckon_unified(platform, reckoned)
    _reckon_revenue(platform, reckoned)
    return reckoned


def _reckon_hot(platform: StreamPlatform, stream: str, reckoned: Reckoned) -> None:
    """Every row of the hot table is the shop's newest, and no key comes twice."""
    columns = COLUMNS[stream]
    found = platform.over_flight(f"select {', '.join(columns)}, is_deleted from hot.{stream}")
    shop = shop_rows(platform, stream, columns, found.schema)
    live, gone = Rows(), set[Any]()
    for row in rows_of(found):
        assert row[0] not in live, _twice(platform, stream, row[0])
        assert row[0] not in gone, _twice(platform, stream, row[0])
        if row[-1]:
            gone.add(row[0])
        else:
            live[row[0]] = row[:-1]
    require_equal(f"hot.{stream}", live, {key: shop[key] for key in live if key in shop}, columns)
    undead = [key for key in gone if key in shop and shop[key][-1] is None]
    assert not undead, f"hot.{stream}: deleted, but in the shop: {_some(undead)}"
    reckoned.hot_rows[stream] = len(live)
    reckoned.tombstones[stream] = len(gone)


def _twice(platform: StreamPlatform, stream: str, key: Any) -> str:
    """What to say of a key that comes twice: the versions of it that the table holds."""
    columns = "change_lsn, changed_at, is_deleted, batch_id"
    sql = f"select {columns} from hot.{stream} where {COLUMNS[stream][0]} = {key}"
    versions = "; ".join(str(row) for row in rows_of(platform.over_flight(sql)))
    return f"hot.{stream}: key {key} comes twice ({columns}): {versions}"


def _reckon_unified(platform: StreamPlatform, reckoned: Reckoned) -> None:
    """Every order of the shop exactly once, in its newest version, whatever side it is on."""
    found = platform.over_flight(f"select {', '.join(UNIFIED)}, side from serving.orders")
    shop = shop_rows(platform, "orders", UNIFIED, found.schema, where="deleted_at is null")
    unified, sides = Rows(), Counter[str]()
    for row in rows_of(found):
        assert row[0] not in unified, f"serving.orders: key {row[0]} comes twice"
        unified[row[0]] = row[:-1]
        sides[row[-1]] += 1
    require_equal("serving.orders", unified, shop, UNIFIED)
    reckoned.unified_rows = len(unified)
    reckoned.sides = dict(sorted(sides.items()))


def _reckon_revenue(platform: StreamPlatform, reckoned: Reckoned) -> None:
    """Completed orders and their revenue by day; a day without any may have a row that says so."""
    sql = "select order_date, orders_count, daily_revenue, average_order_value from serving.daily_revenue"
    found = rows_of(platform.over_flight(sql))
    days = [row[0] for row in found]
    assert len(days) == len(set(days)), "serving.daily_revenue: a day comes twice"
    shop = platform.shop_rows(
        "select order_date, count(*), sum(amount), round(sum(amount) / count(*), 2) from orders "
        "where status = 'completed' and deleted_at is null group by order_date"
    )
    expected = {row[0]: row for row in shop}
    names = ("order_date", "orders_count", "daily_revenue", "average_order_value")
    require_equal("serving.daily_revenue", {row[0]: row for row in found if row[1]}, expected, names)
    reckoned.days = len(expected)


def shop_rows(
    platform: StreamPlatform, table: str, columns: Sequence[str], as_in: pa.Schema, where: str = "true"
) -> Rows:
    """The shop's rows by key, its times as precise as those of the schema that they are compared with."""
    coarse = {name for name in columns if as_in.field(name).type == pa.timestamp("ms")}
    shortened = [f"date_trunc('milliseconds', {name})" if name in coarse else name for name in columns]
    rows = platform.shop_rows(f"select {', '.join(shortened)} from {table} where {where}")
    return {row[0]: row for row in rows}


def rows_of(table: pa.Table) -> list[Row]:
    """The rows of an Arrow table as Python values; times have no zone."""
    columns = [[_plain(value) for value in column.to_pylist()] for column in table.columns]
    return list(zip(*columns, strict=True))


def require_equal(where: str, found: Rows, expected: Rows, columns: Sequence[str]) -> None:
    """Raises AssertionError with keys and columns when the rows differ."""
    if found == expected:
        return
    lost, extra = expected.keys() - found.keys(), found.keys() - expected.keys()
    differing = [key for key in found.keys() & expected.keys() if found[key] != expected[key]]
    words = [f"{where} is not as the shop: {len(found)} rows against {len(expected)}"]
    if lost:
        words.append(f"{len(lost)} lost: {_some(lost)}")
    if extra:
        words.append(f"{len(extra)} that the shop does not have: {_some(extra)}")
    for key in sorted(differing)[:_SHOWN]:
        pairs = zip(columns, found[key], expected[key], strict=True)
        words.append(f"{key}: " + ", ".join(f"{n} is {a}, not {b}" for n, a, b in pairs if a != b))
    if differing:
        words.append(f"{len(differing)} differ")
    raise AssertionError("; ".join(words))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    assert value is None or isinstance(value, (int, str, Decimal, date, bool)), repr(value)
    return value


def _some(keys: Any) -> str:
    return ", ".join(str(key) for key in sorted(keys)[:_SHOWN])
