"""A shop that only its tests change, read by the embedded Airbyte as the stream's connection file says.

Tables may be altered, dropped and renamed here, and the slot lost, without anybody else's stream noticing.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from airflow.sdk import BaseHook
from psycopg import sql

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.connection_file import ConnectionFile, read_connection_file
from lakehouse.airbyte.job import Job, JobFailure
from lakehouse.airbyte.provisioning import AirbyteProvisioner
from lakehouse.airbyte.reread import read_again
from lakehouse.airbyte.sent_secrets import NothingRemembered
from lakehouse.bronze.contract_file import load_contract
from lakehouse.bronze.declared import STREAM_CONTRACTS
from lakehouse.bronze.partition_builder import BuiltPartition, build_partition
from lakehouse.landing.columns import CDC_DELETED_AT, CDC_LSN
from lakehouse.landing.reader import LandedFile, LandingReader
from lakehouse.platform.lake_layout import landing_folder
from testing.lakehouse.stream_platform import SHOP_DAY, StreamPlatform
from testing.repository import PYTHON, ROOT
from testing.waiting import wait_until

CONNECTION: Final = "shop_postgres_stream_to_lake"
_SYNC_SECONDS: Final = 120
"""Only a hang passes it, on a busy machine too."""


@dataclass
class CapturedShop:
    """The database, its connection in Airbyte, and what has landed of it."""

    platform: StreamPlatform
    client: AirbyteClient
    declared: ConnectionFile
    database: str
    connection_id: str
    folder: Path
    _taken: set[str] = field(default_factory=set)

    @property
    def slot(self) -> str:
        return str(self.declared.source.configuration["replication_method"]["replication_slot"])

    @property
    def publication(self) -> str:
        return str(self.declared.source.configuration["replication_method"]["publication"])

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements, each in a transaction of its own; the rows of the last one."""
        rows: list[tuple[Any, ...]] = []
        with psycopg.connect(**shop_address(self.platform, self.database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
                rows = cursor.fetchall() if cursor.description else []
        return rows

    def try_sync(self) -> Job:
        """A sync, however it ends."""
        return self._ended(self.client.start_sync(self.connection_id))

    def sync(self) -> Job:
        """A sync that succeeds."""
        job = self.try_sync()
        assert job.raw_state == "succeeded", self.failure(job).reason
        return job

    def refresh(self) -> Job:
        """What `bin/airbyte refresh` does."""
        return read_again(self.client, self.declared.name, lambda job: None)

    def failure(self, job: Job) -> JobFailure:
        return self.client.failure_of(job.job_id)

    def log(self, job: Job) -> str:
        """What the job's log says."""
        attempts = self.client.with_attempts(job.job_id)["attempts"]
        return "\n".join(line for each in attempts for line in each["logs"]["logLines"])

    def log_behind(self) -> int:
        """Bytes of log that the source keeps for the slot."""
        query = (
            "select (pg_current_wal_lsn() - restart_lsn)::bigint from pg_replication_slots"
            f" where slot_name = '{self.slot}'"
        )
        [(behind,)] = self.run(query)
        return int(behind)

    def list_transactions(self) -> None:
        """Have PostgreSQL write at once what it writes every 15 s, and from where on it keeps the log."""
        _as_superuser(self.platform, "select pg_log_standby_snapshot()")

    def landed(self, stream: str, only_new: bool = False) -> list[dict[str, Any]]:
        """Landed rows in the order of the log; with `only_new`, those that no earlier such call has seen."""
        rows = []
        for key in self._keys(stream):
            if only_new and key in self._taken:
                continue
            rows += pq.read_table(pa.BufferReader(self.platform.storage.get(key))).to_pylist()
            if only_new:
                self._taken.add(key)
        return sorted(rows, key=lambda row: row[CDC_LSN])

    def newest(self, stream: str) -> dict[Any, dict[str, Any]]:
        """What the highest position of each key says lives, whatever else landed, and in whatever order."""
        [key] = next(each.primary_key for each in self.declared.streams if each.name == stream)
        versions: dict[Any, dict[str, Any]] = {}
        truncated = -1
        for row in self.landed(stream):
            if row[key] is None:
                truncated = max(truncated, row[CDC_LSN])
            else:
                versions[row[key]] = row
        living = {
            number: row
            for number, row in versions.items()
            if row[CDC_DELETED_AT] is None and row[CDC_LSN] >= truncated
        }
        return {
            number: {name: value for name, value in row.items() if not name.startswith(("_ab_", "_airbyte_"))}
            for number, row in living.items()
        }

    def source_rows(self, stream: str) -> dict[Any, dict[str, Any]]:
        """The table as it is."""
        with psycopg.connect(**shop_address(self.platform, self.database)) as connection:
            cursor = connection.execute(sql.SQL("select * from {}").format(sql.Identifier(stream)))
            names = [column.name for column in cursor.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in cursor]
        [key] = next(each.primary_key for each in self.declared.streams if each.name == stream)
        return {row[key]: row for row in rows}

    def to_bronze(self, stream: str) -> tuple[BuiltPartition, dict[str, list[pa.DataType]]]:
        """What the contract makes of the rows that no earlier call has seen, and the columns it ignores."""
        contract = load_contract(stream, STREAM_CONTRACTS)
        files = []
        for key in self._keys(stream):
            if key not in self._taken:
                path = self.folder / key.rpartition("/")[2]
                path.write_bytes(self.platform.storage.get(key))
                files.append(LandedFile(key, path))
                self._taken.add(key)
        reader = LandingReader(files)
        unexpected = reader.unexpected_columns([column.name for column in contract.columns])
        scratch = self.folder / f"bronze-{len(self._taken)}"
        scratch.mkdir()
        return build_partition(contract, reader, scratch), unexpected

    def seen(self) -> None:
        """From now on only what lands after this is new."""
        for stream in self.declared.streams:
            self._taken.update(self._keys(stream.name))

    def _keys(self, stream: str) -> list[str]:
        prefix = landing_folder(self.declared.source_folder, stream)
        return sorted(item.key for item in self.platform.storage.objects(prefix))

    def _ended(self, job: Job) -> Job:
        wait_until(
            lambda: self.client.job(job.job_id).phase.is_over, f"Airbyte job {job.job_id} ends", _SYNC_SECONDS
        )
        return self.client.job(job.job_id)


@contextmanager
def shop_template(platform: StreamPlatform, folder: Path, orders: int = 400) -> Iterator[str]:
    """The name of a database with an open shop, to copy from; nobody may be connected to it then."""
    name = "shop_template"
    _as_superuser(platform, f"create database {name} owner shop")
    try:
        opened = subprocess.run(
            [PYTHON, "-m", "embedded.shop", "advance", "--to", SHOP_DAY, "--orders", str(orders)],
            cwd=ROOT,
            env=platform.environ | {"SHOP_PG_DATABASE": name, "LAKEHOUSE_STATE_DIR": str(folder)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert opened.returncode == 0, opened.stdout + opened.stderr
        yield name
    finally:
        _forget(platform, name)


@contextmanager
def captured_shop(platform: StreamPlatform, template: str, name: str, folder: Path) -> Iterator[CapturedShop]:
    """A copy of the template and its connection in Airbyte; the database goes at the end.

    Args:
        platform: the running services.
        template: the database to copy.
        name: of the database; the names of connection, slot and landing folder are made from it.
        folder: where landing files are copied to.
    """
    _as_superuser(platform, f"create database {name} template {template} owner shop")
    try:
        declared = _of_another_database(read_connection_file(CONNECTION), name)
        client = platform.airbyte
        AirbyteProvisioner(client, BaseHook.get_connection, NothingRemembered()).apply([declared])
        connection_id = client.connection_id(declared.name)
        yield CapturedShop(platform, client, declared, name, connection_id, folder)
    finally:
        _forget(platform, name)


def shop_address(platform: StreamPlatform, database: str) -> dict[str, Any]:
    """How the source's owner connects to a database of its server."""
    wire = platform.wire
    return {
        "host": wire["SHOP_PG_HOST"],
        "port": wire["SHOP_PG_PORT"],
        "dbname": database,
        "user": wire["SHOP_PG_USER"],
        "password": wire["SHOP_PG_PASSWORD"],
    }


def _of_another_database(declared: ConnectionFile, name: str) -> ConnectionFile:
    """The same connection but for the database, and what must not be shared: slot, folder and names."""
    configuration: dict[str, Any] = dict(declared.source.configuration) | {"database": name}
    method: Mapping[str, Any] = configuration["replication_method"]
    configuration["replication_method"] = {**method, "replication_slot": f"{name}_slot"}
    return replace(
        declared,
        name=f"{name}_to_lake",
        namespace=f"source={name}",
        source=replace(declared.source, name=name, configuration=configuration),
    )


def _forget(platform: StreamPlatform, database: str) -> None:
    """Drop a database, and the slots that keep it."""
    drop = "select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = %s"
    _as_superuser(platform, drop, database)
    _as_superuser(platform, f"drop database if exists {database} with (force)")


def _as_superuser(platform: StreamPlatform, statement: str, *values: Any) -> None:
    secrets = Path(platform.wire["LAKEHOUSE_STATE_DIR"], "secrets.env").read_text().splitlines()
    found = dict(line.split("=", 1) for line in secrets if "=" in line and not line.startswith("#"))
    address = shop_address(platform, "postgres")
    address |= {"user": "postgres", "password": found["POSTGRES_PASSWORD"].strip("'\"")}
    with psycopg.connect(**address, autocommit=True) as connection:
        connection.execute(statement, values)
