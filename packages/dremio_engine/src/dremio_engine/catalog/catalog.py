"""The catalogue: what a path names, what may be created where, and what the engine shows of itself."""

import secrets
import threading
from collections.abc import Callable
from pathlib import Path as FilePath
from typing import Any

import duckdb

from dremio_engine.catalog import promotion
from dremio_engine.catalog.column_types import ColumnTypes
from dremio_engine.catalog.entities import FOLDER_PREFIX, Entity, Kind, Path, dotted, folder_id, folder_path
from dremio_engine.catalog.store import EXISTS, EntityStore
from dremio_engine.errors import Conflict, EngineError, InvalidStatement, NotFound
from dremio_engine.lake.connection import postgres_catalog
from dremio_engine.lake.database_tables import DatabaseTables
from dremio_engine.lake.lake import DRAIN_SECONDS, Lake, LakeTable
from dremio_engine.lake.lake_sql import quoted
from dremio_engine.lake.storage import SourceStorage, storage_of, without_connection_string
from dremio_engine.lake.version_tables import version_table
from dremio_engine.lake.versions import find, snapshots_of
from dremio_engine.sql.readings import Metadata, Reading
from dremio_engine.sql.translate import Relation, Translator
from dremio_engine.sql.types import stored_type

KEPT_SECRET = "$DREMIO_EXISTING_VALUE$"  # noqa: S105 - what Dremio shows in place of a secret
SystemTable = Callable[[str, str], "Relation | None"]


class Catalog:
    """Paths ignore case. Tables live in DuckLake alone; everything else in the state file."""

    def __init__(self, store: EntityStore, lake: Lake, nas_root: FilePath | None) -> None:
        self._store = store
        self._lake = lake
        self._types = ColumnTypes(lake)
        self._nas_root = nas_root
        self._changing_sources = threading.Lock()
        self.databases = DatabaseTables(lake)
        self.system_table: SystemTable = lambda schema, name: None
        # (user, role): what IS_MEMBER answers. Nobody has roles in Community Edition.
        self.is_member: Callable[[str, str], bool] = lambda user, role: False

    @property
    def store(self) -> EntityStore:
        """The entities underneath."""
        return self._store

    def open(self, patience: float = DRAIN_SECONDS) -> None:
        """Open the lake with the registered sources. Raises Busy when statements outlast `patience`."""
        self._lake.open(self._storages(), patience)

    def _storages(self) -> list[SourceStorage]:
        return [
            storage_of(e.path[0], e.body["type"], e.body["config"], self._nas_root)
            for e in self._store.all(Kind.SOURCE)
        ]

    def translator(self, user: str = "") -> Translator:
        """One that knows the catalogue's names and this user's roles; good for one statement."""
        return Translator(self.resolve, user, lambda role: self.is_member(user, role))

    # -- names -------------------------------------------------------------------------------------

    def resolve(self, path: Path, context: Path = (), reading: Reading | None = None) -> Relation:
        """The relation a name in a query stands for, as it was or its versions if a reading asks for them.

        Raises InvalidStatement when there is none.
        """
        return self.located(path, context, reading)[1]

    def located(
        self, path: Path, context: Path = (), reading: Reading | None = None
    ) -> tuple[Path, Relation]:
        """The full path a name in a query stands for, with its relation. Raises InvalidStatement."""
        flat = tuple(piece for part in path for piece in part.split("."))
        for candidate in dict.fromkeys([(*context, *path), path, flat]):
            found = self._relation(candidate) if reading is None else self._relation_at(candidate, reading)
            if found is not None:
                return candidate, found
        within = f" within '{dotted(path[:-1])}'" if len(path) > 1 else ""
        raise InvalidStatement(f"VALIDATION ERROR: Object '{path[-1]}' not found{within}")

    def _relation(self, path: Path) -> Relation | None:
        if len(path) < 2:
            return None
        if len(path) == 2 and (system := self.system_table(path[0].lower(), path[1].lower())):
            return system
        entity = self._store.by_path(path)
        if entity is not None and entity.kind is Kind.VIEW:
            return Relation(entity.body["sql"], view=True, context=tuple(entity.body["context"]))
        if entity is not None and entity.kind is Kind.PROMOTED:
            files = promotion.relation_sql(entity.body)
            return Relation(files, folders=promotion.folders(entity.body), columns=self._types.of(files))
        if table := self.lake_table(path):
            return Relation(lake_name(table), columns=self._types.of_lake_table(lake_name(table)))
        source = self._lake.source(path[0])
        if source is not None and source.postgres is not None and len(path) == 3:
            if reason := self._lake.why_unreachable(source.name):
                raise EngineError(
                    f"Source [{source.name}] is not there yet; it is tried again every few seconds. {reason}"
                )
            name = ".".join(quoted(p) for p in (postgres_catalog(source.name), path[1], path[2]))
            return Relation(name, columns=self._types.of(name))
        return None

    def _relation_at(self, path: Path, reading: Reading) -> Relation | None:
        """Tables of the lake have versions; what else there is at the path is refused."""
        table = self.lake_table(path)
        if table is None:
            if (entity := self._store.by_path(path)) or self._relation(path):
                kind = entity.kind.value if entity else "table"
                raise InvalidStatement(
                    f"VALIDATION ERROR: Time travel is not supported on [{dotted(path)}]: it is a {kind}"
                    " without versions, not a table of the lake."
                )
            return None
        if isinstance(reading, Metadata):
            name = f"versions_{secrets.token_hex(6)}"
            rows = version_table(self._lake, table, reading.function)
            return Relation(quoted(name), registered=(name, rows))
        with self._lake.session() as cursor:
            snapshot = find(snapshots_of(cursor, table), reading)
        rows = f"(select * from {lake_name(table)}{snapshot.clause})"
        return Relation(rows, columns=self._types.of(rows))

    def lake_table(self, path: Path) -> LakeTable | None:
        """The DuckLake table at a path of a registered source."""
        if len(path) < 2 or self._lake.source(path[0]) is None:
            return None
        return self._lake.tables().get((dotted(path[:-1]).lower(), path[-1].lower()))

    def visible_tables(self) -> list[LakeTable]:
        """Every DuckLake table of the registered sources."""
        return [t for t in self._lake.tables().values() if self._lake.source(t.schema.partition(".")[0])]

    def dataset_by_id(self, dataset_id: str) -> Path:
        """The path of a view, promoted dataset or table. Raises NotFound."""
        entity = self._store.by_id(dataset_id)
        if entity is not None and entity.kind in (Kind.VIEW, Kind.PROMOTED):
            return entity.path
        for table in self.visible_tables():
            if table.uuid == dataset_id:
                return (*table.schema.split("."), table.name)
        if dataset_id.startswith(FOLDER_PREFIX) and self.is_database_table(folder_path(dataset_id)):
            return folder_path(dataset_id)
        raise NotFound(f"Could not find entity with id [{dataset_id}]")

    def is_database_table(self, path: Path) -> bool:
        """Whether a database among the sources has this table now."""
        source = self._lake.source(path[0]) if len(path) == 3 else None
        if source is None or source.postgres is None:
            return False
        wanted = (path[1].lower(), path[2].lower())
        return any((c.schema.lower(), c.table.lower()) == wanted for c in self.databases.of(source))

    def dataset_id(self, path: Path) -> str:
        """The id of a view, promoted dataset or table. Raises InvalidStatement."""
        entity = self._store.by_path(path)
        if entity is not None and entity.kind in (Kind.VIEW, Kind.PROMOTED):
            return entity.id
        if table := self.lake_table(path):
            return table.uuid
        if self.is_database_table(path):
            return folder_id(path)
        raise InvalidStatement(
            f"VALIDATION ERROR: Object '{path[-1]}' not found within '{dotted(path[:-1])}'"
        )

    def columns(self, path: Path, user: str = "") -> list[tuple[str, str]]:
        """(name, DuckDB type) of a dataset, as a query on it would give them now."""
        return self.describe_query(f"select * from {'.'.join(quoted(p) for p in path)}", (), user)

    def describe_query(self, sql: str, context: Path, user: str = "") -> list[tuple[str, str]]:
        """(name, DuckDB type) of a query's result, with Dremio's types. Raises InvalidStatement."""
        translation = self.translator(user).query(sql, context)
        with self._lake.session() as cursor:
            for name, rows in translation.registered.items():
                cursor.register(name, rows)
            try:
                described = cursor.execute(f"describe {translation.sql}").fetchall()
            except duckdb.Error as error:
                raise InvalidStatement(f"VALIDATION ERROR: {first_line(error)}") from error
        return [(row[0], stored_type(row[1]) or row[1]) for row in described]

    # -- spaces, folders, sources --------------------------------------------------------------------

    def create_space(self, name: str) -> Entity:
        """A new space. Raises Conflict when any top-level object has the name."""
        return self._store.add(Entity(Kind.SPACE, (name,)))

    def create_folder(self, path: Path) -> Entity:
        """A folder in a space, at any depth; its parent must be there."""
        self._check_parent(path)
        if self._lake.source(path[0]):
            raise EngineError(f"Can not create a folder inside a [SOURCE]: [{dotted(path)}]")
        return self._store.add(Entity(Kind.FOLDER, path))

    def create_source(self, name: str, kind: str, config: dict[str, Any], extra: dict[str, Any]) -> Entity:
        """Register a source and reach it at once. Raises EngineError when the configuration does not hold."""
        storage_of(name, kind, config, self._nas_root)
        with self._changing_sources:
            entity = self._store.add(Entity(Kind.SOURCE, (name,), {"type": kind, "config": config, **extra}))
            try:
                self.open()
                if reason := self._lake.why_unreachable(name) or self._lake.why_not_listed(name):
                    raise EngineError(reason)
            except (EngineError, duckdb.Error) as error:
                self._store.remove((name,))
                self.open()
                raise EngineError(f"Source [{name}] cannot be used: {first_line(error)}") from error
        return entity

    def change_source(self, entity: Entity, config: dict[str, Any], extra: dict[str, Any]) -> Entity:
        """New configuration for a source; a secret sent back as Dremio masks it stays what it was."""
        merged = dict(config)
        kept = entity.body["config"]
        for name in {name for name in (*merged, *kept) if is_secret(name)}:
            if merged.get(name) in (None, KEPT_SECRET):
                merged[name] = kept.get(name)
        properties = {item["name"]: item for item in kept.get("propertyList") or ()}
        if "propertyList" in merged:
            merged["propertyList"] = [
                properties.get(item.get("name"), item) if item.get("value") == KEPT_SECRET else item
                for item in merged["propertyList"] or ()
            ]
        storage_of(entity.path[0], entity.body["type"], merged, self._nas_root)
        with self._changing_sources:
            changed = self._store.put(entity, {"type": entity.body["type"], "config": merged, **extra})
            if merged != entity.body["config"]:
                self.open()
        return changed

    def _check_parent(self, path: Path) -> None:
        if len(path) < 2:
            raise EngineError(f"[{dotted(path)}] needs a space or source in front.")
        parent = self._store.by_path(path[:-1])
        if parent is None or parent.kind not in (Kind.SPACE, Kind.FOLDER, Kind.SOURCE):
            raise EngineError(f"Parent [{dotted(path[:-1])}] of [{path[-1]}] does not exist.")

    # -- datasets ------------------------------------------------------------------------------------

    def create_view(self, path: Path, sql: str, context: Path, replace: bool, user: str = "") -> Entity:
        """A view in a space. Raises Conflict, or InvalidStatement when its query does not hold."""
        if len(path) > 1 and self._lake.source(path[0]):
            raise InvalidStatement(f"VALIDATION ERROR: Cannot create view in [{path[0]}]: it is a source.")
        self._check_parent(path)
        existing = self._store.by_path(path)
        if existing is not None and (existing.kind is not Kind.VIEW or not replace):
            raise Conflict(f"VALIDATION ERROR: {EXISTS}: [{dotted(path)}]")
        columns = self.describe_query(sql, context, user)
        body = {"sql": sql, "context": list(context), "columns": columns}
        if existing is None:
            return self._store.add(Entity(Kind.VIEW, path, body))
        self._check_not_through_itself(path, sql, context, user)
        return self._store.put(existing, body)

    def _check_not_through_itself(self, path: Path, sql: str, context: Path, user: str) -> None:
        def resolve(name: Path, within: Path) -> Relation:
            for candidate in ((*within, *name), name):
                if tuple(p.lower() for p in candidate) == tuple(p.lower() for p in path):
                    raise InvalidStatement(f"VALIDATION ERROR: view [{dotted(path)}] would contain itself.")
            return self.resolve(name, within)

        Translator(resolve, user).query(sql, context)

    def promote(self, path: Path, format_options: dict[str, Any]) -> Entity:
        """Make a folder of Parquet files a table. Raises Conflict when it is one."""
        promotion.check_format(format_options)
        if self._store.by_path(path) or self.lake_table(path):
            raise Conflict(f"{EXISTS}: [{dotted(path)}]")
        body = promotion.read_metadata(self._lake, path)
        return self._store.add(Entity(Kind.PROMOTED, path, body))

    def refresh_metadata(self, path: Path, auto_promotion: bool) -> str:
        """List a promoted dataset's files again; says what happened. Raises InvalidStatement."""
        if self.lake_table(path):
            return f"Table '{dotted(path)}': metadata is unchanged, no refresh occurred."
        entity = self._store.by_path(path)
        if entity is None and auto_promotion and self._lake.source(path[0]):
            self.promote(path, {"type": "Parquet"})
        elif entity is not None and entity.kind is Kind.PROMOTED:
            self._store.put(entity, promotion.read_metadata(self._lake, path, entity.body))
        else:
            raise InvalidStatement(f"VALIDATION ERROR: PDS '{dotted(path)}' not found")
        return f"Metadata for table '{dotted(path)}' refreshed."

    def forget(self, path: Path) -> None:
        """Promoted folder -> plain folder. Raises InvalidStatement."""
        entity = self._store.by_path(path)
        if entity is None or entity.kind is not Kind.PROMOTED:
            raise InvalidStatement(f"VALIDATION ERROR: PDS '{dotted(path)}' not found")
        self._store.remove(path)


def is_secret(name: str) -> bool:
    """Whether a source's setting is masked when it is shown."""
    return any(word in name.lower() for word in ("secret", "password"))


def lake_name(table: LakeTable) -> str:
    """A table's full DuckDB name."""
    return f'"lake".{quoted(table.schema)}.{quoted(table.name)}'


def first_line(error: Exception) -> str:
    """DuckDB's message without its excerpt of the generated SQL."""
    text = without_connection_string(str(error).strip())
    return text.split("\n\nLINE ")[0].split("\nLINE ")[0] or type(error).__name__
