"""`bin/stream verify`: check the seam now, and say what was found."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from lakehouse.platform.database import PostgresConnections, platform_postgres
from lakehouse.stream.seam import Seam, audit_sentence, sentence
from lakehouse.stream.seam_record import Check, Outcome, SeamRecord

SHOWN = 10
"""Differences of the command's output; the rest is in the table."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which days."""
    parser.add_argument("--all", action="store_true", help="all days, not only those around the edge")


def run(options: argparse.Namespace) -> int:
    """Check, and print what was found; 0: all is equal, 1: something differs, 3: nothing was compared."""
    # The client of Dremio: the other commands start without it.
    from lakehouse.dremio.hook import DremioHook

    check = Seam(platform_postgres(), DremioHook().get_conn()).verify(all_days=options.all)
    print(*report(check), sep="\n")
    return {Outcome.EQUAL: 0, Outcome.DIFFERENT: 1, Outcome.NOT_READY: 3}[check.outcome]


def report(check: Check) -> Iterator[str]:
    """A check for people, line by line."""
    yield sentence(check)
    for day in check.days:
        yield (
            f"  {day.order_date}: {day.differences} differ; "
            f"{day.shown_orders} orders shown, {day.expected_orders} expected; "
            f"revenue {day.shown_revenue} shown, {day.expected_revenue} expected"
        )
    for each in check.samples[:SHOWN]:
        what = ", ".join(
            f"{name} {found['shown']} instead of {found['expected']}" for name, found in each.detail.items()
        )
        yield f"  order {each.order_id} of {each.order_date} ({each.side}) is {each.kind}: {what}"
    if len(check.samples) > SHOWN:
        yield f"  and more: table seam_differences, check {check.check_id}"


def status_lines(postgres: PostgresConnections) -> Iterator[str]:
    """What `bin/stream status` says of the seam: the last check, and the newest day that was audited."""
    record = SeamRecord(postgres)
    last = record.last()
    yield "never checked" if last is None else f"{last.checked_at:%Y-%m-%d %H:%M} UTC: {sentence(last)}"
    yield from (audit_sentence(each.day) for each in record.audits(1))
