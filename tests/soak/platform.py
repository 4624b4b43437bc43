"""What a soak runs on: a shop, PostgreSQL, object store and Airbyte of its own, and the tasks on them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any, Final

from airflow.providers.postgres.hooks.postgres import PostgresHook

from lakehouse.airbyte.extract_operator import AirbyteExtractOperator
from lakehouse.airbyte.provision_operator import ProvisionAirbyteOperator
from lakehouse.airflow_settings import environment_lines, load_settings
from lakehouse.bronze.contract import load_contract
from lakehouse.bronze.landing_ledger import LandingLedger
from lakehouse.bronze.partition_loader import LoadedPartition, PartitionLoader
from lakehouse.bronze.reconciliation import BronzeLoads
from lakehouse.lake_storage import LakeStorage
from lakehouse.repository import INCLUDE
from tests.integration.ingestion_stack import AirbyteServer, IngestionStack
from tests.soak.shop_history import ShopHistory

CONNECTIONS: Final = {
    "postgres": "shop_postgres_to_lake",
    "api": "shop_api_to_lake",
    "files": "shop_files_to_lake",
}
STREAMS: Final = ("customers", "orders", "products", "shipments", "marketing_spend")
_ABSENT: Final = {"DREMIO_PORT": "1", "DREMIO_FLIGHT_PORT": "1"}
"""Services that a soak does not start."""


@dataclass
class SoakPlatform:
    """The running services, and the library's tasks on them, run as Airflow runs them."""

    stack: IngestionStack
    airbyte: AirbyteServer
    history: ShopHistory
    storage: LakeStorage
    postgres: PostgresHook
    ledger: LandingLedger
    _stores: dict[tuple[str, date], dict[str, Any]] = field(default_factory=dict)

    def advance_shop(self, day: date, orders_per_year: int) -> None:
        done = self.stack.shop("advance", "--to", day.isoformat(), "--orders", str(orders_per_year))
        assert done.returncode == 0, done.stderr

    def extract(self, source: str, day: date, force_sync: bool = False) -> Any:
        """The task of the extract stage; a second call for the date is its next attempt."""
        store = self._stores.setdefault((source, day), {})
        kept = SimpleNamespace(get=store.get, set=store.__setitem__, delete=lambda key: store.pop(key, None))
        now = datetime.now(UTC)
        run = SimpleNamespace(partition_key=day.isoformat(), start_date=now, run_after=now)
        operator = AirbyteExtractOperator(
            task_id="sync", connection_name=CONNECTIONS[source], synchronous_seconds=120
        )
        return operator.execute(
            {"params": {"force_sync": force_sync}, "dag_run": run, "task_state_store": kept}
        )

    def load(self, stream: str, day: date, storage: LakeStorage | None = None) -> LoadedPartition:
        """What the task of load_bronze does."""
        loader = PartitionLoader(
            load_contract(stream),
            self.ledger,
            storage or self.storage,
            BronzeLoads(self.postgres),
            self.postgres,
        )
        return loader.load(day, "soak")

    def sign_in(self) -> None:
        """A new token for the soak's own calls: one lives a quarter of an hour, a soak longer."""
        self.airbyte.http.headers["Authorization"] = f"Bearer {self.airbyte.token()}"

    def connection_id(self, source: str) -> str:
        """Airbyte's id of a connection."""
        every = self.airbyte.call("GET", "/connections")["data"]
        return next(str(each["connectionId"]) for each in every if each["name"] == CONNECTIONS[source])


@contextmanager
def soak_platform() -> Iterator[SoakPlatform]:
    """Start everything, and take it away at the end."""
    stack = IngestionStack()
    before = dict(os.environ)
    try:
        stack.start()
        with stack.airbyte() as airbyte:
            for line in environment_lines(load_settings(environment=stack.environ | _ABSENT)):
                name, value = line.split("=", 1)
                os.environ[name] = value
            storage = LakeStorage.from_connection()
            storage.create_bucket()
            postgres = PostgresHook("platform_postgres")
            tables = sorted((INCLUDE / "sql" / "postgres").glob("create_*.sql"))
            postgres.run([path.read_text() for path in tables])
            ProvisionAirbyteOperator(task_id="provision").execute({})
            yield SoakPlatform(
                stack,
                airbyte,
                ShopHistory(stack.environ),
                storage,
                postgres,
                LandingLedger(postgres, storage),
            )
    finally:
        os.environ.clear()
        os.environ.update(before)
        stack.stop()
