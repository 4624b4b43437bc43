"""A small lake for dbt: the embedded object store and engine, three nights of bronze, and dbt itself."""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.config import Config

from lakehouse.dbt.project import LAYERS, MANIFEST_FILE, PROJECT_FOLDER, dbt_executable
from lakehouse.dbt.run_results import RunResults, read_run_results
from lakehouse.dremio.client import DremioClient
from lakehouse.dremio.sources import LakeAccess, load_catalogue, provision
from lakehouse.lake_layout import BRONZE, bronze_data_key
from tests.integration.embedded_platform import EmbeddedPlatform

GOLD = ("orders", "customers", "daily_revenue", "customer_metrics")
NIGHTS = (date(2025, 10, 14), date(2025, 10, 15), date(2025, 10, 16))

TIMESTAMP = pa.timestamp("us")
MONEY = pa.decimal128(12, 2)
AIRBYTE = [("_airbyte_extracted_at", pa.timestamp("us", tz="UTC"))]
SCHEMAS = {
    "customers": pa.schema(
        [
            ("customer_id", pa.int64()),
            *(
                (name, pa.string())
                for name in ("name", "email", "phone", "address", "city", "state", "zip_code")
            ),
            *((name, TIMESTAMP) for name in ("created_at", "updated_at", "deleted_at")),
            *AIRBYTE,
        ]
    ),
    "orders": pa.schema(
        [
            *((name, pa.int64()) for name in ("order_id", "customer_id", "product_id")),
            ("order_date", pa.date32()),
            ("quantity", pa.int32()),
            ("unit_price", MONEY),
            ("amount", MONEY),
            ("status", pa.string()),
            *((name, TIMESTAMP) for name in ("created_at", "updated_at", "deleted_at")),
            *AIRBYTE,
        ]
    ),
    "products": pa.schema(
        [
            ("product_id", pa.int64()),
            ("name", pa.string()),
            ("category", pa.string()),
            ("unit_price", MONEY),
            ("active", pa.bool_()),
            ("created_at", TIMESTAMP),
            ("updated_at", TIMESTAMP),
            *AIRBYTE,
        ]
    ),
    "shipments": pa.schema(
        [
            ("shipment_id", pa.int64()),
            ("order_id", pa.int64()),
            ("carrier", pa.string()),
            ("status", pa.string()),
            *((name, TIMESTAMP) for name in ("shipped_at", "delivered_at", "updated_at")),
            *AIRBYTE,
        ]
    ),
    "marketing_spend": pa.schema(
        [
            ("spend_date", pa.date32()),
            ("channel", pa.string()),
            ("amount", MONEY),
            ("_ab_source_file_url", pa.string()),
            ("_ab_source_file_last_modified", TIMESTAMP),
            *AIRBYTE,
        ]
    ),
    "stock_levels": pa.schema(
        [
            ("product_id", pa.int64()),
            ("warehouse", pa.string()),
            ("units_on_hand", pa.int32()),
            ("reorder_point", pa.int32()),
            ("_ab_cdc_lsn", pa.int64()),
            *((name, TIMESTAMP) for name in ("_ab_cdc_updated_at", "_ab_cdc_deleted_at")),
            *AIRBYTE,
        ]
    ),
}
SOURCE_OF = {
    "customers": "postgres",
    "orders": "postgres",
    "products": "postgres",
    "shipments": "api",
    "marketing_spend": "files",
    "stock_levels": "postgres_cdc",
}

Row = dict[str, Any]


def at(night: date, hour: int = 12) -> datetime:
    return datetime(night.year, night.month, night.day, hour)


def customer(key: int, changed: datetime, **other: Any) -> Row:
    return {
        "customer_id": key,
        "name": f"  customer {key} ",
        "email": f"Customer{key}@Example.com",
        "phone": "1",
        "address": "Street 1",
        "city": "Town",
        "state": "TX",
        "zip_code": "00001",
        "created_at": at(NIGHTS[0], 1),
        "updated_at": changed,
        "deleted_at": None,
        **other,
    }


def order(key: int, customer_id: int, changed: datetime, **other: Any) -> Row:
    return {
        "order_id": key,
        "customer_id": customer_id,
        "product_id": key % 3 + 1,
        "order_date": date(2025, 9, 20) + timedelta(days=key % 25),
        "quantity": 1,
        "unit_price": Decimal("10.00"),
        "amount": Decimal(1000 + key * 7) / 100,
        "status": "completed" if key % 4 else "pending",
        "created_at": at(NIGHTS[0], 2),
        "updated_at": changed,
        "deleted_at": None,
        **other,
    }


def product(key: int, changed: datetime) -> Row:
    return {
        "product_id": key,
        "name": f"Product {key}",
        "category": "Tools",
        "unit_price": Decimal("10.00"),
        "active": True,
        "created_at": at(NIGHTS[0], 0),
        "updated_at": changed,
    }


def shipment(key: int, order_id: int, status: str, changed: datetime) -> Row:
    return {
        "shipment_id": key,
        "order_id": order_id,
        "carrier": "Post",
        "status": status,
        "shipped_at": at(NIGHTS[0], 3),
        "delivered_at": None,
        "updated_at": changed,
    }


def spend(day: date, channel: str, amount: str, dropped: datetime) -> Row:
    return {
        "spend_date": day,
        "channel": channel,
        "amount": Decimal(amount),
        "_ab_source_file_url": f"batch_{day:%Y%m%d}.csv",
        "_ab_source_file_last_modified": dropped,
    }


def stock(key: int | None, lsn: int, night: date, units: int | None = 1) -> Row:
    """A change of the stock; without units a deletion, without a key one of everything before it."""
    gone = units is None
    return {
        "product_id": key,
        "warehouse": None if key is None else " Dallas",
        "units_on_hand": units,
        "reorder_point": None if gone else 3,
        "_ab_cdc_lsn": lsn,
        "_ab_cdc_updated_at": at(night),
        "_ab_cdc_deleted_at": at(night) if gone else None,
    }


def three_nights() -> dict[date, dict[str, list[Row]]]:
    """Bronze of three nights. What is odd about each row is said where it is made."""
    first, second, third = NIGHTS
    return {
        first: {
            "customers": [customer(key, at(first)) for key in range(1, 9)],
            "orders": [order(key, key % 7 + 1, at(first)) for key in range(1, 61)],
            "products": [product(key, at(first, 0)) for key in (1, 2, 3)],
            "shipments": [shipment(key, key, "in_transit", at(first)) for key in range(1, 31)],
            "marketing_spend": [
                spend(first, "search", "10.00", at(first)),
                spend(first, "email", "5.00", at(first)),
            ],
            "stock_levels": [stock(key, 100, first) for key in range(1, 6)],
        },
        second: {
            "customers": [customer(2, at(second), city="Moved"), customer(9, at(second))],
            "orders": [
                # An order whose date loses its revenue: all orders of 2025-09-25 are cancelled.
                *(order(key, key % 7 + 1, at(second), status="cancelled") for key in (5, 30, 55)),
                order(12, 6, at(second), amount=Decimal("77.77"), status="completed"),
                *(order(key, 9, at(second), order_date=second) for key in range(61, 66)),
                # Its customer lands one night later.
                order(70, 10, at(second), status="completed"),
            ],
            # The shop deleted product 3; orders still name it.
            "products": [product(1, at(second, 0)), product(2, at(first, 0))],
            "shipments": [shipment(1, 1, "delivered", at(second)), shipment(101, 2, "returned", at(second))],
            "marketing_spend": [
                # The first night's batch, dropped again with a correction; its other line is gone.
                spend(first, "search", "12.50", at(second)),
                spend(second, "search", "7.00", at(second)),
            ],
            "stock_levels": [
                stock(1, 200, second, units=7),
                stock(2, 201, second, units=None),
                # Landed late, older than what the first night brought: it must not win.
                stock(3, 50, second, units=99),
                stock(6, 202, second),
            ],
        },
        third: {
            "customers": [
                customer(3, at(third), name="erased", email="erased@example.com", deleted_at=at(third)),
                customer(10, at(third)),
            ],
            "orders": [
                # Soft-deleted.
                order(7, 1, at(third), deleted_at=at(third), status="completed"),
                order(61, 9, at(third), deleted_at=at(third), status="completed"),
                # A late version, older than what the second night brought: it must not win.
                order(12, 6, at(first, 18), amount=Decimal("1.00"), status="cancelled"),
                # Two orders that only ever existed deleted: gold never shows them.
                order(80, 1, at(third), deleted_at=at(third), status="completed"),
                # Every order of customer 5 is cancelled: the totals must come out as 0.
                *(order(key, 5, at(third), status="cancelled") for key in range(4, 61, 7)),
            ],
            "products": [product(1, at(second, 0)), product(2, at(first, 0))],
            "shipments": [shipment(2, 2, "in_transit", at(first, 20))],
            # A version of that batch between the two, which Airbyte delivered late.
            "marketing_spend": [spend(first, "search", "11.00", at(first, 18))],
            # The shop empties the table, which deletes what earlier nights brought, and fills in two rows.
            "stock_levels": [
                stock(2, 301, third, units=9),
                stock(7, 302, third),
                stock(None, 300, third, units=None),
            ],
        },
    }


@dataclass
class Lake:
    """What the tests hold: bronze to fill, dbt to run, tables to read."""

    client: DremioClient
    objects: Any
    bucket: str
    environment: dict[str, str]
    scratch: Path
    promoted: set[str] = field(default_factory=set)

    def load(self, night: date, streams: dict[str, list[Row]]) -> None:
        """Write the night's bronze partitions and show them in `bronze.raw_*`, as load_bronze does."""
        for stream, rows in streams.items():
            extracted = {"_airbyte_extracted_at": at(night, 23)}
            file = io.BytesIO()
            pq.write_table(pa.Table.from_pylist([row | extracted for row in rows], SCHEMAS[stream]), file)
            key = bronze_data_key(SOURCE_OF[stream], stream, night)
            self.objects.put_object(Bucket=self.bucket, Key=key, Body=file.getvalue())
            self._show(stream)

    def dbt(self, *arguments: str, night: date | None = None) -> tuple[int, RunResults]:
        """Run dbt as the night does, without Airflow: its exit code and its results."""
        results = self.scratch / "target" / "run_results.json"
        results.unlink(missing_ok=True)
        folders = {
            "--project-dir": PROJECT_FOLDER,
            "--profiles-dir": PROJECT_FOLDER,
            "--target-path": self.scratch / "target",
            "--log-path": self.scratch / "logs",
        }
        command = [str(dbt_executable()), *arguments]
        for option, folder in folders.items():
            command += [option, str(folder)]
        told = {"LAKEHOUSE_BUSINESS_DATE": night.isoformat()} if night else {}
        done = subprocess.run(
            command, env=self.environment | told, capture_output=True, text=True, timeout=300, check=False
        )
        print(done.stdout, done.stderr)
        return done.returncode, read_run_results(results)

    def run(self, *layers: str, night: date, full_refresh: bool = False) -> RunResults:
        """`dbt run` of these layers, which must succeed."""
        select = [f"path:models/{layer}" for layer in layers or LAYERS]
        code, results = self.dbt(
            "run", "--select", *select, *(["--full-refresh"] if full_refresh else []), night=night
        )
        assert code == 0, [result for result in results.results if result.status != "success"]
        return results

    def rows(self, sql: str) -> list[Row]:
        return self.client.query(sql)

    def gold(self) -> dict[str, list[str]]:
        """Every row of every gold table as sorted text: equal exactly when the contents are."""
        return {table: self.text_of(f"gold.{table}") for table in GOLD}

    def text_of(self, table: str) -> list[str]:
        """Every row of a table as sorted text."""
        return sorted(
            json.dumps(row, sort_keys=True, default=str) for row in self.rows(f"select * from {table}")
        )

    def empty(self) -> None:
        """Drop every table that dbt makes; bronze stays."""
        for node in json.loads(MANIFEST_FILE.read_text(encoding="utf-8"))["nodes"].values():
            if node["resource_type"] == "model":
                self.client.run(f"drop table if exists {node['relation_name']}")

    def _show(self, stream: str) -> None:
        path = ["lake_bronze", SOURCE_OF[stream], stream]
        dataset = ".".join(f'"{part}"' for part in path)
        if stream not in self.promoted:
            if (self.client.find(path) or {}).get("entityType") != "dataset":
                self.client.promote(path)
            columns = ", ".join(SCHEMAS[stream].names)
            self.client.run(
                f"create or replace view bronze.raw_{stream} as "
                f"select {columns}, cast(substr(dir0, 6) as date) as bronze_date from {dataset}"
            )
            self.promoted.add(stream)
        self.client.run(
            f"alter pds {dataset} refresh metadata auto promotion force update delete when missing"
        )


@pytest.fixture(scope="session")
def wire() -> Iterator[dict[str, str]]:
    """Variables of a platform started for this session.

    With LAKEHOUSE_TEST_EMPTIES_THE_LAKE=1 it is the platform that the environment describes, whose lake
    these tests then empty.
    """
    if os.environ.get("LAKEHOUSE_TEST_EMPTIES_THE_LAKE") == "1":
        yield dict(os.environ)
        return
    platform = EmbeddedPlatform("dbt")
    try:
        platform.up("postgres", "object_store", "dremio")
        yield platform.environ
    finally:
        platform.down()


@pytest.fixture(scope="session")
def lake(wire: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The provisioned lake, with nothing in it."""
    client = DremioClient(
        f"http://{wire['DREMIO_HOST']}:{wire['DREMIO_PORT']}", wire["DREMIO_USER"], wire["DREMIO_PASSWORD"]
    )
    objects = boto3.client(
        "s3",
        endpoint_url=wire["LAKE_S3_ENDPOINT"],
        aws_access_key_id=wire["LAKE_S3_ACCESS_KEY"],
        aws_secret_access_key=wire["LAKE_S3_SECRET_KEY"],
        region_name=wire["LAKE_S3_REGION"],
        config=Config(s3={"addressing_style": "path"}, request_checksum_calculation="when_required"),
    )
    bucket = wire["LAKE_S3_BUCKET"]
    if bucket not in {each["Name"] for each in objects.list_buckets()["Buckets"]}:
        objects.create_bucket(Bucket=bucket)
    access = LakeAccess(
        wire["LAKE_S3_ENDPOINT"], wire["LAKE_S3_ACCESS_KEY"], wire["LAKE_S3_SECRET_KEY"], bucket
    )
    provision(client, load_catalogue(), access)
    secret = {"DBT_ENV_SECRET_DREMIO_PASSWORD": wire["DREMIO_PASSWORD"], "DO_NOT_TRACK": "1"}
    made = Lake(client, objects, bucket, wire | secret, tmp_path_factory.mktemp("dbt"))
    made.empty()
    for source in sorted(set(SOURCE_OF.values())):
        for each in objects.list_objects_v2(Bucket=bucket, Prefix=f"{BRONZE}{source}/").get("Contents", []):
            objects.delete_object(Bucket=bucket, Key=each["Key"])
    return made


@dataclass(frozen=True)
class History:
    """What was seen while the three nights were built in order."""

    published_on_second_night: dict[str, list[str]]
    gold: dict[str, list[str]]
    stock: dict[date, list[str]]
    """`staging.stg_stock_levels` after each night."""


@pytest.fixture(scope="session")
def built(lake: Lake) -> History:
    """The three nights, each loaded and run once, oldest first."""
    published, stocked = {}, {}
    for night, streams in three_nights().items():
        lake.load(night, streams)
        lake.run(night=night)
        published[night] = lake.gold()
        stocked[night] = lake.text_of("staging.stg_stock_levels")
    return History(published[NIGHTS[1]], published[NIGHTS[2]], stocked)


@pytest.fixture(scope="session")
def bronze() -> dict[date, dict[str, list[Row]]]:
    """The rows that bronze holds, to compute expectations from."""
    return three_nights()
