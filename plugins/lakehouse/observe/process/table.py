"""What the observer does again and again, and how often: one row for each loop."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.dremio.client import DremioClient
from lakehouse.observe.metrics.gather import Gathered, Source, gather
from lakehouse.observe.metrics.sources.airbyte import AirbyteJobs
from lakehouse.observe.metrics.sources.databases import PostgresServer
from lakehouse.observe.metrics.sources.dbt import DbtModels
from lakehouse.observe.metrics.sources.dremio import DremioJobs
from lakehouse.observe.metrics.sources.night import Nights
from lakehouse.observe.metrics.sources.object_store import LocalDisks, ObjectStore, disks_of
from lakehouse.observe.metrics.sources.probes import Probe, ServiceApis
from lakehouse.observe.metrics.sources.request_rates import RequestRates
from lakehouse.observe.metrics.sources.superset import SupersetLog
from lakehouse.observe.process.loops import Loop
from lakehouse.platform.connections import Connection, ConnectionUnknownError, DirectPostgres, connection
from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.names import (
    AIRBYTE_CONNECTION,
    DREMIO_CONNECTION,
    LAKE_CONNECTION,
    PLATFORM_CONNECTION,
    SUPERSET_CONNECTION,
)
from lakehouse.superset.client import SupersetClient

GATHER_SECONDS: Final = 30.0
"""Half of what an alert waits at least; a gathering of a quiet platform takes about a second."""
AIRBYTE_HEALTH: Final = "/api/public/v1/health"
SOURCE_TYPE: Final = "postgres"
"""Of the sources in include/airbyte/ whose server may have replication slots."""
SERVICE_SECONDS: Final = 20.0
"""A service that is slower than this is away for its metrics."""


def loops(postgres: PostgresConnections, environment: Mapping[str, str] | None = None) -> list[Loop]:
    """Every loop of the process."""
    sources = sources_of(postgres, os.environ if environment is None else environment)
    return [Loop("gather metrics", GATHER_SECONDS, lambda: gather_all(postgres, sources))]


def gather_all(postgres: PostgresConnections, sources: list[Source]) -> list[Gathered]:
    """Read every source; the loop fails when none could be read, for then it is the observer that is ill."""
    done = gather(postgres, sources)
    failed = [each for each in done if each.error]
    if done and len(failed) == len(done):
        raise NothingReadError(f"no source can be read; the first: {failed[0].source}: {failed[0].error}")
    return done


class NothingReadError(Exception):
    """Not one source of metrics could be read."""


def sources_of(postgres: PostgresConnections, environment: Mapping[str, str]) -> list[Source]:
    """The sources that this environment says how to reach; PostgreSQL's own are always there."""

    def known(conn_id: str) -> Connection | None:
        try:
            return connection(conn_id, environment)
        except ConnectionUnknownError:
            return None

    sources: list[Source] = [
        Nights(postgres),
        DbtModels(postgres),
        PostgresServer(PLATFORM_CONNECTION, postgres),
    ]
    probes = []
    if airbyte := known(AIRBYTE_CONNECTION):
        sources.append(AirbyteJobs(_airbyte(airbyte)))
        probes.append(
            Probe("airbyte", airbyte.host.rstrip("/").removesuffix("/api/public/v1") + AIRBYTE_HEALTH)
        )
    if dremio := known(DREMIO_CONNECTION):
        sources.append(DremioJobs(_dremio(dremio)))
        probes.append(Probe("dremio", dremio.url(9047) + "/apiv2/server_status"))
    if superset := known(SUPERSET_CONNECTION):
        sources.append(SupersetLog(_superset(superset)))
        probes.append(Probe("superset", superset.url() + "/health"))
    if airflow := environment.get("AIRFLOW_URL", "").rstrip("/"):
        probes.append(Probe("airflow", airflow + "/api/v2/monitor/health"))
    if lake := known(LAKE_CONNECTION):
        disk = environment.get("LAKEHOUSE_LAKE_DISK")
        sources.append(ObjectStore(lake, Path(disk) if disk else None))
    for conn_id in source_databases():
        if where := known(conn_id):
            sources.append(PostgresServer(conn_id, DirectPostgres(where)))
    sources.append(ServiceApis(probes))
    if disks := disks_of(environment):
        sources.append(LocalDisks(disks))
    return [*sources, RequestRates(postgres)]


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
    return lambda: DremioClient(where.url(9047), where.login, where.password)


def _superset(where: Connection) -> Callable[[], Any]:
    return lambda: SupersetClient(where.url(), where.login, where.password, timeout=SERVICE_SECONDS)
