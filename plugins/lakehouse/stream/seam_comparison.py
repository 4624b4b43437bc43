"""The comparison itself: Dremio recomputes the orders from bronze and compares them with what it serves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from lakehouse.dremio.client import DremioClient
from lakehouse.platform.sql_files import quote_path, render_sql
from lakehouse.stream.seam_record import DayAudit, DayTotals, Difference, OrderDifference, Side

STREAM_ORDERS: Final = ("lake_bronze", "stream", "orders")
"""The stream's bronze as one dataset."""
NIGHT_ORDERS: Final = ("bronze", "raw_orders")
NIGHT_CUSTOMERS: Final = ("bronze", "raw_customers")
GOLD_ORDERS: Final = ("gold", "orders")
SERVING_ORDERS: Final = ("serving", "orders")
SERVING_REVENUE: Final = ("serving", "daily_revenue")
SAMPLES: Final = 50
"""How many orders of a check are kept by key."""
COLUMNS: Final = (
    "customer_id",
    "product_id",
    "order_date",
    "quantity",
    "amount",
    "status",
    "created_at",
    "updated_at",
)
_SECONDS: Final = 900.0


@dataclass(frozen=True)
class Compared:
    """What a comparison found."""

    orders: int
    differences: int
    days: tuple[DayTotals, ...]
    """Those that differ."""
    samples: tuple[OrderDifference, ...]


class Comparison:
    """The seam at one edge.

    Args:
        client: of Dremio.
        edge_date: gold has the business dates before it,
        edge_lsn: and the source's log up to there.
        from_day: the first day that is compared; None: all of them.
        unpublished: dates before the edge that have landed once more and are not published again yet.
    """

    def __init__(
        self,
        client: DremioClient,
        edge_date: date,
        edge_lsn: int,
        from_day: date | None,
        unpublished: Collection[date] = (),
    ) -> None:
        self._client = client
        self._values: dict[str, Any] = {
            "stream_orders": quote_path(STREAM_ORDERS),
            "night_orders": quote_path(NIGHT_ORDERS),
            "night_customers": quote_path(NIGHT_CUSTOMERS),
            "serving_orders": quote_path(SERVING_ORDERS),
            "serving_revenue": quote_path(SERVING_REVENUE),
            "edge_date": edge_date.isoformat(),
            "edge_lsn": edge_lsn,
            "unpublished": sorted(day.isoformat() for day in unpublished),
            "from_day": None if from_day is None else from_day.isoformat(),
            "most": SAMPLES,
        }
        self._compared = render_sql("dremio/stream/seam_compared.sql", self._values)

    def compare(self) -> Compared:
        """Compare every order of the days asked for.

        Raises:
            DremioError: Dremio is away, or refuses a statement.
        """
        days = {each.order_date: each for each in map(_day, self._query("seam_days"))}
        orders = sum(each.shown_orders for each in days.values())
        differing = {day: each for day, each in days.items() if each.differences}
        samples = tuple(self._samples()) if differing else ()
        for row in self._query("seam_revenue"):
            day = date.fromisoformat(str(row["order_date"])[:10])
            differing.setdefault(day, _revenue_only(day, row, days.get(day)))
        found = sum(each.differences for each in differing.values())
        return Compared(orders, found, tuple(differing[day] for day in sorted(differing)), samples)

    def audit(self) -> list[DayAudit]:
        """What the stream had shown of the days that have gone cold since `from_day`, and what gold has.

        Raises:
            DremioError: Dremio is away, or refuses a statement.
        """
        return [_audited(row) for row in self._query("seam_audit")]

    def _samples(self) -> Iterator[OrderDifference]:
        return map(_sample, self._query("seam_orders"))

    def _query(self, statement: str) -> list[Mapping[str, Any]]:
        sql = render_sql(f"dremio/stream/{statement}.sql", {**self._values, "compared": self._compared})
        return list(self._client.query(sql, _SECONDS))


def list_stream_files(client: DremioClient) -> None:
    """Dremio reads the stream's bronze as one dataset; its files change with every batch.

    Raises:
        DremioError: Dremio is away, or refuses.
    """
    # Without looking at it first: what Dremio knows of it may name files that were joined since.
    client.run(render_sql("dremio/refresh_metadata.sql", {"dataset": quote_path(STREAM_ORDERS)}))


def _day(row: Mapping[str, Any]) -> DayTotals:
    return DayTotals(
        order_date=date.fromisoformat(str(row["order_date"])[:10]),
        expected_orders=int(row["expected_orders"]),
        shown_orders=int(row["shown_orders"]),
        expected_completed=int(row["expected_completed"]),
        shown_completed=int(row["shown_completed"]),
        expected_revenue=_money(row["expected_revenue"]),
        shown_revenue=_money(row["shown_revenue"]),
        differences=int(row["differences"]),
    )


def _revenue_only(day: date, row: Mapping[str, Any], orders: DayTotals | None) -> DayTotals:
    """A day whose orders are right, and serving.daily_revenue is not their sum."""
    return DayTotals(
        order_date=day,
        expected_orders=orders.expected_orders if orders else 0,
        shown_orders=orders.shown_orders if orders else 0,
        expected_completed=int(row["expected_completed"] or 0),
        shown_completed=int(row["shown_completed"] or 0),
        expected_revenue=_money(row["expected_revenue"]),
        shown_revenue=_money(row["shown_revenue"]),
        differences=1,
    )


def _sample(row: Mapping[str, Any]) -> OrderDifference:
    shown_from = {row["first_side"], row["last_side"]} - {None}
    if not shown_from:
        shown_from = {Side.HOT if int(row["is_live"] or 0) else Side.COLD}
    day = row["order_date"]
    return OrderDifference(
        order_id=int(row["order_id"]),
        order_date=None if day is None else date.fromisoformat(str(day)[:10]),
        side=Side.BOTH if len(shown_from) > 1 else Side(shown_from.pop()),
        kind=Difference(row["difference"]),
        detail={
            name: {"expected": row[f"expected_{name}"], "shown": row[f"shown_{name}"]}
            for name in COLUMNS
            if row[f"expected_{name}"] != row[f"shown_{name}"]
        },
    )


def _audited(row: Mapping[str, Any]) -> DayAudit:
    example = row["example_order_id"]
    return DayAudit(
        order_date=date.fromisoformat(str(row["order_date"])[:10]),
        streamed_orders=int(row["streamed_orders"]),
        audited_orders=int(row["audited_orders"]),
        streamed_revenue=_money(row["streamed_revenue"]),
        audited_revenue=_money(row["audited_revenue"]),
        missed_by_the_stream=int(row["missed_by_the_stream"]),
        missing_in_gold=int(row["missing_in_gold"]),
        changed=int(row["changed"]),
        example_order_id=None if example is None else int(example),
    )


def _money(value: Any) -> Decimal:
    return Decimal(str(value or 0)).quantize(Decimal("0.01"))
