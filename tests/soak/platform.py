"""What a soak runs on: a shop, PostgreSQL, object store and Airbyte of its own, and the tasks on them."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import psycopg
from airflow.providers.postgres.hooks.postgres import PostgresHook

from lakehouse.airbyte.cadence import by_the_clock
from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.airbyte.provision_operators import ProvisionAirbyteOperator
from lakehouse.bronze.contract_file import load_contract, load_contracts
from lakehouse.bronze.partition_loader import LoadedPartition, PartitionLoader
from lakehouse.bronze.reconciliation import BronzeLoads
from lakehouse.landing.ledger import LandingLedger
from lakehouse.landing.operators import AirbyteExtractOperator
from lakehouse.platform.airflow_settings import environment_lines, load_settings
from lakehouse.platform.external_job.kept import KEY
from lakehouse.platform.metadata_tables import create_metadata_tables
from lakehouse.platform.storage import LakeStorage
from testing.fault_proxy import FaultProxy, fault_proxy
from testing.ingestion_stack import AirbyteServer, IngestionStack
from testing.lakehouse.extract_task import ABSENT, ATTEMPTS, Night, with_time_limit
from testing.waiting import wait_until
from tests.soak.shop_history import ShopHistory

STREAMS: Final = tuple(sorted(each.stream for each in load_contracts()))
"""Every stream that has a contract."""
CONNECTIONS: Final = {each.source_folder: each.name for each in by_the_clock(read_all_connection_files())}
"""Airbyte's connections by the source that contracts name."""
_AWAY: Final = (httpx.TransportError, psycopg.Error, AssertionError)


@dataclass
class SoakPlatform:
    """The running services, and the library's tasks on them, run as Airflow runs them."""

    stack: IngestionStack
    airbyte: AirbyteServer
    proxy: FaultProxy
    """Before Airbyte; Airflow's connection leads through it."""
    history: ShopHistory
    storage: LakeStorage
    postgres: PostgresHook
    ledger: LandingLedger
    _stores: dict[tuple[str, date], dict[str, Any]] = field(default_factory=dict)

    def advance_shop(self, day: date, orders_per_year: int) -> None:
        done = self.stack.shop("advance", "--to", day.isoformat(), "--orders", str(orders_per_year))
        assert done.returncode == 0, done.stderr

    def task(
        self, source: str, day: date, force_sync: bool = False, **arguments: Any
    ) -> tuple[AirbyteExtractOperator, Night]:
        """The task of the extract stage and its surroundings; a second one is its next attempt."""
        store = self._stores.setdefault((source, day), {})
        if store.get(KEY, {}).get("reported"):
            store.clear()  # it succeeded: this is the task of another run
        night = Night(day.isoformat(), store, force_sync=force_sync)
        return night.operator(CONNECTIONS[source], **arguments), night

    def extract(self, source: str, day: date, force_sync: bool = False) -> Any:
        operator, night = self.task(source, day, force_sync)
        return operator.execute(night.context)

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
        return str(self._declared("connections", CONNECTIONS[source])["connectionId"])

    @contextmanager
    def configured(self, kind: str, name: str, **changes: Any) -> Iterator[None]:
        """An actor (`sources` or `destinations`) with other settings for a while."""
        actor = self._declared(kind, name)
        before = {setting: actor["configuration"].get(setting) for setting in changes}
        path = f"/{kind}/{actor[kind.removesuffix('s') + 'Id']}"
        self.airbyte.call("PATCH", path, {"configuration": changes})
        try:
            yield
        finally:
            self.airbyte.call("PATCH", path, {"configuration": before})

    def crash_postgres(self) -> None:
        """End the PostgreSQL server at once, as a crash does; its supervisor starts it again."""
        lock = self.stack.folder / "state" / "postgres" / "data" / "postmaster.pid"
        postmaster = int(lock.read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGQUIT)
        wait_until(lambda: not self._is_running(postmaster), "the server is gone", 30)

    def wait_until_whole(self) -> None:
        """Until PostgreSQL, and Airbyte on it, answer again."""

        def answers() -> bool:
            try:
                with closing(self.postgres.get_conn()):
                    return bool(self.airbyte.call("GET", "/connections")["data"])
            except _AWAY:
                return False

        wait_until(answers, "PostgreSQL and Airbyte answer again", 60)

    @staticmethod
    def _is_running(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    def _declared(self, kind: str, name: str) -> dict[str, Any]:
        every = self.airbyte.call("GET", f"/{kind}")["data"]
        return next(dict(each) for each in every if each["name"] == name)


@contextmanager
def soak_platform() -> Iterator[SoakPlatform]:
    """Start everything, and take it away at the end."""
    stack = IngestionStack()
    before = dict(os.environ)
    try:
        stack.start()
        with stack.airbyte(**ATTEMPTS) as airbyte:
            address = urlsplit(airbyte.url)
            with fault_proxy(f"{address.scheme}://{address.netloc}") as proxy:
                _lead_airflow(stack.environ | ABSENT | {"AIRBYTE_URL": proxy.url + address.path})
                storage = LakeStorage.from_connection()
                storage.create_bucket()
                postgres = PostgresHook("platform_postgres")
                create_metadata_tables(postgres)
                ProvisionAirbyteOperator(task_id="provision").execute({})
                yield SoakPlatform(
                    stack,
                    airbyte,
                    proxy,
                    ShopHistory(stack.environ),
                    storage,
                    postgres,
                    LandingLedger(postgres, storage),
                )
    finally:
        os.environ.clear()
        os.environ.update(before)
        stack.stop()


def _lead_airflow(wire: dict[str, str]) -> None:
    """Airflow's connections as variables, the one to Airbyte with a time limit that a hang soon passes."""
    for line in environment_lines(load_settings(environment=wire)):
        name, value = line.split("=", 1)
        os.environ[name] = with_time_limit(value) if name == "AIRFLOW_CONN_AIRBYTE_DEFAULT" else value
