"""What checks of the seam found, kept in PostgreSQL: for people, for the observer, for what is due."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql

_SQL: Final = "postgres/stream/"


class Outcome(StrEnum):
    """What a check came to."""

    EQUAL = "equal"
    DIFFERENT = "different"
    NOT_READY = "not_ready"
    """There was nothing to compare: no stream, no gold, or a batch half on its way."""


class Side(StrEnum):
    """Where the view shows an order from."""

    HOT = "hot"
    COLD = "cold"
    BOTH = "both"


class Difference(StrEnum):
    """How an order differs from what the recomputation has."""

    MISSING = "missing"
    UNEXPECTED = "unexpected"
    CHANGED = "changed"
    DOUBLED = "doubled"


@dataclass(frozen=True)
class DayTotals:
    """Both sides' counts and sums of one day; revenue is that of completed orders."""

    order_date: date
    expected_orders: int
    shown_orders: int
    expected_completed: int
    shown_completed: int
    expected_revenue: Decimal
    shown_revenue: Decimal
    differences: int
    """Orders that differ, or 1 where only serving.daily_revenue does."""


@dataclass(frozen=True)
class OrderDifference:
    """One order that the view does not show as the recomputation has it."""

    order_id: int
    order_date: date | None
    side: Side
    kind: Difference
    detail: Mapping[str, Any]
    """`{column: {"expected": .., "shown": ..}}`."""


@dataclass(frozen=True)
class Check:
    """One check of the seam."""

    checked_at: datetime
    edge_date: date | None
    source_lsn: int | None
    batch_id: int | None
    from_day: date | None
    """The first day that was compared; None: all of them."""
    outcome: Outcome
    reason: str | None
    orders: int
    differences: int
    seconds: float
    days: tuple[DayTotals, ...] = ()
    """Those that differ."""
    samples: tuple[OrderDifference, ...] = ()
    check_id: int | None = field(default=None, compare=False)


@dataclass(frozen=True)
class DayAudit:
    """What the stream had shown of a day that has gone cold, and the audited numbers that are shown now."""

    order_date: date
    streamed_orders: int
    audited_orders: int
    streamed_revenue: Decimal
    audited_revenue: Decimal
    missed_by_the_stream: int
    missing_in_gold: int
    changed: int
    example_order_id: int | None

    @property
    def is_equal(self) -> bool:
        return self.missed_by_the_stream == self.missing_in_gold == self.changed == 0


@dataclass(frozen=True)
class EdgeAudit:
    """One day's audit as it was stored."""

    edge_date: date
    audited_at: datetime
    day: DayAudit


class SeamRecord:
    """The checks and audits. Every method raises PlatformDatabaseUnavailableError, LedgerMissingError."""

    def __init__(self, postgres: PostgresConnections) -> None:
        self._postgres = postgres

    def add(self, check: Check) -> int:
        """Store a check with its days and samples; its number."""
        values = asdict(check) | {"outcome": str(check.outcome)}
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql(f"{_SQL}insert_seam_check.sql"), values)
            check_id = int(cursor.fetchone()[0])
            for day in check.days:
                found = asdict(day) | {"check_id": check_id}
                cursor.execute(read_sql(f"{_SQL}insert_seam_day.sql"), found)
            for sample in check.samples:
                found = asdict(sample) | {
                    "check_id": check_id,
                    "side": str(sample.side),
                    "kind": str(sample.kind),
                    "detail": json.dumps(dict(sample.detail), default=str),
                }
                cursor.execute(read_sql(f"{_SQL}insert_seam_difference.sql"), found)
        return check_id

    def last(self) -> Check | None:
        """The newest check, without its days and samples."""
        return self._last(decided=False)

    def last_decided(self) -> Check | None:
        """The newest check that compared something, with its days and samples."""
        found = self._last(decided=True)
        if found is None:
            return None
        values = {"check_id": found.check_id}
        days = [DayTotals(*row) for row in self._all("select_seam_days", values)]
        samples = [
            OrderDifference(order_id, day, Side(side), Difference(kind), detail)
            for order_id, day, side, kind, detail in self._all("select_seam_differences", values)
        ]
        return replace(found, days=tuple(days), samples=tuple(samples))

    def audited_edge(self) -> date | None:
        """The newest edge whose days have been audited."""
        [(newest,)] = self._all("select_seam_audited_edge", {})
        return None if newest is None else newest

    def audited(self, edge_date: date, days: Sequence[DayAudit], at: datetime) -> None:
        """Store what went cold with an edge; one that is known already stays as it is."""
        values = {"edge_date": edge_date, "audited_at": at}
        with transaction(self._postgres) as cursor:
            for day in days:
                cursor.execute(read_sql(f"{_SQL}upsert_seam_audit.sql"), asdict(day) | values)
            cursor.execute(read_sql(f"{_SQL}insert_seam_audited_edge.sql"), values)

    def audits(self, most: int) -> list[EdgeAudit]:
        """The newest audited days, the newest first."""
        rows = self._all("select_seam_audits", {"most": most})
        return [EdgeAudit(edge, at, DayAudit(day, *rest)) for edge, day, at, *rest in rows]

    def _last(self, decided: bool) -> Check | None:
        rows = self._all("select_last_seam_check", {"decided": decided})
        if not rows:
            return None
        check_id, checked_at, edge, lsn, batch_id, from_day, outcome, *rest = rows[0]
        reason, orders, differences, seconds = rest
        return Check(
            checked_at=checked_at,
            edge_date=edge,
            source_lsn=lsn,
            batch_id=batch_id,
            from_day=from_day,
            outcome=Outcome(outcome),
            reason=reason,
            orders=int(orders),
            differences=int(differences),
            seconds=float(seconds),
            check_id=int(check_id),
        )

    def _all(self, statement: str, values: Mapping[str, Any]) -> list[Any]:
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql(f"{_SQL}{statement}.sql"), values)
            return list(cursor.fetchall())
