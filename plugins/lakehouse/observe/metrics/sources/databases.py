"""PostgreSQL servers: connections by state, and what replication slots hold back."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from lakehouse.observe.metrics.observation import Found, Reading
from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.sql_files import read_sql


class PostgresServer:
    """One server, by the name of the connection that leads to it."""

    def __init__(self, server: str, postgres: PostgresConnections) -> None:
        self._server = server
        self._postgres = postgres

    @property
    def name(self) -> str:
        return f"postgres {self._server}"

    def look(self, position: Mapping[str, Any]) -> Found:
        """As it is now. Raises what the driver raises."""
        with closing(self._postgres.get_conn()) as connection, connection.cursor() as cursor:
            cursor.execute(read_sql("postgres/observe/metrics/select_server_connections.sql"))
            connections = cursor.fetchall()
            cursor.execute(read_sql("postgres/observe/metrics/select_replication_slots.sql"))
            slots = cursor.fetchall()
        found = Found(position=position)
        for database, state, count in connections:
            labels = {"server": self._server, "database": database, "state": state}
            found.readings.append(Reading("postgres_connections_active", labels, count))
        for slot, lag, lost in slots:
            labels = {"server": self._server, "slot": slot}
            found.readings.append(Reading("postgres_replication_slot_lost", labels, float(lost)))
            if lag is not None:
                found.readings.append(
                    Reading("postgres_replication_slot_lag_bytes", labels, max(0.0, float(lag)))
                )
        return found
