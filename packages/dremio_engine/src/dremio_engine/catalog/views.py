"""Views: kept only when their query holds, and never one that reads itself."""

from dremio_engine.catalog.containers import Containers
from dremio_engine.catalog.entities import Entity, Kind
from dremio_engine.catalog.planner import Planner
from dremio_engine.catalog.resolver import Resolver
from dremio_engine.catalog.store import EXISTS, EntityStore
from dremio_engine.errors import Conflict, InvalidStatement
from dremio_engine.lake.lake import Lake
from dremio_engine.paths import Path, dotted, is_same
from dremio_engine.sql.parsed import Parsed
from dremio_engine.sql.readings import Reading
from dremio_engine.sql.translate import Relation, Translator, nothing_learned


class Views:
    """Creates and replaces them."""

    def __init__(
        self, store: EntityStore, lake: Lake, containers: Containers, resolver: Resolver, planner: Planner
    ) -> None:
        self._store, self._lake, self._containers = store, lake, containers
        self._resolver, self._planner = resolver, planner

    def create(self, path: Path, query: Parsed, context: Path, replace: bool, user: str = "") -> Entity:
        """A view in a space. Raises Conflict, or InvalidStatement when its query does not hold."""
        if len(path) > 1 and self._lake.source(path[0]):
            raise InvalidStatement(f"VALIDATION ERROR: Cannot create view in [{path[0]}]: it is a source.")
        self._containers.check_parent(path)
        existing = self._store.by_path(path)
        if existing is not None and (existing.kind is not Kind.VIEW or not replace):
            raise Conflict(f"VALIDATION ERROR: {EXISTS}: [{dotted(path)}]")
        columns = self._planner.described(query, context, user)
        body = {"sql": query.sql, "context": list(context), "columns": columns}
        if existing is None:
            return self._store.add(Entity(Kind.VIEW, path, body))
        self._check_not_through_itself(path, query, context, user)
        return self._store.put(existing, body)

    def _check_not_through_itself(self, path: Path, query: Parsed, context: Path, user: str) -> None:
        def resolve(name: Path, within: Path, reading: Reading | None = None) -> Relation:
            if is_same((*within, *name), path) or is_same(name, path):
                raise InvalidStatement(f"VALIDATION ERROR: view [{dotted(path)}] would contain itself.")
            return self._resolver.resolve(name, within, reading)

        translator = Translator(resolve, user, learn=nothing_learned, function=self._resolver.function)
        translator.translation(query.tree(), context)
