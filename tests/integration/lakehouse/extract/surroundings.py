"""One task of one run of an extract, without Airflow around it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

from airflow.providers.postgres.hooks.postgres import PostgresHook

from lakehouse.airbyte.extract_operator import AirbyteExtractOperator

FIRST_NIGHT, SECOND_NIGHT = "2025-10-16", "2025-10-17"
ORDERS = "5000"
ABSENT = {"DREMIO_PORT": "1", "DREMIO_FLIGHT_PORT": "1"}
"""Services that these tests do not start."""


class Night:
    """The surroundings of one task of one run."""

    def __init__(self, night: str, **params: Any) -> None:
        self.store: dict[str, Any] = {}
        store = SimpleNamespace(get=self.store.get, set=self.store.__setitem__, delete=self.store.__delitem__)
        now = datetime.now(UTC)
        run = SimpleNamespace(partition_key=night, start_date=now, run_after=now)
        self.context = {"params": params, "dag_run": run, "task_state_store": store}

    def operator(self, connection: str = "shop_postgres_to_lake", **arguments: Any) -> AirbyteExtractOperator:
        arguments = {"synchronous_seconds": 120, **arguments}
        return AirbyteExtractOperator(task_id="sync", connection_name=connection, **arguments)

    def extract(self, connection: str = "shop_postgres_to_lake") -> Any:
        return self.operator(connection).execute(self.context)


def landing_files(night: str) -> int:
    """How many landing objects the date has claimed."""
    found = PostgresHook("platform_postgres").get_first(
        "select count(*) from landing_files where business_date = %s", parameters=(date.fromisoformat(night),)
    )
    return int(found[0])
