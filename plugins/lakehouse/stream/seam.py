"""Is the unified view right where hot meets cold? A recomputation from bronze says so, again and again.

`serving.orders` is put together from two tables that were filled in different ways. The check recomputes
every order from the night's and the stream's bronze at the same position of the log, without either table,
and compares counts, sums and keys by day. It is due when the edge has moved, that is after each night, and
every hour.
"""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from lakehouse.dremio.client import DremioClient
from lakehouse.platform.database import PostgresConnections, exclusively, transaction
from lakehouse.platform.sql_files import read_sql
from lakehouse.stream.edge import COLD_SOURCE, Edge
from lakehouse.stream.edge_position import BEFORE_ALL, Position
from lakehouse.stream.ledger import BatchState, StreamLedger
from lakehouse.stream.plan import STREAM_LOCK
from lakehouse.stream.seam_comparison import (
    GOLD_ORDERS,
    NIGHT_CUSTOMERS,
    NIGHT_ORDERS,
    SERVING_ORDERS,
    SERVING_REVENUE,
    Compared,
    Comparison,
    list_stream_files,
)
from lakehouse.stream.seam_record import Check, DayAudit, Outcome, SeamRecord
from lakehouse.stream.small_files import SMALL_FILES_LOCK

log = logging.getLogger(__name__)

CHECK_EVERY: Final = timedelta(minutes=55)
"""An hour, less what the start of an hourly task varies by."""
NOT_READY_AGAIN_AFTER: Final = timedelta(minutes=5)
"""What had nothing to compare looks again after this."""
DAYS_AROUND_THE_EDGE: Final = 8
"""Days before the edge that a check compares, beside all after it: one more than hot data is kept."""
LOCK_SECONDS: Final = 60
"""How long a check waits for a batch, a rebuild, or files that are being joined."""
_HOLDER: Final = "verification of the seam"


class Seam:
    """The checks of the seam. Each holds the stream's locks: no batch moves and no file goes meanwhile.

    Raises from every call:
        LockHeldError: a batch or a rebuild has held the lock for longer than a minute.
        DremioError: Dremio is away, or refuses a statement.
        PlatformDatabaseUnavailableError, LedgerMissingError: PostgreSQL is away, or not provisioned.
    """

    def __init__(self, postgres: PostgresConnections, client: DremioClient) -> None:
        self._postgres = postgres
        self._client = client
        self._record = SeamRecord(postgres)
        self._edge = Edge(client, postgres)
        self._ledger = StreamLedger(postgres)

    def verify_if_due(self, now: datetime | None = None) -> Check | None:
        """Check if the last check is an hour old or of another edge; None if nothing is due."""
        at = now or datetime.now(UTC)
        last = self._record.last()
        edge_date = self._edge.current().business_date
        if last is not None:
            known = last.edge_date or BEFORE_ALL
            wait = NOT_READY_AGAIN_AFTER if last.outcome is Outcome.NOT_READY else CHECK_EVERY
            if known == edge_date and at - last.checked_at < wait:
                return None
        return self.verify(at)

    def verify(self, now: datetime | None = None, all_days: bool = False) -> Check:
        """Check now; the check as it was stored.

        Args:
            now: when, by the platform's clock.
            all_days: compare every order there is, not only those of the days around the edge.
        """
        with (
            exclusively(self._postgres, STREAM_LOCK, _HOLDER, LOCK_SECONDS),
            exclusively(self._postgres, SMALL_FILES_LOCK, _HOLDER, LOCK_SECONDS),
        ):
            return self._verify(now or datetime.now(UTC), all_days)

    def _verify(self, at: datetime, all_days: bool) -> Check:
        started = time.monotonic()
        # Before the first batch there may be no hot tables, and so no edge that could move.
        has_begun = self._ledger.last_merged() is not None
        position = self._edge.advance() if has_begun else self._edge.current()
        if why := self._not_ready(position):
            check = self._undecided(position, at, why)
        else:
            list_stream_files(self._client)
            self._audit(position, at)
            check = self._checked(position, at, all_days)
        check = replace(check, seconds=time.monotonic() - started)
        stored = replace(check, check_id=self._record.add(check))
        log.log(
            logging.INFO if stored.outcome is Outcome.EQUAL else logging.WARNING,
            "seam: %s",
            sentence(stored),
        )
        return stored

    def _checked(self, position: Position, at: datetime, all_days: bool) -> Check:
        from_day = None if all_days else position.business_date - timedelta(days=DAYS_AROUND_THE_EDGE)
        comparison = Comparison(
            self._client, position.business_date, position.source_lsn, from_day, self._unpublished()
        )
        found = comparison.compare()
        if found.differences:
            # A night may have published between two statements: what is wrong is still wrong.
            found = comparison.compare()
        outcome = Outcome.DIFFERENT if found.differences else Outcome.EQUAL
        return Check(
            checked_at=at,
            edge_date=position.business_date,
            source_lsn=position.source_lsn,
            batch_id=self._last_batch(),
            from_day=from_day,
            outcome=outcome,
            reason=_in_words(found) if found.differences else None,
            orders=found.orders,
            differences=found.differences,
            seconds=0.0,
            days=found.days,
            samples=found.samples,
        )

    def _audit(self, position: Position, at: datetime) -> None:
        """Report once what the audited numbers have changed of the days that have gone cold."""
        before = self._record.audited_edge()
        if before is not None and before >= position.business_date:
            return
        from_day = before or position.business_date - timedelta(days=DAYS_AROUND_THE_EDGE)
        days = Comparison(self._client, position.business_date, position.source_lsn, from_day).audit()
        self._record.audited(position.business_date, days, at)
        for day in days:
            log.log(logging.INFO if day.is_equal else logging.WARNING, "seam: %s", audit_sentence(day))

    def _unpublished(self) -> list[date]:
        """Business dates whose newest sync is not published, wherever the edge is."""
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/stream/select_cold_claims.sql"), {"source": COLD_SOURCE})
            return [day for day, published, _ in cursor.fetchall() if not published]

    def _not_ready(self, position: Position) -> str | None:
        """Why there is nothing to compare, if so."""
        if self._ledger.last_merged() is None:
            return "the stream has not merged a batch yet"
        batch = self._ledger.in_flight()
        if batch is not None and batch.state in (BatchState.LANDED, BatchState.BRONZE):
            return f"batch {batch.id} is in bronze and not in the hot tables: it goes on first"
        if position.business_date == BEFORE_ALL:
            return "no night has published gold since the stream began: there is no cold side yet"
        for path in (NIGHT_ORDERS, NIGHT_CUSTOMERS, GOLD_ORDERS, SERVING_ORDERS, SERVING_REVENUE):
            if self._client.find(path) is None:
                return f"Dremio has no {'.'.join(path)}: run provision_platform, and a night"
        return None

    def _undecided(self, position: Position, at: datetime, why: str) -> Check:
        edge_date = None if position.business_date == BEFORE_ALL else position.business_date
        return Check(
            at, edge_date, position.source_lsn, self._last_batch(), None, Outcome.NOT_READY, why, 0, 0, 0.0
        )

    def _last_batch(self) -> int | None:
        last = self._ledger.last_merged()
        return None if last is None else last.id


def sentence(check: Check) -> str:
    """A check in one line."""
    where = f"edge {check.edge_date}" if check.edge_date else "no edge yet"
    if check.outcome is Outcome.NOT_READY:
        return f"not checked ({where}): {check.reason}"
    since = f"from {check.from_day}" if check.from_day else "all days"
    if check.outcome is Outcome.EQUAL:
        return f"{check.orders} orders {since} are as recomputed from bronze ({where}, {check.seconds:.1f} s)"
    return f"{check.differences} differences {since} ({where}): {check.reason}"


def audit_sentence(day: DayAudit) -> str:
    """A day's audit in one line."""
    counts = f"the stream had {day.streamed_orders} orders, gold has {day.audited_orders}"
    if day.is_equal:
        return f"{day.order_date} is audited: {counts}, all the same"
    return (
        f"{day.order_date} is audited: {counts}; "
        f"revenue {day.streamed_revenue} became {day.audited_revenue}; "
        f"{day.missed_by_the_stream} orders missed by the stream, {day.missing_in_gold} missing in gold, "
        f"{day.changed} changed (such as order {day.example_order_id})"
    )


def _in_words(found: Compared) -> str:
    if not found.samples:
        day = found.days[0]
        return (
            f"serving.daily_revenue of {day.order_date} shows {day.shown_revenue}, "
            f"the orders of that day add up to {day.expected_revenue}"
        )
    days = ", ".join(str(each.order_date) for each in found.days)
    first = found.samples[0]
    return f"of {days}; order {first.order_id} of {first.order_date} ({first.side}) is {first.kind}"
