"""Where the edge between hot and cold is: which of the source's changes gold has, and since which date.

Gold has every change up to a position of the source's log when the night whose extract began there has
published, and every sync before it has been published too. What is not known of a sync counts against it: a
smaller position only shows more rows from hot, which are the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql

BEFORE_ALL: Final = date(1970, 1, 1)
"""The edge's business date until a night has published: every row of hot is on or after it."""


@dataclass(frozen=True)
class Position:
    """The edge."""

    business_date: date
    """Rows placed on or after it are shown from hot."""
    source_lsn: int
    """Rows changed after it are shown from hot."""
    moved_at: datetime | None = None
    """When it came here, by the platform database's clock; None before the first move."""
    held_by: date | None = None
    """The first claimed date that is not published, which keeps the edge where it is."""


NOWHERE: Final = Position(BEFORE_ALL, 0)


@dataclass(frozen=True)
class Claim:
    """What a business date has claimed of the source's syncs, in the order in which they ended."""

    business_date: date
    published: bool
    """Whether gold has everything that the date has claimed."""
    source_lsn: int | None
    """Where the source's log was before the date's newest sync began; None if that was not noted."""


def next_position(claims: Iterable[Claim], current: Position) -> Position:
    """The edge that follows from the claims, ordered by their time. It never moves back.

    The business date is the day after the newest date before which all are published; the log position is
    that of the last sync before the first one that is not.
    """
    known = list(claims)
    unpublished = sorted(claim.business_date for claim in known if not claim.published)
    held_by = unpublished[0] if unpublished else None
    published = [
        claim.business_date
        for claim in known
        if claim.published and (held_by is None or claim.business_date < held_by)
    ]
    business_date = max(published) + timedelta(days=1) if published else BEFORE_ALL
    source_lsn = 0
    for claim in known:
        if not claim.published:
            break
        source_lsn = max(source_lsn, claim.source_lsn or 0)
    return Position(
        business_date=max(business_date, current.business_date),
        source_lsn=max(source_lsn, current.source_lsn),
        moved_at=current.moved_at,
        held_by=held_by,
    )


def current_position(postgres: PostgresConnections) -> Position:
    """The edge as it was last moved."""
    with transaction(postgres) as cursor:
        return read_position(cursor)


def read_position(cursor: Any) -> Position:
    """The edge as it was last moved, within a transaction."""
    cursor.execute(read_sql("postgres/stream/select_edge.sql"))
    row = cursor.fetchone()
    return NOWHERE if row is None else Position(row[0], int(row[1]), row[2])
