"""The observer's part in the dead man's switch: it shows that it lives, and looks who else does."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Final

import httpx

from lakehouse.observe.incidents.heartbeats import (
    ALERT_PATH,
    OBSERVER,
    SCHEDULER,
    SHIPPER,
    WATCH,
    beat,
    is_well,
    retire,
    tell_outside,
    watch_over,
)
from lakehouse.observe.incidents.spool import shout
from lakehouse.observe.notify.channel import NoNotifierError, alerts_channel
from lakehouse.platform.connections import ConnectionUnknownError
from lakehouse.platform.database import PlatformDatabaseUnavailableError, PostgresConnections

log = logging.getLogger(__name__)

ASK_SECONDS: Final = 5.0
DATABASE_PATIENCE: Final = 3
"""Beats that PostgreSQL may miss before people are told without it: a restart takes less."""
WATCHED: Final = (WATCH, SCHEDULER, ALERT_PATH, SHIPPER)


class Heart:
    """One beat at a time. `airflow` is Airflow's address; without it nobody speaks for the scheduler."""

    def __init__(self, postgres: PostgresConnections, airflow: str | None) -> None:
        self._postgres = postgres
        self._airflow = airflow
        self._since: datetime | None = None
        self._missed = 0

    def beat(self) -> None:
        """Show oneself, ask for the scheduler, tell who is silent, and tell outside that all is well."""
        now = datetime.now(UTC)
        # Only once PostgreSQL answers is anybody's silence seen; a clock that was set back begins again.
        if self._since is None or self._since > now:
            self._since = now
        try:
            beat(self._postgres, OBSERVER, now)
            if self._airflow and scheduler_is_healthy(self._airflow):
                beat(self._postgres, SCHEDULER, now)
            watch_over(self._postgres, WATCHED, self._since, now)
        except Exception as error:
            self._since = None
            self._missed += 1
            if self._missed >= DATABASE_PATIENCE and isinstance(error, PlatformDatabaseUnavailableError):
                shout(f"{error}\n\nThe observer has seen it {self._missed} times in a row.")
            raise
        self._missed = 0
        if (url := _outside()) and is_well(self._postgres, now):
            tell_outside(url)

    def stop(self) -> None:
        """The observer is stopped on purpose, and with it the alert path that ends in it."""
        retire(self._postgres, OBSERVER, ALERT_PATH)


def scheduler_is_healthy(airflow: str) -> bool:
    """By Airflow's own health page, which goes by the scheduler's heartbeat."""
    try:
        answer = httpx.get(f"{airflow.rstrip('/')}/api/v2/monitor/health", timeout=ASK_SECONDS)
        return bool(answer.json()["scheduler"]["status"] == "healthy")
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        log.warning("Airflow at %s does not say how its scheduler is: %s", airflow, type(error).__name__)
        return False


def _outside() -> str | None:
    try:
        return alerts_channel().heartbeat_url
    except (NoNotifierError, ConnectionUnknownError):
        return None
