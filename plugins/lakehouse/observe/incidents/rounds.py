"""What the DAG `watch_platform` does for incidents, every five minutes.

The observer's loops (`lakehouse.observe.process.table`) do the same to the record, so one of them is enough;
each watches over the other.
"""

from __future__ import annotations

from datetime import UTC, datetime

from lakehouse.observe.incidents.delivery import deliver_alerts
from lakehouse.observe.incidents.heartbeats import (
    ALERT_PATH,
    OBSERVER,
    PATIENCE,
    SHIPPER,
    WATCH,
    beat,
    heartbeats,
    watch_over,
)
from lakehouse.observe.incidents.reconcile import Reconciled, reconcile
from lakehouse.platform.database import PostgresConnections


def watch_round(postgres: PostgresConnections, now: datetime | None = None) -> Reconciled:
    """Reconcile, look who is silent, send what is due.

    Raises:
        PlatformDatabaseUnavailableError: PostgreSQL is away; the observer says so to people.
        NoNotifierError: everything else was done, and nobody can be told.
    """
    at = now or datetime.now(UTC)
    last = {each.name: each.beaten_at for each in heartbeats(postgres)}.get(WATCH)
    beat(postgres, WATCH, at)
    # After a pause of its own, others may have been away for the same reason and get time to come up.
    is_back = last is None or at - last > PATIENCE[WATCH]
    done = reconcile(postgres, at)
    watched = (OBSERVER, ALERT_PATH, SHIPPER)
    watch_over(postgres, watched, at if is_back else datetime.min.replace(tzinfo=UTC), at)
    # By the time it is now: what was told since is due as well.
    deliver_alerts(postgres, now=now)
    return done
