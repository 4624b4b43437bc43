"""A schema of its own in a database, for tests of what tables may hold."""

from __future__ import annotations

import itertools
from typing import Any

import psycopg
from tests.wire.conftest import Landing
from tests.wire.faults import details

from testing.ingestion_stack import AirbyteServer

_numbers = itertools.count()


class Tables:
    """A schema of its own in a database, and the connection that reads it."""

    def __init__(self, airbyte: AirbyteServer, landing: Landing, where: dict[str, Any]) -> None:
        self.airbyte = airbyte
        self.landing = landing
        self.schema = f"tables_{next(_numbers)}"
        self._where = where
        self._source = self._connection = ""
        self.run(f"create schema {self.schema}")

    def run(self, statement: str) -> None:
        own = {"options": f"-c search_path={self.schema}", "client_encoding": "UTF8"}
        with psycopg.connect(**self._where, **own) as connection:
            connection.execute(statement.encode())

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(**self._where, options=f"-c search_path={self.schema}") as connection:
            return connection.execute(query.encode()).fetchall()

    def connect_by(self, path: str, stream: str) -> None:
        """Read the stream in full, by the cursor `id`, or from the log."""
        if path != "cdc":
            return self.connect(stream, cursor="id" if path == "cursor" else None)
        self.run(f"create publication {self.schema} for table {stream}")
        slot = {"publication": self.schema, "replication_slot": self.schema}
        self.connect(stream, replication_method={"method": "CDC", "plugin": "pgoutput"} | slot)
        self.log_mode(stream)
        return None

    def log_mode(self, stream: str) -> None:
        """Have a connection that captures changes bring them only."""
        incremental = {"streams": [{"name": stream, "syncMode": "incremental_append"}]}
        self.airbyte.call("PATCH", f"/connections/{self._connection}", {"configurations": incremental})

    def drop(self) -> None:
        self.run(
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots"
            f" where slot_name = '{self.schema}'"
        )
        self.run(f"drop schema {self.schema} cascade; drop publication if exists {self.schema}")

    def connect(self, *streams: str, cursor: str | None = None, **configuration: Any) -> None:
        where = self._where
        source = {
            "sourceType": "postgres",
            "host": where["host"],
            "port": int(where["port"]),
            "database": where["dbname"],
            "username": where["user"],
            "password": where["password"],
            "schemas": [self.schema],
        }
        first = [(name, "full_refresh_append") for name in streams]
        self._source, self._connection = self.airbyte.connect(
            source | configuration, self.landing.folder, first
        )
        if cursor:
            incremental = {"syncMode": "incremental_append", "cursorField": [cursor]}
            told = {"configurations": {"streams": [{"name": name} | incremental for name in streams]}}
            self.airbyte.call("PATCH", f"/connections/{self._connection}", told)

    def source(self) -> dict[str, Any]:
        """The source as the server shows it."""
        shown: dict[str, Any] = self.airbyte.call("GET", f"/sources/{self._source}")
        return shown

    def change_source(self, **configuration: Any) -> None:
        """Give the source other settings."""
        self.airbyte.call("PATCH", f"/sources/{self._source}", {"configuration": configuration})

    def sync(self) -> dict[str, Any]:
        return self.airbyte.sync(self._connection)

    def failure(self) -> str:
        """The words of a sync that is hopeless."""
        job = self.sync()
        assert job["status"] == "failed"
        [reason] = details(self.airbyte, job)["attempts"][-1]["attempt"]["failureSummary"]["failures"]
        assert reason["failureType"] == "config_error", reason
        return str(reason["externalMessage"])

    def column(self, stream: str, name: str) -> list[Any]:
        return sorted(self.landing.rows(stream)[name].to_pylist())
