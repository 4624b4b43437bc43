"""Entities in the state file."""

import json
import sqlite3
from dataclasses import replace
from typing import Any

from dremio_engine.catalog.entities import Entity, Kind
from dremio_engine.errors import Conflict
from dremio_engine.paths import Path, dotted, path_key
from dremio_engine.state import StateFile

EXISTS = "An object already exists with that name"


class EntityStore:
    """Reads and writes whole entities; each call is one transaction."""

    def __init__(self, state: StateFile) -> None:
        self._state = state

    def by_path(self, path: Path) -> Entity | None:
        """The entity at a path, in any case."""
        row = self._state.row("select * from entities where path_key = ?", path_key(path))
        return _entity(row) if row else None

    def by_id(self, entity_id: str) -> Entity | None:
        """The entity with an id."""
        row = self._state.row("select * from entities where id = ?", entity_id)
        return _entity(row) if row else None

    def all(self, *kinds: Kind) -> list[Entity]:
        """Every entity of these kinds, by path."""
        rows = self._state.rows(
            f"select * from entities where kind in ({','.join('?' * len(kinds))}) order by path_key", *kinds
        )
        return [_entity(row) for row in rows]

    def below(self, path: Path) -> list[Entity]:
        """Every entity under a path, at any depth."""
        start = path_key(path) + "\x1f"
        rows = self._state.rows(
            "select * from entities where substr(path_key, 1, ?) = ? order by path_key", len(start), start
        )
        return [_entity(row) for row in rows]

    def add(self, entity: Entity) -> Entity:
        """Keep a new entity. Raises Conflict when the path is taken."""
        try:
            self._state.write(
                "insert into entities values (?, ?, ?, ?, ?, ?, ?)", entity.id, entity.kind,
                json.dumps(entity.path), entity.key, entity.created_at, entity.tag, json.dumps(entity.body),
            )  # fmt: skip
        except sqlite3.IntegrityError as error:
            raise Conflict(f"{EXISTS}: [{dotted(entity.path)}]") from error
        return entity

    def put(self, entity: Entity, body: dict[str, Any]) -> Entity:
        """Replace an entity's body; it gets a new tag."""
        changed = replace(entity, body=body, tag=Entity(entity.kind, entity.path).tag)
        self._state.write(
            "update entities set body = ?, tag = ? where id = ?", json.dumps(body), changed.tag, entity.id
        )
        return changed

    def remove(self, path: Path, with_children: bool = False) -> None:
        """Forget an entity and the notes on it."""
        gone = [e for e in [self.by_path(path), *(self.below(path) if with_children else [])] if e]
        with self._state.transaction():
            for entity in gone:
                self._state.write("delete from entities where id = ?", entity.id)
                self._state.write("delete from wikis where entity_id = ?", entity.id)
                self._state.write("delete from tags where entity_id = ?", entity.id)


def _entity(row: sqlite3.Row) -> Entity:
    return Entity(
        kind=Kind(row["kind"]),
        path=tuple(json.loads(row["path"])),
        body=json.loads(row["body"]),
        id=row["id"],
        tag=row["tag"],
        created_at=row["created_at"],
    )
