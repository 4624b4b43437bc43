"""All that `watch_platform` does in one run, each part apart from the others."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from lakehouse.observe.eta.estimate import refresh
from lakehouse.observe.incidents.heartbeats import OBSERVER, PATIENCE, heartbeats
from lakehouse.observe.incidents.rounds import watch_round
from lakehouse.observe.incidents.seam import watch_seam
from lakehouse.observe.watch.look import WATCH
from lakehouse.observe.watch.rounds import watch
from lakehouse.platform.airflow_api import AirflowApi
from lakehouse.platform.airflow_api_hook import AirflowApiHook
from lakehouse.platform.connections import Connection, ConnectionUnknownError, connection
from lakehouse.platform.database import LedgerMissingError, PostgresConnections, platform_postgres

log = logging.getLogger(__name__)

KEPT: Final = timedelta(days=2)
"""How long Airflow keeps the rounds of the watch: there are 288 a day, more than of all other DAGs."""
MOST_DELETED: Final = 20
"""Old rounds that one round removes: one is due each time."""


class ChoreFailedError(Exception):
    """A part of the round could not be done; the message says which, and why."""


def do_all() -> None:
    """Watch, then do what the observer process does as well.

    Raises:
        ChoreFailedError: something failed; everything else was done.
    """
    api = AirflowApiHook().get_conn()
    postgres = platform_postgres()
    now = datetime.now(UTC)
    do_each(
        {
            "watch": lambda: watch(api, postgres, now),
            "incidents": lambda: watch_round(postgres),
            "seam": lambda: watch_seam(postgres, now),
            "forecast": lambda: refresh(postgres, now),
            "metrics": lambda: gather_in_the_observers_place(postgres, now),
            "old rounds": lambda: remove_old_rounds(api, now),
        }
    )


def do_each(chores: Mapping[str, Callable[[], object]]) -> None:
    """Do every chore, whatever becomes of the others.

    Raises:
        ChoreFailedError: names those that failed, with their errors' words.
    """
    failed: list[tuple[str, Exception]] = []
    for name, chore in chores.items():
        try:
            chore()
        except LedgerMissingError as error:
            # A new platform: until it is provisioned there is no night to watch.
            log.warning("%s not done yet: %s", name, error)
        except Exception as error:
            log.exception("%s failed", name)
            failed.append((name, error))
    if failed:
        told = "; ".join(f"{name}: {type(error).__name__}: {error}" for name, error in failed)
        raise ChoreFailedError(told) from failed[0][1]


def gather_in_the_observers_place(postgres: PostgresConnections, now: datetime) -> int:
    """Gather metrics unless the observer does: the health page shows them; how many sources were read.

    A source that cannot be read is a metric itself, and no failure of this.

    Raises:
        PlatformDatabaseUnavailableError: PostgreSQL is away.
    """
    beaten = {each.name: each.beaten_at for each in heartbeats(postgres)}.get(OBSERVER)
    if beaten is not None and now - beaten <= PATIENCE[OBSERVER]:
        return 0
    # Not at the top: Airflow's scheduler loads this module and needs no clients of the services.
    from lakehouse.observe.metrics.gather import gather
    from lakehouse.observe.metrics.reach import sources_of

    return len(gather(postgres, sources_of(postgres, connection_of_airflow, os.environ)))


def connection_of_airflow(conn_id: str) -> Connection:
    """A connection by the environment, or else as Airflow keeps it.

    Raises:
        ConnectionUnknownError: Airflow has none of that id.
    """
    try:
        return connection(conn_id)
    except ConnectionUnknownError:
        from airflow.sdk import BaseHook
        from airflow.sdk.exceptions import AirflowNotFoundException

        try:
            kept = BaseHook.get_connection(conn_id)
        except AirflowNotFoundException as error:
            raise ConnectionUnknownError(f"Airflow has no connection {conn_id}: {error}") from error
        return Connection(
            host=kept.host or "",
            port=kept.port,
            schema=kept.schema or "",
            login=kept.login or "",
            password=kept.password or "",
            extra=kept.extra_dejson,
        )


def remove_old_rounds(api: AirflowApi, now: datetime) -> int:
    """Remove the rounds of the watch that are older than `KEPT` from Airflow's database; how many.

    Raises:
        AirflowApiError: Airflow does not answer, or refuses.
    """
    old = api.finished_before(WATCH, now - KEPT, MOST_DELETED)
    for run in old:
        api.delete(run)
    return len(old)
