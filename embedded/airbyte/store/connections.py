"""Connections and the state of their streams."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from embedded.airbyte.problems import not_found
from embedded.airbyte.store.database import Pool, Row


class ConnectionStore:
    """Connections; `settings` holds namespace, prefix and schedule in the API's own words."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def create(
        self,
        workspace_id: UUID,
        source_id: UUID,
        destination_id: UUID,
        name: str,
        status: str,
        streams: list[dict[str, Any]],
        settings: dict[str, Any],
    ) -> Row:
        with self._pool.connection() as connection:
            row = connection.execute(
                """
                insert into airbyte.connections
                    (connection_id, workspace_id, source_id, destination_id, name, status, streams, settings)
                values (%s, %s, %s, %s, %s, %s, %s, %s)
                returning *
                """,
                (
                    uuid4(),
                    workspace_id,
                    source_id,
                    destination_id,
                    name,
                    status,
                    Jsonb(streams),
                    Jsonb(settings),
                ),
            ).fetchone()
        if row is None:
            raise RuntimeError("PostgreSQL stored no connection")
        return row

    def get(self, connection_id: UUID) -> Row:
        """Raises Problem 404 also for a deleted one."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "select * from airbyte.connections where connection_id = %s and status <> 'deprecated'",
                (connection_id,),
            ).fetchone()
        if row is None:
            raise not_found("connection", connection_id)
        return row

    def page(self, limit: int, offset: int, include_deleted: bool) -> list[Row]:
        with self._pool.connection() as connection:
            return connection.execute(
                """
                select * from airbyte.connections where status <> 'deprecated' or %s
                order by created_at, connection_id limit %s offset %s
                """,
                (include_deleted, limit, offset),
            ).fetchall()

    def update(
        self,
        connection_id: UUID,
        name: str,
        status: str,
        streams: list[dict[str, Any]],
        settings: dict[str, Any],
    ) -> Row:
        """Raises Problem 404."""
        with self._pool.connection() as connection:
            row = connection.execute(
                """
                update airbyte.connections set name = %s, status = %s, streams = %s, settings = %s
                where connection_id = %s and status <> 'deprecated'
                returning *
                """,
                (name, status, Jsonb(streams), Jsonb(settings), connection_id),
            ).fetchone()
        if row is None:
            raise not_found("connection", connection_id)
        return row

    def delete(self, connection_id: UUID) -> None:
        """Marks it deprecated, as Airbyte does, and forgets its state. Raises Problem 404."""
        with self._pool.connection() as connection:
            deleted = connection.execute(
                "update airbyte.connections set status = 'deprecated'"
                " where connection_id = %s and status <> 'deprecated'",
                (connection_id,),
            )
            if deleted.rowcount == 0:
                raise not_found("connection", connection_id)
            connection.execute("delete from airbyte_state where connection_id = %s", (connection_id,))


class StateStore:
    """`airbyte_state`: {"state_type": "stream", "streams": [{"stream_descriptor", "stream_state"}]}."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def streams(self, connection_id: UUID) -> dict[str, dict[str, Any]]:
        """The state of each stream that has one, by stream name."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "select state from airbyte_state where connection_id = %s", (connection_id,)
            ).fetchone()
        entries = row["state"]["streams"] if row else []
        return {entry["stream_descriptor"]["name"]: entry["stream_state"] for entry in entries}

    def clear(self, connection_id: UUID) -> None:
        """Forget all state: the next sync reads everything, as a new generation."""
        with self._pool.connection() as connection:
            connection.execute("delete from airbyte_state where connection_id = %s", (connection_id,))
            connection.execute(
                "update airbyte.connections set generation_id = generation_id + 1 where connection_id = %s",
                (connection_id,),
            )


def state_document(streams: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Airbyte's form of the states by stream name."""
    return {
        "state_type": "stream",
        "streams": [
            {"stream_descriptor": {"name": name}, "stream_state": state}
            for name, state in sorted(streams.items())
        ],
    }
