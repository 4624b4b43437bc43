"""Every source of metrics of this platform, from its connections."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.dremio.client import DremioClient
from lakehouse.observe.metrics.gather import Source
from lakehouse.observe.metrics.sources.airbyte import AirbyteJobs
from lakehouse.observe.metrics.sources.databases import PostgresServer
from lakehouse.observe.metrics.sources.dbt import DbtModels
from lakehouse.observe.metrics.sources.dremio import DremioJobs
from lakehouse.observe.metrics.sources.freshness import GoldTables
from lakehouse.observe.metrics.sources.incidents import OpenIncidents
from lakehouse.observe.metrics.sources.night import Nights
from lakehouse.observe.metrics.sources.object_store import LocalDisks, ObjectStore, disks_of
from lakehouse.observe.metrics.sources.probes import Probe, ServiceApis
from lakehouse.observe.metrics.sources.request_rates import RequestRates
from lakehouse.observe.metrics.sources.stream import StreamLag
from lakehouse.observe.metrics.sources.superset import SupersetLog
from lakehouse.platform.connections import Connection, ConnectionUnknownError, DirectPostgres
from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.names import (
    AIRBYTE_CONNECTION,
    AIRFLOW_CONNECTION,
    DREMIO_CONNECTION,
    LAKE_CONNECTION,
    PLATFORM_CONNECTION,
    SUPERSET_CONNECTION,
)
from lakehouse.stream.plan import is_declared as stream_is_declared
from lakehouse.superset.client import SupersetClient

AIRBYTE_API: Final = "/api/public/v1"
DREMIO_PORT: Final = 9047
SOURCE_TYPE: Final = "postgres"
"""Of the sources in include/airbyte/ whose server may have replication slots."""
SERVICE_SECONDS: Final = 20.0
"""A service that is slower than this is away for its metrics."""

Find = Callable[[str], Connection]


def sources_of(postgres: PostgresConnections, find: Find, environment: Mapping[str, str]) -> list[Source]:
    """The sources whose connection is known; PostgreSQL's own are always there.

    Args:
        postgres: the platform's database.
        find: a connection by its id; raises ConnectionUnknownError for one that nobody has declared.
        environment: `LAKEHOUSE_DISKS`, `LAKEHOUSE_LAKE_DISK`.
    """

    def known(conn_id: str) -> Connection | None:
        try:
            return find(conn_id)
        except ConnectionUnknownError:
            return None

    sources: list[Source] = [
        Nights(postgres),
        GoldTables(postgres),
        OpenIncidents(postgres),
        DbtModels(postgres),
        PostgresServer(PLATFORM_CONNECTION, postgres),
    ]
    if stream_is_declared():
        sources.append(StreamLag(postgres))
    if airbyte := known(AIRBYTE_CONNECTION):
        sources.append(AirbyteJobs(_airbyte(airbyte)))
    if dremio := known(DREMIO_CONNECTION):
        sources.append(DremioJobs(_dremio(dremio)))
    if superset := known(SUPERSET_CONNECTION):
        sources.append(SupersetLog(_superset(superset)))
    if lake := known(LAKE_CONNECTION):
        disk = environment.get("LAKEHOUSE_LAKE_DISK")
        sources.append(ObjectStore(lake, Path(disk) if disk else None))
    for conn_id in source_databases():
        if where := known(conn_id):
            sources.append(PostgresServer(conn_id, DirectPostgres(where)))
    sources.append(ServiceApis(probes_of(known)))
    if disks := disks_of(environment):
        sources.append(LocalDisks(disks))
    return [*sources, RequestRates(postgres)]


def probes_of(known: Callable[[str], Connection | None]) -> list[Probe]:
    """Where each service says that it is well, without a login."""
    probes = []
    if airbyte := known(AIRBYTE_CONNECTION):
        root = airbyte.host.rstrip("/").removesuffix(AIRBYTE_API)
        probes.append(Probe("airbyte", f"{root}{AIRBYTE_API}/health"))
    if dremio := known(DREMIO_CONNECTION):
        probes.append(Probe("dremio", f"{dremio.url(DREMIO_PORT)}/apiv2/server_status"))
    if superset := known(SUPERSET_CONNECTION):
        probes.append(Probe("superset", f"{superset.url()}/health"))
    if airflow := known(AIRFLOW_CONNECTION):
        probes.append(Probe("airflow", f"{airflow.url()}/api/v2/monitor/health"))
    return probes


def source_databases() -> list[str]:
    """The Airflow connections of the PostgreSQL servers that Airbyte reads from."""
    files = read_all_connection_files()
    return sorted({each.source.airflow_connection for each in files if each.source.type == SOURCE_TYPE})


def _airbyte(where: Connection) -> Callable[[], AirbyteClient]:
    return lambda: AirbyteClient(
        base_url=where.host,
        client_id=where.login,
        client_secret=where.password,
        token_path=where.schema or "v1/applications/token",
        timeout_seconds=SERVICE_SECONDS,
    )


def _dremio(where: Connection) -> Callable[[], DremioClient]:
    return lambda: DremioClient(where.url(DREMIO_PORT), where.login, where.password)


def _superset(where: Connection) -> Callable[[], SupersetClient]:
    return lambda: SupersetClient(where.url(), where.login, where.password, timeout=SERVICE_SECONDS)
