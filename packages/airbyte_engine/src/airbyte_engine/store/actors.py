"""Sources, destinations and declarative definitions."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID, uuid4

from psycopg.types.json import Json, Jsonb

from airbyte_engine.problems import invalid, not_found
from airbyte_engine.store.database import Pool, Row

Kind = Literal["source", "destination"]


class ActorStore:
    """Reads and writes actors; configurations are stored whole, secrets included."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def create(
        self,
        kind: Kind,
        workspace_id: UUID,
        name: str,
        connector: str,
        definition_id: UUID,
        configuration: dict[str, Any],
        resource_allocation: dict[str, Any] | None,
    ) -> Row:
        with self._pool.connection() as connection:
            row = connection.execute(
                """
                insert into airbyte.actors
                    (actor_id, kind, workspace_id, name, connector, definition_id, configuration,
                    resource_allocation)
                values (%s, %s, %s, %s, %s, %s, %s, %s)
                returning *
                """,
                (
                    uuid4(),
                    kind,
                    workspace_id,
                    name,
                    connector,
                    definition_id,
                    Jsonb(configuration),
                    Jsonb(resource_allocation) if resource_allocation else None,
                ),
            ).fetchone()
        if row is None:
            raise RuntimeError(f"PostgreSQL stored no {kind}")
        return row

    def get(self, kind: Kind, actor_id: UUID) -> Row:
        """Raises Problem 404."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "select * from airbyte.actors where actor_id = %s and kind = %s and deleted_at is null",
                (actor_id, kind),
            ).fetchone()
        if row is None:
            raise not_found(kind, actor_id)
        return row

    def page(self, kind: Kind, limit: int, offset: int) -> list[Row]:
        with self._pool.connection() as connection:
            return connection.execute(
                """
                select * from airbyte.actors where kind = %s and deleted_at is null
                order by created_at, actor_id limit %s offset %s
                """,
                (kind, limit, offset),
            ).fetchall()

    def update(
        self,
        kind: Kind,
        actor_id: UUID,
        name: str,
        configuration: dict[str, Any],
        resource_allocation: dict[str, Any] | None,
    ) -> Row:
        """Raises Problem 404."""
        with self._pool.connection() as connection:
            row = connection.execute(
                """
                update airbyte.actors set name = %s, configuration = %s, resource_allocation = %s
                where actor_id = %s and kind = %s and deleted_at is null
                returning *
                """,
                (
                    name,
                    Jsonb(configuration),
                    Jsonb(resource_allocation) if resource_allocation else None,
                    actor_id,
                    kind,
                ),
            ).fetchone()
        if row is None:
            raise not_found(kind, actor_id)
        return row

    def delete(self, kind: Kind, actor_id: UUID) -> None:
        """Raises Problem 404, and 422 while a connection uses it."""
        with self._pool.connection() as connection:
            used = connection.execute(
                """
                select name from airbyte.connections
                where %s in (source_id, destination_id) and status <> 'deprecated' limit 1
                """,
                (actor_id,),
            ).fetchone()
            if used is not None:
                raise invalid(f"Connection {used['name']!r} uses this {kind}; delete the connection first.")
            deleted = connection.execute(
                "update airbyte.actors set deleted_at = now()"
                " where actor_id = %s and kind = %s and deleted_at is null",
                (actor_id, kind),
            )
            if deleted.rowcount == 0:
                raise not_found(kind, actor_id)


class DefinitionStore:
    """Declarative source definitions: a manifest under a name."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def create(self, workspace_id: UUID, name: str, manifest: dict[str, Any]) -> Row:
        return self._one(
            "insert into airbyte.definitions (definition_id, workspace_id, name, manifest)"
            " values (%s, %s, %s, %s) returning *",
            (uuid4(), workspace_id, name, Json(manifest)),
            name,
        )

    def get(self, definition_id: UUID) -> Row:
        """Raises Problem 404."""
        return self._one(
            "select * from airbyte.definitions where definition_id = %s and deleted_at is null",
            (definition_id,),
            definition_id,
        )

    def update(self, definition_id: UUID, manifest: dict[str, Any]) -> Row:
        """Raises Problem 404."""
        return self._one(
            "update airbyte.definitions set manifest = %s, version = version + 1"
            " where definition_id = %s and deleted_at is null returning *",
            (Json(manifest), definition_id),
            definition_id,
        )

    def delete(self, definition_id: UUID) -> Row:
        """Raises Problem 404."""
        return self._one(
            "update airbyte.definitions set deleted_at = now()"
            " where definition_id = %s and deleted_at is null returning *",
            (definition_id,),
            definition_id,
        )

    def all(self, workspace_id: UUID) -> list[Row]:
        with self._pool.connection() as connection:
            return connection.execute(
                "select * from airbyte.definitions"
                " where workspace_id = %s and deleted_at is null order by name",
                (workspace_id,),
            ).fetchall()

    def _one(self, query: str, arguments: tuple[object, ...], identifier: object) -> Row:
        with self._pool.connection() as connection:
            row = connection.execute(query, arguments).fetchone()
        if row is None:
            raise not_found("declarative source definition", identifier)
        return row
