"""Sources: registered, changed and removed, and the lake opened with those there are."""

import threading
from pathlib import Path as FilePath
from typing import Any

import duckdb

from dremio_engine.catalog.entities import Entity, Kind
from dremio_engine.catalog.store import EntityStore
from dremio_engine.errors import EngineError
from dremio_engine.lake.gate import DRAIN_SECONDS
from dremio_engine.lake.lake import Lake
from dremio_engine.lake.messages import first_line
from dremio_engine.lake.storage import SourceStorage, storage_of

KEPT_SECRET = "$DREMIO_EXISTING_VALUE$"  # noqa: S105 - what Dremio shows in place of a secret


def is_secret(name: str) -> bool:
    """Whether a source's setting is masked when it is shown."""
    return any(word in name.lower() for word in ("secret", "password"))


class Sources:
    """One is changed at a time; each change opens the lake again."""

    def __init__(self, store: EntityStore, lake: Lake, nas_root: FilePath | None) -> None:
        self._store, self._lake, self._nas_root = store, lake, nas_root
        self._changing = threading.Lock()

    def open_lake(self, patience: float = DRAIN_SECONDS) -> None:
        """Open the lake with the registered sources. Raises Busy when statements outlast `patience`."""
        self._lake.open([self._storage(e) for e in self._store.all(Kind.SOURCE)], patience)

    def create(self, name: str, kind: str, config: dict[str, Any], extra: dict[str, Any]) -> Entity:
        """Register a source and reach it at once. Raises EngineError when the configuration does not hold."""
        storage_of(name, kind, config, self._nas_root)
        with self._changing:
            entity = self._store.add(Entity(Kind.SOURCE, (name,), {"type": kind, "config": config, **extra}))
            try:
                self.open_lake()
                if reason := self._lake.why_unreachable(name) or self._lake.why_not_listed(name):
                    raise EngineError(reason)
            except (EngineError, duckdb.Error) as error:
                self._store.remove((name,))
                self.open_lake()
                raise EngineError(f"Source [{name}] cannot be used: {first_line(error)}") from error
        return entity

    def change(self, entity: Entity, config: dict[str, Any], extra: dict[str, Any]) -> Entity:
        """New configuration for a source; a secret sent back as Dremio masks it stays what it was."""
        body = {"type": entity.body["type"], "config": _with_kept_secrets(config, entity.body["config"])}
        storage_of(entity.path[0], body["type"], body["config"], self._nas_root)
        with self._changing:
            changed = self._store.put(entity, {**body, **extra})
            if body["config"] != entity.body["config"]:
                self.open_lake()
        return changed

    def remove(self, entity: Entity) -> None:
        """Forget a source with all that is stored below it; its files stay."""
        self._store.remove(entity.path, with_children=True)
        self.open_lake()

    def _storage(self, entity: Entity) -> SourceStorage:
        return storage_of(entity.path[0], entity.body["type"], entity.body["config"], self._nas_root)


def _with_kept_secrets(config: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    merged = dict(config)
    for name in {name for name in (*merged, *kept) if is_secret(name)}:
        if merged.get(name) in (None, KEPT_SECRET):
            merged[name] = kept.get(name)
    properties = {item["name"]: item for item in kept.get("propertyList") or ()}
    if "propertyList" in merged:
        merged["propertyList"] = [
            properties.get(item.get("name"), item) if item.get("value") == KEPT_SECRET else item
            for item in merged["propertyList"] or ()
        ]
    return merged
