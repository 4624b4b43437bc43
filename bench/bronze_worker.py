"""One landing object to bronze, by the loader or by pyarrow alone; run in Airflow's environment, prints JSON.

python bronze_worker.py load|rewrite <key> <rows> <round>
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
from botocore.config import Config

from lakehouse.bronze.contract_file import load_contract
from lakehouse.bronze.parquet_writer import ROW_GROUP_ROWS, WRITE_SETTINGS
from lakehouse.bronze.partition_loader import PartitionLoader
from lakehouse.bronze.reconciliation import BronzeLoads
from lakehouse.landing.ledger import LandingLedger
from lakehouse.platform.metadata_tables import create_metadata_tables
from lakehouse.platform.storage import LakeStorage

FIRST_DATE = date(2025, 10, 1)


class PlatformPostgres:
    """Opens connections as Airflow's PostgresHook does."""

    def get_conn(self) -> Any:
        """A new one."""
        names = {"host": "HOST", "port": "PORT", "dbname": "DATABASE", "user": "USER", "password": "PASSWORD"}
        return psycopg2.connect(**{name: os.environ[f"PLATFORM_PG_{key}"] for name, key in names.items()})

    def execute(self, sql: str) -> None:
        """Run one statement."""
        with self.get_conn() as connection, connection.cursor() as cursor:
            cursor.execute(sql)


def storage() -> LakeStorage:
    """The lake's bucket, with the settings of Airflow's connection."""
    client = boto3.client(
        "s3",
        endpoint_url=os.environ["LAKE_S3_ENDPOINT"],
        aws_access_key_id=os.environ["LAKE_S3_ACCESS_KEY"],
        aws_secret_access_key=os.environ["LAKE_S3_SECRET_KEY"],
        region_name=os.environ["LAKE_S3_REGION"],
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    return LakeStorage(client, os.environ["LAKE_S3_BUCKET"])


def prepared_loader(lake: LakeStorage, rows: int, business_date: date) -> PartitionLoader:
    """The loader of the orders, the landing objects claimed for the date and for no other."""
    postgres = PlatformPostgres()
    ledger, loads = LandingLedger(postgres, lake), BronzeLoads(postgres)
    create_metadata_tables(postgres)
    for table in ("landing_files", "landing_syncs"):
        postgres.execute(f"delete from {table}")
    ledger.claim("postgres", business_date, "1", rows)
    return PartitionLoader(load_contract("orders"), ledger, lake, loads, postgres)


def rewrite(lake: LakeStorage, key: str) -> None:
    """Get the object, write its rows with the specification's settings, put the result."""
    with tempfile.TemporaryDirectory() as folder:
        landed, written = Path(folder) / "landed.parquet", Path(folder) / "written.parquet"
        lake.download(key, landed)
        with pq.ParquetFile(landed) as source:
            schema = source.schema_arrow
            columns = [name for name in schema.names if not name.startswith("_airbyte_")]
            kept = pa.schema([schema.field(name) for name in columns])
            with pq.ParquetWriter(written, kept, **WRITE_SETTINGS) as writer:
                for batch in source.iter_batches(ROW_GROUP_ROWS, columns=columns):
                    writer.write_batch(batch, row_group_size=ROW_GROUP_ROWS)
        lake.upload(written, "bench/rewritten.parquet")


def main() -> None:
    """Times exclude the interpreter's start and the imports."""
    what, key, rows, number = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    lake, business_date = storage(), FIRST_DATE + timedelta(days=number)
    loader = prepared_loader(lake, rows, business_date) if what == "load" else None
    began, busy = time.perf_counter(), time.process_time()
    if loader is not None:
        loaded = loader.load(business_date, "bench").load.rows_loaded
        if loaded != rows:
            raise SystemExit(f"{loaded} of {rows} rows were loaded")
    else:
        rewrite(lake, key)
    seconds, cpu = time.perf_counter() - began, time.process_time() - busy
    print(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_bytes": peak_bytes()}))


def peak_bytes() -> int:
    """The most memory this process held. Not ru_maxrss: that begins at what the parent held at the fork."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    main()
