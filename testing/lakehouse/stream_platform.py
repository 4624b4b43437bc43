"""A small platform that streams: source, Airbyte, lake and engine of its own, provisioned as for a night.

Neither Airflow nor Superset runs on it unless a caller starts them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import psycopg
import psycopg2
import pyarrow as pa
from pyarrow import flight

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.hook import LakehouseAirbyteHook
from lakehouse.airbyte.provision_operators import ProvisionAirbyteOperator
from lakehouse.dremio.client import DremioClient
from lakehouse.dremio.hook import DremioHook
from lakehouse.dremio.operators import ProvisionDremioOperator
from lakehouse.platform.airflow_settings import environment_lines, load_settings
from lakehouse.platform.database import PostgresConnections, platform_postgres
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.metadata_tables import create_metadata_tables
from lakehouse.platform.storage import LakeStorage
from lakehouse.stream.hot import HotTables
from lakehouse.stream.serving import ServingViews
from testing.embedded_platform import EmbeddedPlatform
from testing.programs import Programs
from testing.repository import PYTHON, ROOT
from testing.waiting import wait_until

SERVICES: Final = ("postgres", "object_store", "airbyte", "dremio")
SHOP_DAY: Final = "2025-10-16"
_WHOLE_SECONDS: Final = 180
"""Only a hang passes it, on a busy machine too."""
ORDERS: Final = "3000"
"""Of the shop's first year: enough that a table read as a whole is seen, and read in a second."""


@dataclass
class StreamPlatform:
    """The running services, and ways into them."""

    services: EmbeddedPlatform
    postgres: PostgresConnections
    """The platform's own database, as Airflow's tasks find it."""
    storage: LakeStorage
    dremio: DremioClient

    @property
    def wire(self) -> dict[str, str]:
        """Addresses, users and passwords."""
        return self.services.wire

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a process that runs on this platform; Airflow's connections are in it."""
        return dict(os.environ) | self.services.environ

    @cached_property
    def programs(self) -> Programs:
        """The platform's processes."""
        return Programs(self.wire["LAKEHOUSE_STATE_DIR"])

    @property
    def airbyte(self) -> AirbyteClient:
        """A client with a token of its own."""
        client: AirbyteClient = LakehouseAirbyteHook().client
        return client

    def shop(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection to the source as its owner; every statement is a transaction."""
        wire = self.wire
        return psycopg.connect(
            host=wire["SHOP_PG_HOST"], port=wire["SHOP_PG_PORT"], dbname=wire["SHOP_PG_DATABASE"],
            user=wire["SHOP_PG_USER"], password=wire["SHOP_PG_PASSWORD"], autocommit=True,
        )  # fmt: skip

    def shop_rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the source."""
        with self.shop() as connection:
            return connection.execute(sql).fetchall()

    def shop_command(self, *arguments: str) -> str:
        """What a command of the shop printed. Raises AssertionError if it failed."""
        done = subprocess.run(
            [PYTHON, "-m", "embedded.shop", *arguments],
            cwd=ROOT, env=self.environ, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the platform's own database."""
        connection = self.postgres.get_conn()
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def wait_until_whole(self) -> None:
        """Until every service that streams answers again, after one was killed."""
        wait_until(self._answers, "source, Airbyte, lake and engine answer again", _WHOLE_SECONDS)

    def _answers(self) -> bool:
        try:
            found = self.shop_rows("select 1") and self.rows("select 1") and self.dremio.query("select 1")
            next(self.airbyte.listed("/connections", limit=1))
            next(self.storage.objects("bronze/landing/"), None)
        except (LakehouseError, psycopg.Error, psycopg2.Error):
            return False
        return bool(found)

    def over_flight(self, sql: str) -> pa.Table:
        """A query's result in its own types, over Arrow Flight."""
        wire = self.wire
        with flight.FlightClient(f"grpc://{wire['DREMIO_HOST']}:{wire['DREMIO_FLIGHT_PORT']}") as client:
            token = client.authenticate_basic_token(wire["DREMIO_USER"], wire["DREMIO_PASSWORD"])
            options = flight.FlightCallOptions(headers=[token])
            info = client.get_flight_info(flight.FlightDescriptor.for_command(sql.encode()), options)
            return client.do_get(info.endpoints[0].ticket, options).read_all()


@contextmanager
def stream_platform(
    name: str = "stream", orders: str = ORDERS, day: str = SHOP_DAY, services: Sequence[str] = SERVICES
) -> Iterator[StreamPlatform]:
    """Start it, with a shop of some orders a year up to the day, and provision it; gone with all its state at
    the end.

    Airflow's connections are in this process's environment as long as it runs.
    """
    made = EmbeddedPlatform(name)
    before = dict(os.environ)
    try:
        made.up(*services)
        # What is not started has an address nevertheless: whoever asks there is told that nobody answers.
        for line in environment_lines(load_settings(environment=made.environ)):
            variable, value = line.split("=", 1)
            os.environ[variable] = value
        storage = LakeStorage.from_connection()
        platform = StreamPlatform(made, platform_postgres(), storage, DremioHook().get_conn())
        platform.shop_command("advance", "--to", day, "--orders", orders)
        provision(platform)
        yield platform
    finally:
        os.environ.clear()
        os.environ.update(before)
        made.down()


def provision(platform: StreamPlatform) -> None:
    """What the DAG provision_platform does, but for Superset."""
    platform.storage.create_bucket()
    create_metadata_tables(platform.postgres)
    ProvisionAirbyteOperator(task_id="provision_airbyte").execute({})
    ProvisionDremioOperator(task_id="provision_dremio").execute({})
    HotTables(platform.dremio, platform.postgres).create()
    ServingViews(platform.dremio).ensure()
