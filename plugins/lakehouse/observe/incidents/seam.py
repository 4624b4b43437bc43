"""A unified view that is not what bronze says, told as one incident until a later check finds it right."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from lakehouse.observe.incidents.failure import OWNER
from lakehouse.observe.incidents.finding import Finding, Incident, Severity
from lakehouse.observe.incidents.reading import open_members
from lakehouse.observe.incidents.record import resolve, tell
from lakehouse.platform.database import PostgresConnections
from lakehouse.stream.plan import NOT_DECLARED, is_declared
from lakehouse.stream.seam_record import Check, OrderDifference, Outcome, SeamRecord

DIFFERS: Final = "differs_from_bronze"
VIEW: Final = "serving.orders"
_SAMPLES: Final = 8


def watch_seam(postgres: PostgresConnections, now: datetime | None = None) -> Incident | None:
    """Tell or resolve what the last check of the seam found; the incident that is open, if one is.

    Without a stream there is no seam: an incident of an earlier one is resolved.

    Raises:
        LedgerMissingError: the tables are not there.
        PlatformDatabaseUnavailableError: PostgreSQL is away.
    """
    at = now or datetime.now(UTC)
    check = SeamRecord(postgres).last_decided()
    if check is None:
        return None
    if check.outcome is Outcome.DIFFERENT and is_declared():
        return tell(postgres, found(check), at)
    key = found(check).key
    if any(each.key == key for each in open_members(postgres)):
        why = f"check {check.check_id} of {check.checked_at:%H:%M} UTC found no difference"
        resolve(postgres, key, why if is_declared() else NOT_DECLARED, at)
    return None


def found(check: Check) -> Finding:
    """The finding of a check. Every check of the same view has the same key."""
    days = [str(day.order_date) for day in check.days]
    sides = sorted({str(each.side) for each in check.samples})
    return Finding(
        kind=DIFFERS,
        root=VIEW,
        business_date=None,
        severity=Severity.PAGE,
        summary=f"{VIEW} shows {check.differences} orders otherwise than bronze has them: {', '.join(days)}",
        error=check.reason,
        command="bin/stream verify",
        evidence={
            "owner": OWNER,
            "readers_see": "wrong live numbers on these days; gold and the dashboards on it are not touched",
            "days": days,
            "sides": sides,
            "sample_rows": [_sample(each) for each in check.samples[:_SAMPLES]],
            "dashboards": ["live-orders"],
            "edge": str(check.edge_date),
            "runbook": "docs/runbooks/seam.md",
        },
    )


def _sample(each: OrderDifference) -> str:
    return f"order {each.order_id} of {each.order_date}, {each.side}: {each.kind} {', '.join(each.detail)}"
