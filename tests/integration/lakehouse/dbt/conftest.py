"""A small lake for dbt: the embedded object store and engine, three nights of bronze, and dbt itself."""

from __future__ import annotations

import io
import json
import os
import subprocess
from dataclasses import dataclass, field
from datetime import date
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
from lakehouse.dremio.sources import LakeAccess, load_sources, provision
from lakehouse.platform.lake_layout import BRONZE, bronze_data_key
from testing.embedded_platform import EmbeddedPlatform
from tests.integration.lakehouse.dbt.three_nights import NIGHTS, SCHEMAS, SOURCE_OF, Row, at, three_nights

GOLD = ("orders", "customers", "daily_revenue", "customer_metrics")


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

    def dbt(
        self, *arguments: str, night: date | None = None, project: Path = PROJECT_FOLDER
    ) -> tuple[int, RunResults]:
        """Run dbt as the night does, without Airflow: its exit code and its results."""
        results = self.scratch / "target" / "run_results.json"
        results.unlink(missing_ok=True)
        folders = {
            "--project-dir": project,
            "--profiles-dir": project,
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

    def empty_bronze(self) -> None:
        """Delete every object of bronze, and the datasets that Dremio has made of them."""
        for stream in SOURCE_OF:
            if self._is_dataset(stream):
                self.client.run(f"alter pds {_dataset(stream)} forget metadata")
        for source in sorted(set(SOURCE_OF.values())):
            found = self.objects.list_objects_v2(Bucket=self.bucket, Prefix=f"{BRONZE}{source}/")
            for each in found.get("Contents", []):
                self.objects.delete_object(Bucket=self.bucket, Key=each["Key"])

    def _is_dataset(self, stream: str) -> bool:
        return (self.client.find(_path(stream)) or {}).get("entityType") == "dataset"

    def _show(self, stream: str) -> None:
        if stream not in self.promoted:
            if not self._is_dataset(stream):
                self.client.promote(_path(stream))
            columns = ", ".join(SCHEMAS[stream].names)
            self.client.run(
                f"create or replace view bronze.raw_{stream} as "
                f"select {columns}, cast(substr(dir0, 6) as date) as bronze_date from {_dataset(stream)}"
            )
            self.promoted.add(stream)
        self.client.run(
            f"alter pds {_dataset(stream)} refresh metadata auto promotion force update delete when missing"
        )


def _path(stream: str) -> list[str]:
    return ["lake_bronze", SOURCE_OF[stream], stream]


def _dataset(stream: str) -> str:
    return ".".join(f'"{part}"' for part in _path(stream))


@pytest.fixture(scope="session")
def wire(embedded_platform: EmbeddedPlatform) -> dict[str, str]:
    """Variables of the platform that all folders share.

    With LAKEHOUSE_TEST_EMPTIES_THE_LAKE=1 it is the platform that the environment describes, whose lake
    these tests then empty.
    """
    if os.environ.get("LAKEHOUSE_TEST_EMPTIES_THE_LAKE") == "1":
        return dict(os.environ)
    embedded_platform.up("postgres", "object_store", "dremio")
    return embedded_platform.environ


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
    provision(client, load_sources(), access)
    secret = {"DBT_ENV_SECRET_DREMIO_PASSWORD": wire["DREMIO_PASSWORD"], "DO_NOT_TRACK": "1"}
    made = Lake(client, objects, bucket, wire | secret, tmp_path_factory.mktemp("dbt"))
    made.empty()
    made.empty_bronze()
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
