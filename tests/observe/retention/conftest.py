"""A lake for retention: a real PostgreSQL and a real S3, with dates that were landed and loaded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pytest
from botocore.config import Config

from lakehouse.bronze.contract_file import load_contract
from lakehouse.bronze.partition_loader import LoadedPartition, PartitionLoader
from lakehouse.bronze.reconciliation import BronzeLoads
from lakehouse.landing.ledger import LandingLedger
from lakehouse.observe.retention.plan import Stores
from lakehouse.platform.connections import DirectPostgres
from lakehouse.platform.database import transaction
from lakehouse.platform.metadata_tables import create_metadata_tables
from lakehouse.platform.storage import LakeStorage
from testing.embedded_platform import EmbeddedPlatform
from testing.lakehouse.landing_files import land

TABLES = (
    "landing_files", "landing_syncs", "landing_jobs", "landing_daytime_syncs", "bronze_loads",
    "bronze_publications", "bronze_catalogued", "night_receipts", "dbt_run_history", "incidents",
)  # fmt: skip


class OwnSchema:
    """The platform's tables in a schema of these tests, which they may empty."""

    def __init__(self, postgres: DirectPostgres) -> None:
        self._postgres = postgres

    def get_conn(self) -> Any:
        connection = self._postgres.get_conn()
        connection.execute("set search_path = retention")
        connection.commit()
        return connection


@dataclass(frozen=True)
class Lake:
    """What the tests hold."""

    storage: LakeStorage
    postgres: OwnSchema
    folder: Path
    ledger: LandingLedger
    loads: BronzeLoads

    @property
    def stores(self) -> Stores:
        return Stores(self.postgres, self.storage, self.folder / "receipts", self.folder / "scratch")

    def execute(self, sql: str, *values: Any) -> list[Any]:
        with transaction(self.postgres) as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall()) if cursor.description else []

    def keys(self, prefix: str = "") -> list[str]:
        return [item.key for item in self.storage.objects(prefix)]

    def loader(self, stream: str = "orders", storage: LakeStorage | None = None) -> PartitionLoader:
        lake = storage or self.storage
        ledger = LandingLedger(self.postgres, lake)
        return PartitionLoader(load_contract(stream), ledger, lake, self.loads, self.postgres)

    def land(self, day: date, rows: list[dict[str, Any]], name: str = "a", job: int = 1) -> str:
        """Put rows of orders into landing and claim them for a date; the object's key."""
        fields = [pa.field(column.name, column.type) for column in load_contract("orders").columns]
        file = land(self.folder, f"{day}_{name}", rows, fields, job)
        key = f"bronze/landing/source=postgres/orders/{day}_{name}.parquet"
        self.storage.upload(file.path, key)
        self.ledger.claim("postgres", day, job, len(rows))
        return key

    def load(self, day: date, run: str = "test") -> LoadedPartition:
        return self.loader().load(day, run)

    def age(self, moment: datetime) -> None:
        """Make everything that the tables hold as old as that."""
        for table, column in (
            ("landing_files", "claimed_at"),
            ("bronze_loads", "loaded_at"),
            ("landing_syncs", "completed_at"),
        ):
            self.execute(f"update {table} set {column} = %s", moment)


def order(number: int, day: date, **values: Any) -> dict[str, Any]:
    """A row that the contract of orders lets through."""
    moment = datetime(day.year, day.month, day.day, 12)
    return {
        "order_id": number, "customer_id": number, "product_id": 1, "order_date": day, "quantity": 2,
        "unit_price": Decimal("1.50"), "amount": Decimal("3.00"), "status": "completed",
        "created_at": moment, "updated_at": moment, "deleted_at": None,
    } | values  # fmt: skip


@pytest.fixture(scope="session")
def bucket(postgres_platform: EmbeddedPlatform) -> LakeStorage:
    """A bucket of the real object store."""
    postgres_platform.up("postgres", "object_store")
    wire = postgres_platform.wire
    client = boto3.client(
        "s3",
        endpoint_url=wire["LAKE_S3_ENDPOINT"],
        aws_access_key_id=wire["LAKE_S3_ACCESS_KEY"],
        aws_secret_access_key=wire["LAKE_S3_SECRET_KEY"],
        region_name=wire["LAKE_S3_REGION"],
        config=Config(s3={"addressing_style": "path"}),
    )
    storage = LakeStorage(client, "retention")
    storage.create_bucket()
    return storage


@pytest.fixture(scope="session")
def own_tables(postgres: DirectPostgres) -> OwnSchema:
    """Tables that no other test looks at."""
    with transaction(postgres) as cursor:
        cursor.execute("create schema if not exists retention")
    own = OwnSchema(postgres)
    create_metadata_tables(own)
    return own


@pytest.fixture
def lake(bucket: LakeStorage, own_tables: OwnSchema, tmp_path: Path) -> Lake:
    """The bucket and the tables, empty."""
    for item in list(bucket.objects("")):
        bucket.delete(item.key)
    (tmp_path / "receipts").mkdir()
    (tmp_path / "scratch").mkdir()
    lake = Lake(bucket, own_tables, tmp_path, LandingLedger(own_tables, bucket), BronzeLoads(own_tables))
    lake.execute(f"truncate {', '.join(TABLES)} cascade")
    return lake
