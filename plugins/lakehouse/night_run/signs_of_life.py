"""Whether what Airflow calls running is alive.

A task that was killed keeps the state `running` until Airflow has missed its heartbeats for
`[scheduler] task_instance_heartbeat_timeout`, and so does every task of a scheduler that was killed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from lakehouse.platform.airflow_api import AirflowApi, AirflowApiError, Run
from lakehouse.platform.connections import ConnectionUnknownError, DirectPostgres, connection
from lakehouse.platform.database import PlatformDatabaseUnavailableError, PostgresConnections, transaction
from lakehouse.platform.names import AIRFLOW_DATABASE_CONNECTION
from lakehouse.platform.sql_files import read_sql

SILENT_AFTER: Final = timedelta(seconds=20)
"""A task shows a sign of life every 5 seconds, and a scheduler too: four in a row are missing."""
_TIME: Final = "%H:%M:%S"
"""UTC, as the lines of the screen begin. A time stays the same, so that the screen repeats nothing."""


class Heartbeats(Protocol):
    """What this needs of Airflow's API."""

    def heartbeats(self) -> dict[str, datetime | None]: ...


class SignsOfLife:
    """Doubts about the tasks of a run.

    Args:
        api: Airflow's API, which knows when the scheduler showed a sign of life last.
        metadata: Airflow's database, which knows it of each task; None if no connection leads there.
        timeout_seconds: after how many seconds without one Airflow ends a task.
        now: the time.
    """

    def __init__(
        self,
        api: Heartbeats,
        metadata: PostgresConnections | None,
        timeout_seconds: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._api = api
        self._metadata = metadata
        self._timeout = timeout_seconds
        self._now = now

    def doubts(self, run: Run) -> str:
        """One sentence on what is silent, and on when Airflow does something about it; else empty."""
        try:
            scheduler = self._api.heartbeats()["scheduler"]
            silent = self._silent(run)
        except (AirflowApiError, PlatformDatabaseUnavailableError):
            return ""  # who asks for the run itself waits for Airflow, and says so
        told = [
            f"{task}: no sign of life since {last:{_TIME}}, tried again once Airflow has missed it for "
            f"{self._timeout} s"
            for task, last in silent
        ]
        if scheduler is not None and self._now() - scheduler > SILENT_AFTER:
            since = scheduler.astimezone(UTC)
            told.append(
                f"the scheduler: no sign of life since {since:{_TIME}}, nothing starts until it is back"
            )
        return "; ".join(told)

    def _silent(self, run: Run) -> list[tuple[str, datetime]]:
        if self._metadata is None:
            return []
        values = {"dag_id": run.dag_id, "run_id": run.run_id}
        with transaction(self._metadata) as cursor:
            cursor.execute(read_sql("postgres/airflow/select_task_heartbeats.sql"), values)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return [(str(task), last.astimezone(UTC)) for task, last in rows if self._now() - last > SILENT_AFTER]


def signs_of_life(api: AirflowApi) -> SignsOfLife:
    """Those of the Airflow that this process's environment describes."""
    from airflow.configuration import conf

    metadata: PostgresConnections | None
    try:
        metadata = DirectPostgres(connection(AIRFLOW_DATABASE_CONNECTION))
    except ConnectionUnknownError:
        metadata = None
    return SignsOfLife(api, metadata, conf.getint("scheduler", "task_instance_heartbeat_timeout"))
