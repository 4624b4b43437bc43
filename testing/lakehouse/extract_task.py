"""One task of one run of an extract, without Airflow around it, and what it may run into."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from airflow.providers.postgres.hooks.postgres import PostgresHook

from lakehouse.landing.operators import AirbyteExtractOperator
from lakehouse.platform.external_job.kept import KEY
from testing.lakehouse.task_memory import task_memory
from testing.waiting import wait_until

FIRST_NIGHT, SECOND_NIGHT = "2025-10-16", "2025-10-17"
ORDERS = "5000"
ABSENT = {"DREMIO_PORT": "1", "DREMIO_FLIGHT_PORT": "1"}
"""Services that these tests do not start."""
POLL_TIMEOUT_SECONDS = 8.0
"""Of a request to Airbyte: what a hang costs, and more than it needs on a busy machine."""
ATTEMPTS = {"AIRBYTE_SYNC_JOB_MAX_ATTEMPTS": "2"}
"""Airbyte's setting: enough to see that it tries again. How it counts is tested with its own tests."""


class Night:
    """The surroundings of one task of one run; `store` is what an earlier attempt has kept."""

    def __init__(self, night: str, store: dict[str, Any] | None = None, **params: Any) -> None:
        self.store: dict[str, Any] = {} if store is None else store
        now = datetime.now(UTC)
        run = SimpleNamespace(partition_key=night, start_date=now, run_after=now)
        self.context = {"params": params, "dag_run": run, **task_memory(self.store)}

    def operator(self, connection: str = "shop_postgres_to_lake", **arguments: Any) -> AirbyteExtractOperator:
        arguments = {"synchronous": timedelta(minutes=2), **arguments}
        return AirbyteExtractOperator(task_id="sync", connection_name=connection, **arguments)

    def extract(self, connection: str = "shop_postgres_to_lake") -> Any:
        return self.operator(connection).execute(self.context)

    def kept_job(self) -> int:
        """The job that the task has started, once it has."""
        wait_until(lambda: KEY in self.store, "a job is started", 20)
        return int(self.store[KEY]["handle"])

    @property
    def is_reported(self) -> bool:
        """Has the task told Airflow of a success?"""
        return bool(self.store.get(KEY, {}).get("reported"))


class InBackground:
    """A task that runs beside the test; `end` gives what it returned or raised."""

    def __init__(self, task: Callable[[], Any]) -> None:
        self._outcome: list[Any] = []

        def run() -> None:
            try:
                self._outcome.append(task())
            except BaseException as error:  # noqa: BLE001 - the test looks at it
                self._outcome.append(error)

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()

    def end(self, seconds: float = 60) -> Any:
        self._thread.join(seconds)
        assert self._outcome, "the task has not ended"
        return self._outcome[0]


@contextmanager
def stuck_sync(table: str = "orders") -> Iterator[None]:
    """The source's table is locked: a sync that has come to it goes on only afterwards."""
    with closing(PostgresHook("shop_postgres").get_conn()) as session, session.cursor() as cursor:
        cursor.execute(f"lock table {table} in access exclusive mode")
        yield


def sessions_at_the_lock() -> set[int]:
    """Airbyte's sessions at the source that wait to read a table: their PostgreSQL process ids.

    A session that asks for the publications waits for every table too: that is none.
    """
    queued = "application_name = 'airbyte' and wait_event_type = 'Lock' and query like 'COPY %'"
    found = PostgresHook("shop_postgres").get_records(f"select pid from pg_stat_activity where {queued}")
    return {int(pid) for (pid,) in found}


def with_time_limit(connection: str) -> str:
    """An Airflow connection, as JSON, whose requests soon give up."""
    fields = json.loads(connection)
    return json.dumps(fields | {"extra": {"timeout": POLL_TIMEOUT_SECONDS}})


def landing_files(night: str) -> int:
    """How many landing objects the date has claimed."""
    found = PostgresHook("platform_postgres").get_first(
        "select count(*) from landing_files where business_date = %s", parameters=(date.fromisoformat(night),)
    )
    return int(found[0])
