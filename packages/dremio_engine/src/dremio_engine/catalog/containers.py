"""Spaces, homes and folders: what holds other objects and is not a source."""

from dremio_engine.catalog.entities import Entity, Kind
from dremio_engine.catalog.store import EntityStore
from dremio_engine.errors import EngineError
from dremio_engine.lake.lake import Lake
from dremio_engine.paths import Path, dotted

HOLDERS = (Kind.SPACE, Kind.FOLDER, Kind.SOURCE)


class Containers:
    """Makes them where they may lie."""

    def __init__(self, store: EntityStore, lake: Lake) -> None:
        self._store, self._lake = store, lake

    def create_space(self, name: str) -> Entity:
        """A new space. Raises Conflict when any top-level object has the name."""
        return self._store.add(Entity(Kind.SPACE, (name,)))

    def create_folder(self, path: Path) -> Entity:
        """A folder in a space, at any depth; its parent must exist. Raises EngineError, Conflict."""
        self.check_parent(path)
        if self._lake.source(path[0]):
            raise EngineError(f"Can not create a folder inside a [SOURCE]: [{dotted(path)}]")
        return self._store.add(Entity(Kind.FOLDER, path))

    def ensure_home(self, user: str) -> Path:
        """The path of a user's home, which is created if it is missing."""
        path = (f"@{user}",)
        if self._store.by_path(path) is None:
            self._store.add(Entity(Kind.SPACE, path, {"home": True}))
        return path

    def check_parent(self, path: Path) -> None:
        """Raises EngineError unless something at the path's parent can hold an object."""
        if len(path) < 2:
            raise EngineError(f"[{dotted(path)}] needs a space or source in front.")
        parent = self._store.by_path(path[:-1])
        if parent is None or parent.kind not in HOLDERS:
            raise EngineError(f"Parent [{dotted(path[:-1])}] of [{path[-1]}] does not exist.")
