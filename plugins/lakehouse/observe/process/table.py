"""What the observer does again and again, and how often: one row for each loop."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from lakehouse.observe.eta.estimate import refresh
from lakehouse.observe.incidents.delivery import deliver_alerts
from lakehouse.observe.incidents.reconcile import reconcile
from lakehouse.observe.incidents.seam import watch_seam
from lakehouse.observe.metrics.gather import Gathered, Source, gather
from lakehouse.observe.metrics.reach import sources_of
from lakehouse.observe.morning.report import tell_due
from lakehouse.observe.process.heart import Heart
from lakehouse.observe.process.loops import Loop
from lakehouse.platform.connections import ConnectionUnknownError, connection
from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.names import AIRFLOW_CONNECTION

GATHER_SECONDS: Final = 30.0
"""Half of what an alert waits at least; a gathering of a quiet platform takes about a second."""
ETA_SECONDS: Final = 60.0
DELIVER_SECONDS: Final = 10.0
BEAT_SECONDS: Final = 30.0
RECONCILE_SECONDS: Final = 60.0
SEAM_SECONDS: Final = 60.0
MORNING_SECONDS: Final = 120.0
"""Two statements as long as there is nothing to say."""
RETIRES: Final = "OBSERVER_RETIRES"
"""`1` where a stop is meant to last, as `make down` is; elsewhere a stop that lasts is an alarm."""


class NothingReadError(Exception):
    """Not one source of metrics could be read."""


def loops(postgres: PostgresConnections, environment: Mapping[str, str] | None = None) -> list[Loop]:
    """Every loop of the process."""
    settings = os.environ if environment is None else environment
    sources = sources_of(postgres, lambda conn_id: connection(conn_id, settings), settings)
    heart = Heart(postgres, airflow_address(settings))
    return [
        Loop("beat", BEAT_SECONDS, heart.beat),
        Loop("reconcile incidents", RECONCILE_SECONDS, lambda: reconcile(postgres)),
        Loop("gather metrics", GATHER_SECONDS, lambda: gather_all(postgres, sources)),
        Loop("estimate the night's end", ETA_SECONDS, lambda: refresh(postgres, datetime.now(UTC))),
        Loop("deliver alerts", DELIVER_SECONDS, lambda: deliver_alerts(postgres)),
        Loop("watch the seam", SEAM_SECONDS, lambda: watch_seam(postgres)),
        Loop("morning message", MORNING_SECONDS, lambda: tell_due(postgres)),
    ]


def at_the_end(
    postgres: PostgresConnections, environment: Mapping[str, str] | None = None
) -> Callable[[], Any] | None:
    """What is done when the process is told to stop, where a stop is meant to last; else nothing."""
    settings = os.environ if environment is None else environment
    return Heart(postgres, airflow_address(settings)).stop if settings.get(RETIRES) == "1" else None


def airflow_address(environment: Mapping[str, str]) -> str | None:
    """Where Airflow's API is, if this environment says so."""
    try:
        return connection(AIRFLOW_CONNECTION, environment).url()
    except ConnectionUnknownError:
        return None


def gather_all(postgres: PostgresConnections, sources: list[Source]) -> list[Gathered]:
    """Read every source.

    Raises:
        NothingReadError: none could be read, so it is the observer that is ill.
    """
    done = gather(postgres, sources)
    failed = [each for each in done if each.error]
    if done and len(failed) == len(done):
        raise NothingReadError(f"no source can be read; the first: {failed[0].source}: {failed[0].error}")
    return done
