"""From a name in a query to the relation behind it."""

import secrets
from typing import Protocol

from dremio_engine.catalog import promotion
from dremio_engine.catalog.column_types import ColumnTypes
from dremio_engine.catalog.entities import Kind
from dremio_engine.catalog.function_store import FunctionStore
from dremio_engine.catalog.inventory import Inventory
from dremio_engine.errors import EngineError, InvalidStatement
from dremio_engine.lake.connection import attached_name
from dremio_engine.lake.lake import Lake, lake_name
from dremio_engine.lake.version_tables import version_table
from dremio_engine.lake.versions import find, snapshots_of
from dremio_engine.paths import Path, candidates, dotted
from dremio_engine.sql.quoting import quoted
from dremio_engine.sql.readings import Metadata, Reading
from dremio_engine.sql.translate import Relation


class SystemRelations(Protocol):
    """The tables that show the engine itself."""

    def relation(self, schema: str, name: str) -> Relation | None:
        """One of them, by its names in lower case; nothing when it does not exist."""


class Resolver:
    """Looks at system tables first, then at views and promoted folders, the lake, and databases."""

    def __init__(
        self, inventory: Inventory, lake: Lake, system: SystemRelations, functions: FunctionStore
    ) -> None:
        self.function = functions.find
        self._inventory, self._lake, self._system = inventory, lake, system
        self._types = ColumnTypes(lake)

    def resolve(self, path: Path, context: Path = (), reading: Reading | None = None) -> Relation:
        """The relation a name in a query stands for, as it was or its versions if a reading asks for them.

        Raises InvalidStatement when there is none.
        """
        return self.located(path, context, reading)[1]

    def located(
        self, path: Path, context: Path = (), reading: Reading | None = None
    ) -> tuple[Path, Relation]:
        """The full path a name in a query stands for, with its relation. Raises InvalidStatement."""
        for candidate in candidates(path, context):
            found = self._relation(candidate) if reading is None else self._relation_at(candidate, reading)
            if found is not None:
                return candidate, found
        within = f" within '{dotted(path[:-1])}'" if len(path) > 1 else ""
        raise InvalidStatement(f"VALIDATION ERROR: Object '{path[-1]}' not found{within}")

    def _relation(self, path: Path) -> Relation | None:
        if len(path) < 2:
            return None
        if len(path) == 2 and (system := self._system.relation(path[0].lower(), path[1].lower())):
            return system
        entity = self._inventory.dataset(path)
        if entity is not None and entity.kind is Kind.VIEW:
            return Relation(entity.body["sql"], view=True, context=tuple(entity.body["context"]))
        if entity is not None:
            files = promotion.relation_sql(entity.body)
            return Relation(files, folders=promotion.folders(entity.body), columns=self._types.of(files))
        if table := self._inventory.lake_table(path):
            return Relation(lake_name(table), columns=self._types.of_lake_table(lake_name(table)))
        return self._of_database(path)

    def _of_database(self, path: Path) -> Relation | None:
        source = self._lake.source(path[0]) if len(path) == 3 else None
        if source is None or source.postgres is None:
            return None
        if reason := self._lake.why_unreachable(source.name):
            raise EngineError(
                f"Source [{source.name}] is not there yet; it is tried again every few seconds. {reason}"
            )
        name = ".".join(quoted(p) for p in (attached_name(source.name), path[1], path[2]))
        return Relation(name, columns=self._types.of(name))

    def _relation_at(self, path: Path, reading: Reading) -> Relation | None:
        """Tables of the lake have versions; what else there is at the path is refused."""
        table = self._inventory.lake_table(path)
        if table is None:
            if (entity := self._inventory.store.by_path(path)) or self._relation(path):
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
