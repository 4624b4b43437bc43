"""What there is at a path or under an id: stored objects, tables of the lake, tables of databases."""

from dremio_engine.catalog.entities import FOLDER_PREFIX, Entity, Kind, folder_id, folder_path
from dremio_engine.catalog.store import EntityStore
from dremio_engine.errors import InvalidStatement, NotFound
from dremio_engine.lake.database_tables import DatabaseTables
from dremio_engine.lake.lake import Lake, LakeTable
from dremio_engine.paths import Path, candidates, dotted, in_context

DATASETS = (Kind.VIEW, Kind.PROMOTED)


class Inventory:
    """Paths ignore case. Tables live in DuckLake alone; everything else in the state file."""

    def __init__(self, store: EntityStore, lake: Lake, databases: DatabaseTables) -> None:
        self.store, self._lake, self._databases = store, lake, databases

    def dataset(self, path: Path) -> Entity | None:
        """The view or promoted dataset at a path."""
        entity = self.store.by_path(path)
        return entity if entity is not None and entity.kind in DATASETS else None

    def lake_table(self, path: Path) -> LakeTable | None:
        """The DuckLake table at a path of a registered source."""
        if len(path) < 2 or self._lake.source(path[0]) is None:
            return None
        return self._lake.tables().get((dotted(path[:-1]).lower(), path[-1].lower()))

    def visible_tables(self) -> list[LakeTable]:
        """Every DuckLake table of the registered sources."""
        return [t for t in self._lake.tables().values() if self._lake.source(t.schema.partition(".")[0])]

    def is_database_table(self, path: Path) -> bool:
        """Whether a database among the sources has this table now."""
        source = self._lake.source(path[0]) if len(path) == 3 else None
        if source is None or source.postgres is None:
            return False
        wanted = (path[1].lower(), path[2].lower())
        return any((c.schema.lower(), c.table.lower()) == wanted for c in self._databases.of(source))

    def dataset_by_id(self, dataset_id: str) -> Path:
        """The path of a view, promoted dataset or table. Raises NotFound."""
        entity = self.store.by_id(dataset_id)
        if entity is not None and entity.kind in DATASETS:
            return entity.path
        for table in self.visible_tables():
            if table.uuid == dataset_id:
                return (*table.schema.split("."), table.name)
        if dataset_id.startswith(FOLDER_PREFIX) and self.is_database_table(folder_path(dataset_id)):
            return folder_path(dataset_id)
        raise NotFound(f"Could not find entity with id [{dataset_id}]")

    def dataset_id(self, path: Path) -> str:
        """The id of a view, promoted dataset or table. Raises InvalidStatement."""
        if (entity := self.dataset(path)) is not None:
            return entity.id
        if table := self.lake_table(path):
            return table.uuid
        if self.is_database_table(path):
            return folder_id(path)
        raise InvalidStatement(
            f"VALIDATION ERROR: Object '{path[-1]}' not found within '{dotted(path[:-1])}'"
        )

    def located(self, path: Path, context: Path) -> Path:
        """The full path of the object a statement names, or of the one it would create there."""
        for candidate in candidates(path, context):
            entity = self.store.by_path(candidate)
            if self.lake_table(candidate) or (entity and entity.kind is not Kind.FOLDER):
                return candidate
        return in_context(path, context)
