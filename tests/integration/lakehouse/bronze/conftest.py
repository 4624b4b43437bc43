"""A lake for the bronze room: the embedded PostgreSQL, object store and engine, on ports of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from lakehouse.bronze.contract_file import load_contract
from lakehouse.bronze.partition_loader import PartitionLoader
from lakehouse.bronze.reconciliation import BronzeLoads
from lakehouse.dremio.client import DremioClient
from lakehouse.dremio.sources import LakeAccess
from lakehouse.landing.ledger import LandingLedger
from lakehouse.platform.metadata_tables import create_metadata_tables
from lakehouse.platform.storage import LakeStorage
from testing.embedded_platform import EmbeddedPlatform


class PlatformPostgres:
    """Opens connections as Airflow's PostgresHook does."""

    def __init__(self, wire: dict[str, str]) -> None:
        self._wire = wire

    def get_conn(self) -> Any:
        return psycopg2.connect(
            host=self._wire["PLATFORM_PG_HOST"],
            port=self._wire["PLATFORM_PG_PORT"],
            dbname=self._wire["PLATFORM_PG_DATABASE"],
            user=self._wire["PLATFORM_PG_USER"],
            password=self._wire["PLATFORM_PG_PASSWORD"],
        )

    def execute(self, sql: str) -> None:
        connection = self.get_conn()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql)
        finally:
            connection.close()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        connection = self.get_conn()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall())
        finally:
            connection.close()


@dataclass(frozen=True)
class Lake:
    """What the tests hold."""

    storage: LakeStorage
    postgres: PlatformPostgres
    ledger: LandingLedger
    loads: BronzeLoads
    dremio: DremioClient
    access: LakeAccess

    def loader(self, stream: str) -> PartitionLoader:
        return PartitionLoader(load_contract(stream), self.ledger, self.storage, self.loads, self.postgres)


@pytest.fixture(scope="session")
def wire(embedded_platform: EmbeddedPlatform) -> dict[str, str]:
    """Variables of a platform with a source and an engine."""
    embedded_platform.up("postgres", "object_store", "shop", "airbyte", "dremio")
    return embedded_platform.wire


@pytest.fixture(scope="session")
def airflow_connections(wire: dict[str, str]) -> Iterator[None]:
    """The Airflow connections of the room, as environment variables."""
    connections = {
        "LAKE_S3": {
            "conn_type": "aws",
            "login": wire["LAKE_S3_ACCESS_KEY"],
            "password": wire["LAKE_S3_SECRET_KEY"],
            "extra": {
                "endpoint_url": wire["LAKE_S3_ENDPOINT"],
                "region_name": wire["LAKE_S3_REGION"],
                "bucket": wire["LAKE_S3_BUCKET"],
                "config_kwargs": {"s3": {"addressing_style": "path"}},
            },
        },
        "PLATFORM_POSTGRES": {
            "conn_type": "postgres",
            "host": wire["PLATFORM_PG_HOST"],
            "port": int(wire["PLATFORM_PG_PORT"]),
            "schema": wire["PLATFORM_PG_DATABASE"],
            "login": wire["PLATFORM_PG_USER"],
            "password": wire["PLATFORM_PG_PASSWORD"],
        },
        "DREMIO_DEFAULT": {
            "conn_type": "http",
            "schema": "http",
            "host": wire["DREMIO_HOST"],
            "port": int(wire["DREMIO_PORT"]),
            "login": wire["DREMIO_USER"],
            "password": wire["DREMIO_PASSWORD"],
        },
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, connection in connections.items():
            patch.setenv(f"AIRFLOW_CONN_{name}", json.dumps(connection))
        yield


@pytest.fixture(scope="session")
def lake(wire: dict[str, str], airflow_connections: None) -> Lake:
    """The bucket and the tables, empty."""
    storage = LakeStorage.from_connection()
    storage.create_bucket()
    postgres = PlatformPostgres(wire)
    ledger, loads = LandingLedger(postgres, storage), BronzeLoads(postgres)
    create_metadata_tables(postgres)
    dremio = DremioClient(
        f"http://{wire['DREMIO_HOST']}:{wire['DREMIO_PORT']}", wire["DREMIO_USER"], wire["DREMIO_PASSWORD"]
    )
    access = LakeAccess(
        wire["LAKE_S3_ENDPOINT"], wire["LAKE_S3_ACCESS_KEY"], wire["LAKE_S3_SECRET_KEY"], storage.bucket
    )
    return Lake(storage, postgres, ledger, loads, dremio, access)


@pytest.fixture
def land_file(lake: Lake, tmp_path: Path) -> Callable[..., str]:
    """Put rows into landing as a file of a stream; gives its key."""
    from testing.lakehouse.landing_files import land

    def put(source: str, stream: str, name: str, rows: list[dict[str, Any]], sync_id: int = 1) -> str:
        import pyarrow as pa

        fields = [pa.field(column.name, column.type) for column in load_contract(stream).columns]
        file = land(tmp_path, name, rows, fields, sync_id)
        key = f"bronze/landing/source={source}/{stream}/{name}.parquet"
        lake.storage.upload(file.path, key)
        return key

    return put
