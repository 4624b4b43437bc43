"""Connections and the state of their streams."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from airbyte_engine.problems import not_found
from airbyte_engine.store.database import Pool, Row


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
    """`airbyte_state`, in Airbyte's two forms (see `state_document`)."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def read(self, connection_id: UUID) -> tuple[dict[str, Any] | None, dict[str, dict[str, Any]]]:
        """The shared state, None unless it is a CDC connection's, and the state of each stream by name."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "select state from airbyte_state where connection_id = %s", (connection_id,)
            ).fetchone()
        return read_document(row["state"] if row else None)

    def clear(self, connection_id: UUID) -> None:
        """Forget all state: the next sync reads everything, as a new generation."""
        with self._pool.connection() as connection:
            connection.execute("delete from airbyte_state where connection_id = %s", (connection_id,))
            connection.execute(
                "update airbyte.connections set generation_id = generation_id + 1 where connection_id = %s",
                (connection_id,),
            )


def read_document(
    document: dict[str, Any] | None,
) -> tuple[dict[str, Any] | None, dict[str, dict[str, Any]]]:
    """Shared state and states by stream name of a stored document; nothing of none."""
    if document is None:
        return None, {}
    if document["state_type"] == "global":
        entries, shared = document["global_state"]["stream_states"], document["global_state"]["shared_state"]
    else:
        entries, shared = document["streams"], None
    return shared, {entry["stream_descriptor"]["name"]: entry["stream_state"] for entry in entries}


def state_document(streams: dict[str, dict[str, Any]], shared: dict[str, Any] | None) -> dict[str, Any]:
    """Airbyte's forms: `stream` with one state per stream, `global` with one more that they share (CDC)."""
    entries = [
        {"stream_descriptor": {"name": name}, "stream_state": state}
        for name, state in sorted(streams.items())
    ]
    if shared is None:
        return {"state_type": "stream", "streams": entries}
    return {"state_type": "global", "global_state": {"shared_state": shared, "stream_states": entries}}
