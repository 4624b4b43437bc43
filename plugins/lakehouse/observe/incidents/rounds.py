"""What the observer process and the DAG `watch_platform` do for incidents, again and again.

Both do the same to the record, so one of them is enough; each watches over the other.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from lakehouse.observe.incidents.delivery import deliver_alerts
from lakehouse.observe.incidents.heartbeats import (
    ALERT_PATH,
    OBSERVER,
    PATIENCE,
    SCHEDULER,
    SHIPPER,
    WATCH,
    beat,
    heartbeats,
    is_well,
    retire,
    tell_outside,
    watch_over,
)
from lakehouse.observe.incidents.reconcile import Reconciled, reconcile
from lakehouse.observe.incidents.spool import shout
from lakehouse.observe.notify.channel import alerts_channel
from lakehouse.platform.connections import connection
from lakehouse.platform.database import PlatformDatabaseUnavailableError, PostgresConnections
from lakehouse.platform.names import AIRFLOW_CONNECTION

log = logging.getLogger(__name__)

DELIVERY_SECONDS: Final = 5.0
ROUND_SECONDS: Final = 30.0
HEARTBEAT_SECONDS: Final = 60.0
"""How often the service outside is told that all is well."""
DATABASE_PATIENCE: Final = 3
"""Rounds that PostgreSQL may miss before people are told without it: a restart takes less."""
_HEALTH_SECONDS: Final = 5


class ObserverRounds:
    """The observer's part; it remembers since when it has been looking."""

    def __init__(self, postgres: PostgresConnections, environment: Mapping[str, str] | None = None) -> None:
        self._postgres = postgres
        self._environment = environment
        self._since = datetime.now(UTC)
        self._missed = 0

    def loops(self) -> list[tuple[str, float, Callable[[], Any]]]:
        """Name, seconds between rounds, and what is done, of each."""
        return [
            ("deliver alerts", DELIVERY_SECONDS, self.deliver),
            ("reconcile incidents", ROUND_SECONDS, self.look),
            ("heartbeat to the outside", HEARTBEAT_SECONDS, self.tell_outside),
        ]

    def deliver(self) -> int:
        """Send what is due."""
        return deliver_alerts(self._postgres, alerts_channel(self._environment))

    def look(self, now: datetime | None = None) -> Reconciled:
        """Show that the observer lives, look who does not, and reconcile incidents with receipts."""
        try:
            beat(self._postgres, OBSERVER, now)
        except PlatformDatabaseUnavailableError as error:
            self._missed += 1
            if self._missed >= DATABASE_PATIENCE:
                shout(f"{error}\n\nSeen by the observer {self._missed} times in a row.")
            raise
        self._missed = 0
        self._look_at_scheduler()
        watched = (WATCH, SCHEDULER, ALERT_PATH, SHIPPER)
        watch_over(self._postgres, watched, self._since, now)
        return reconcile(self._postgres, now)

    def tell_outside(self) -> bool | None:
        """Ask for the address outside if everybody lives; None if there is none."""
        url = alerts_channel(self._environment).heartbeat_url
        if not url:
            return None
        return is_well(self._postgres) and tell_outside(url)

    def retire(self) -> None:
        """The observer is stopped on purpose, and with it what it alone can see."""
        retire(self._postgres, OBSERVER, SCHEDULER, ALERT_PATH)

    def _look_at_scheduler(self) -> None:
        beaten = scheduler_beat(connection(AIRFLOW_CONNECTION, self._environment).url())
        if beaten is not None:
            beat(self._postgres, SCHEDULER, beaten)


def scheduler_beat(airflow_url: str) -> datetime | None:
    """When Airflow's scheduler last showed that it lives; None if Airflow does not say."""
    import httpx

    try:
        answer = httpx.get(f"{airflow_url}/api/v2/monitor/health", timeout=_HEALTH_SECONDS)
        told = answer.json()["scheduler"]["latest_scheduler_heartbeat"]
        return datetime.fromisoformat(told)
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        log.warning("Airflow does not say how its scheduler is: %s: %s", type(error).__name__, error)
        return None


def watch_round(postgres: PostgresConnections, now: datetime | None = None) -> Reconciled:
    """The part of `watch_platform`: reconcile, send what is due, show its own life, look at the observer."""
    at = now or datetime.now(UTC)
    last = {each.name: each.beaten_at for each in heartbeats(postgres)}.get(WATCH)
    beat(postgres, WATCH, at)
    # After a pause of its own, others may have been away for the same reason and get time to come up.
    is_back = last is None or at - last > PATIENCE[WATCH]
    since = at if is_back else datetime.min.replace(tzinfo=UTC)
    done = reconcile(postgres, at)
    watch_over(postgres, (OBSERVER, ALERT_PATH, SHIPPER), since, at)
    deliver_alerts(postgres, now=at)
    return done
