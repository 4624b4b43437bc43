"""Statements about views, folders and promoted datasets, and what drops any of them."""

import pyarrow as pa

from dremio_engine.catalog.containers import Containers
from dremio_engine.catalog.entities import Kind
from dremio_engine.catalog.inventory import Inventory
from dremio_engine.catalog.planner import Planner
from dremio_engine.catalog.promotions import Promotions
from dremio_engine.catalog.views import Views
from dremio_engine.errors import EngineError, InvalidStatement
from dremio_engine.lake.cursors import Interruptible
from dremio_engine.lake.outcomes import Outcome, done
from dremio_engine.paths import Path, dotted, flattened, in_context
from dremio_engine.sql.parsed import Parsed, parsed
from dremio_engine.sql.quoting import quoted
from dremio_engine.sql.statement import Statement
from dremio_engine.sql.statements import commands as c
from dremio_engine.tables.handlers import Handlers
from dremio_engine.tables.information_schema import column_row
from dremio_engine.tables.table_statements import TableStatements

# There are no extended properties and no masking here: both are empty lists, as Dremio writes them.
_DESCRIBED = {
    "COLUMN_NAME": pa.string(),
    "DATA_TYPE": pa.string(),
    "IS_NULLABLE": pa.string(),
    "NUMERIC_PRECISION": pa.int32(),
    "NUMERIC_SCALE": pa.int32(),
    "EXTENDED_PROPERTIES": pa.string(),
    "MASKING_POLICY": pa.string(),
    "SORT_ORDER_PRIORITY": pa.int32(),
}


class CatalogStatements:
    """Each method is one statement."""

    def __init__(
        self, inventory: Inventory, containers: Containers, views: Views, promotions: Promotions,
        planner: Planner, tables: TableStatements,
    ) -> None:  # fmt: skip
        self._inventory, self._store = inventory, inventory.store
        self._containers, self._views, self._promotions = containers, views, promotions
        self._planner, self._tables = planner, tables

    def handlers(self) -> Handlers:
        """The commands that are run here."""
        return {
            c.CreateView: self.create_view,
            c.CreateFolder: self.create_folder,
            c.Drop: self.drop,
            c.RefreshMetadata: self.refresh_metadata,
            c.Describe: self.describe,
            c.SetOption: self.set_option,
        }

    def create_view(self, command: c.CreateView, statement: Statement, stop: Interruptible) -> Outcome:
        """CREATE [OR REPLACE] VIEW."""
        path = in_context(command.path, statement.context)
        if command.if_missing and self._store.by_path(path):
            return done(f"View '{dotted(path)}' exists")
        query = self._named(command, statement) if command.columns else statement.query
        self._views.create(path, query, statement.context, command.replace, statement.user)
        return done(f"View '{dotted(path)}' created successfully")

    def _named(self, command: c.CreateView, statement: Statement) -> Parsed:
        """The query of a view that names its columns itself."""
        columns = self._planner.described(statement.query, statement.context, statement.user)
        if len(columns) != len(command.columns):
            raise InvalidStatement(
                f"VALIDATION ERROR: CREATE VIEW [{dotted(command.path)}] names {len(command.columns)}"
                f" column(s), its query has {len(columns)}; name every column of the query."
            )
        names = ", ".join(map(quoted, command.columns))
        return parsed(f"select * from (\n{command.query}\n) as q({names})")

    def create_folder(self, command: c.CreateFolder, statement: Statement, stop: Interruptible) -> Outcome:
        """CREATE FOLDER."""
        if not (command.if_missing and self._store.by_path(command.path)):
            self._containers.create_folder(command.path)
        return done(f"Folder '{dotted(command.path)}' created")

    def drop(self, command: c.Drop, statement: Statement, stop: Interruptible) -> Outcome:
        """DROP TABLE, VIEW or FOLDER."""
        path = in_context(command.path, statement.context)
        kind = command.kind.capitalize()
        entity, table = self._store.by_path(path), self._inventory.lake_table(path)
        if command.kind == "table" and table is not None:
            self._tables.drop(table, stop)
        elif entity is not None and _is_dropped_as(entity.kind, command.kind):
            self._forget(path, entity.kind)
        elif (entity is not None or table is not None) and command.kind != "folder":
            raise InvalidStatement(f"VALIDATION ERROR: [{dotted(path)}] is not a {command.kind.upper()}")
        elif command.if_exists:
            return done(f"{kind} [{dotted(path)}] not found.")
        else:
            raise InvalidStatement(f"VALIDATION ERROR: {kind} [{dotted(path)}] does not exist.")
        return done(f"{kind} [{dotted(path)}] dropped")

    def _forget(self, path: Path, kind: Kind) -> None:
        if kind is Kind.FOLDER and self._store.below(path):
            raise EngineError(f"Folder [{dotted(path)}] is not empty.")
        # Dremio: a table of plain files is forgotten, its files stay.
        self._store.remove(path)

    def refresh_metadata(
        self, command: c.RefreshMetadata, statement: Statement, stop: Interruptible
    ) -> Outcome:
        """ALTER PDS .. REFRESH METADATA or FORGET METADATA."""
        if command.forget:
            self._promotions.forget(command.path)
            return done(f"Metadata for table '{dotted(command.path)}' forgotten.")
        return done(self._promotions.refresh(command.path, command.auto_promotion))

    def set_option(self, command: c.SetOption, statement: Statement, stop: Interruptible) -> Outcome:
        """ALTER .. SET."""
        return done(
            f"[{command.name}] of '{dotted(command.path)}' noted; it changes nothing in the embedded engine."
        )

    def describe(self, command: c.Describe, statement: Statement, stop: Interruptible) -> Outcome:
        """DESCRIBE: the columns as INFORMATION_SCHEMA shows them, or one of them if it is there."""
        query = parsed(f"select * from {'.'.join(map(quoted, flattened(command.path)))}")
        columns = self._planner.described(query, statement.context, statement.user)
        sort = [name.lower() for name in self._tables.sort_order(command.path, statement.context)]
        rows = []
        for position, (name, kind) in enumerate(columns, 1):
            if command.column is not None and name.lower() != command.column.lower():
                continue
            row = column_row("", "", name, position, kind)
            priority = sort.index(name.lower()) + 1 if name.lower() in sort else None
            rows.append((name, row[7], row[6], row[11], row[13], "[]", "[]", priority))
        arrays = [pa.array([row[i] for row in rows], type=kind) for i, kind in enumerate(_DESCRIBED.values())]
        return Outcome(pa.table(arrays, names=list(_DESCRIBED)), len(rows), is_query=True)


def _is_dropped_as(kind: Kind, word: str) -> bool:
    return (kind, word) in ((Kind.VIEW, "view"), (Kind.FOLDER, "folder"), (Kind.PROMOTED, "table"))
