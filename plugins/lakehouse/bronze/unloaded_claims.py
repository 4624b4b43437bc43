"""Rows that a date has claimed from landing and that no load has brought into bronze.

No other date will ever claim them, so they must be named. A date that somebody mistyped has such rows, an
extract whose `load_bronze` never ran, and a load whose contract refused them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql


@dataclass(frozen=True)
class UnloadedClaim:
    """What one date holds of one stream and bronze does not."""

    source: str
    stream: str
    business_date: date
    claimed_at: datetime
    rows: int
    rejected: bool
    """A load has run, and the stream's contract refused what it read."""


def unloaded_claims(postgres: PostgresConnections) -> list[UnloadedClaim]:
    """All there are, in the order of their dates."""
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/bronze/select_unloaded_claims.sql"))
        return [UnloadedClaim(*row) for row in cursor.fetchall()]


def of_other_dates(
    claims: Iterable[UnloadedClaim], source: str, stream: str, business_date: date
) -> list[UnloadedClaim]:
    """Those of the stream that another date holds."""
    return [
        claim
        for claim in claims
        if (claim.source, claim.stream) == (source, stream) and claim.business_date != business_date
    ]


def tell(claims: Iterable[UnloadedClaim]) -> list[str]:
    """One sentence for each date, with what to do."""
    return [
        f"{_rows(day)} claimed for {business_date} {_are_not_loaded(business_date, day)}"
        for business_date, day in (
            (business_date, list(group)) for business_date, group in groupby(claims, _business_date)
        )
    ]


def what_to_do(business_date: date) -> str:
    """For a date whose rows were never loaded."""
    return (
        f"run load_bronze for {business_date}, or, if nobody meant that date, give its rows back: "
        f"bin/bronze give-back {business_date}"
    )


def _are_not_loaded(business_date: date, claims: list[UnloadedClaim]) -> str:
    if all(claim.rejected for claim in claims):
        return "were refused by their contract (docs/runbooks/quarantine.md)"
    return f"are not in bronze: {what_to_do(business_date)}"


def _rows(claims: list[UnloadedClaim]) -> str:
    streams = ", ".join(f"{claim.rows:,} of {claim.source}.{claim.stream}" for claim in claims)
    return f"{sum(claim.rows for claim in claims):,} rows ({streams})"


def _business_date(claim: UnloadedClaim) -> date:
    return claim.business_date
