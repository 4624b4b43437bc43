"""A source of its own for tests of change data capture: one schema, one publication, one slot."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from tests.wire.conftest import Landing

from testing.ingestion_stack import AirbyteServer

CDC = ["_ab_cdc_lsn", "_ab_cdc_updated_at", "_ab_cdc_deleted_at"]
ADDED = ["_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_generation_id", "_airbyte_meta"]
SIMPLE = "id bigint primary key, name text, amount numeric(12, 2)"
_numbers = itertools.count()


class Captured:
    """Tables in a schema that only one test uses, and the connection that captures them."""

    def __init__(self, airbyte: AirbyteServer, landing: Landing, query: Callable[..., Any]) -> None:
        self.airbyte = airbyte
        self.landing = landing
        self.query = query
        self.name = f"captured_{next(_numbers)}"
        self.connection = ""
        self.source = ""
        query(f"create schema {self.name}")

    def table(self, definition: str, name: str = "things") -> str:
        """Create a table; returns its full name."""
        self.query(f"create table {self.name}.{name} ({definition})")
        return f"{self.name}.{name}"

    def connect(self, *streams: str, **method: Any) -> None:
        """Publish the schema's tables and make the Airbyte connection."""
        tables = ", ".join(f"{self.name}.{stream}" for stream in streams)
        self.query(f"create publication {self.name} for table {tables}")
        environ = self.airbyte.environ
        configuration = {
            "sourceType": "postgres",
            "host": environ["SHOP_PG_HOST"],
            "port": int(environ["SHOP_PG_PORT"]),
            "database": environ["SHOP_PG_DATABASE"],
            "username": environ["SHOP_PG_USER"],
            "password": environ["SHOP_PG_PASSWORD"],
            "schemas": [self.name],
            "replication_method": self.method(**method),
        }
        self.source, self.connection = self.airbyte.connect(
            configuration, self.landing.folder, [(stream, "incremental_append") for stream in streams]
        )

    def method(self, **other: Any) -> dict[str, Any]:
        """The source's replication method."""
        usual = {
            "method": "CDC",
            "plugin": "pgoutput",
            "publication": self.name,
            "replication_slot": self.name,
            "initial_waiting_seconds": 20,
        }
        return usual | other

    def streams(self, *names: str) -> None:
        """Have the connection carry these streams instead."""
        streams = [{"name": name, "syncMode": "incremental_append"} for name in names]
        self.airbyte.call(
            "PATCH", f"/connections/{self.connection}", {"configurations": {"streams": streams}}
        )

    def sync(self) -> dict[str, Any]:
        """A sync that succeeds."""
        job = self.try_sync()
        assert job["status"] == "succeeded", self.log(job)
        return job

    def try_sync(self) -> dict[str, Any]:
        """A sync, however it ends."""
        return self.airbyte.sync(self.connection)

    def rows(self, stream: str = "things") -> list[dict[str, Any]]:
        """All landed rows in the order of the log, without Airbyte's own columns."""
        landed = self.landing.rows(stream).drop_columns(ADDED).to_pylist()
        return sorted(landed, key=lambda row: row["_ab_cdc_lsn"])

    def newest(self, stream: str = "things", key: str = "id") -> dict[Any, dict[str, Any]]:
        """What a reader that keeps the highest position of each key has: the living rows.

        A row without a key deletes what lies before it in the log.
        """
        rows: dict[Any, dict[str, Any]] = {}
        for row in self.rows(stream):
            if row[key] is None:
                rows = {number: kept for number, kept in rows.items() if kept[CDC[0]] >= row[CDC[0]]}
            else:
                rows[row[key]] = row
        return {
            number: {name: value for name, value in row.items() if name not in CDC}
            for number, row in rows.items()
            if row["_ab_cdc_deleted_at"] is None
        }

    def source_rows(self, stream: str = "things", key: str = "id") -> dict[Any, dict[str, Any]]:
        columns = [
            name
            for (name,) in self.query(
                "select column_name from information_schema.columns"
                " where table_schema = %s and table_name = %s order by ordinal_position",
                (self.name, stream),
            )
        ]
        found = self.query(f"select * from {self.name}.{stream}")
        rows = [dict(zip(columns, row, strict=True)) for row in found]
        return {row[key]: row for row in rows}

    def slot(self) -> dict[str, Any]:
        """The slot's position, as a number, and its state."""
        ((confirmed, status),) = self.query(
            "select (confirmed_flush_lsn - '0/0')::bigint, wal_status from pg_replication_slots"
            " where slot_name = %s",
            (self.name,),
        )
        return {"confirmed": confirmed, "status": status}

    def failure(self, job: dict[str, Any]) -> dict[str, Any]:
        """Why the job's last attempt failed."""
        reported = self.airbyte.config_api("/jobs/get", {"id": job["jobId"]})
        reason: dict[str, Any] = reported["attempts"][-1]["attempt"]["failureSummary"]["failures"][0]
        return reason

    def log(self, job: dict[str, Any]) -> str:
        reported = self.airbyte.config_api("/jobs/get", {"id": job["jobId"]})
        return "\n".join(line for attempt in reported["attempts"] for line in attempt["logs"]["logLines"])

    def drop(self) -> None:
        """Leave nothing in the database: a slot would keep its log."""
        self.query(
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s",
            (self.name,),
        )
        self.query(f"drop publication if exists {self.name}")
        self.query(f"drop schema {self.name} cascade")


@contextmanager
def open_transaction(environ: dict[str, str]) -> Iterator[psycopg.Connection[Any]]:
    """A session of the shop's database whose transaction the test ends itself."""
    connection = psycopg.connect(
        host=environ["SHOP_PG_HOST"],
        port=environ["SHOP_PG_PORT"],
        dbname=environ["SHOP_PG_DATABASE"],
        user=environ["SHOP_PG_USER"],
        password=environ["SHOP_PG_PASSWORD"],
    )
    try:
        yield connection
    finally:
        connection.rollback()
        connection.close()
