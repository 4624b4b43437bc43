"""What a table or view is made of, shown; the properties of tables; options of sessions."""

import pyarrow as pa

from dremio_engine.catalog.entities import Kind
from dremio_engine.catalog.inventory import Inventory
from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.lake.cursors import Cursor, Interruptible
from dremio_engine.lake.lake import Lake, LakeTable, lake_name
from dremio_engine.lake.outcomes import Outcome, done
from dremio_engine.lake.properties import properties_of, write_properties
from dremio_engine.lake.table_definition import table_definition
from dremio_engine.lake.writer import Writer
from dremio_engine.paths import Path, candidates, dotted
from dremio_engine.sql.quoting import quoted
from dremio_engine.sql.statement import Statement
from dremio_engine.sql.statements import commands as c
from dremio_engine.tables.handlers import Handlers

# Options whose value changes the way to an answer and never the answer, with the types of their values: hints
# for reflections, and keys of the planner that Dremio documents or its public source has.
SESSION_OPTIONS: dict[str, str] = {
    **dict.fromkeys(
        [
            "reflections.planning.choose_reflections",
            "reflections.planning.consider_reflections",
            "reflections.planning.exclude_reflections",
            "store.parquet.compression",
        ],
        "STRING",
    ),
    **dict.fromkeys(
        [
            "exec.expression.splits_cache.enabled",
            "exec.operator.aggregate.vectorize.use_spilling_operator",
            "planner.enable_broadcast_join",
            "planner.enable_hashjoin",
            "planner.enable_mergejoin",
            "planner.enable_nestedloopjoin",
            "planner.enable_reduce_project",
            "planner.enable_trim_join_branch",
            "planner.use_statistics",
            "planner.writer.round_robin",
            "reflections.planning.current_iceberg_data_only",
            "reflections.planning.no_reflections",
        ],
        "BOOLEAN",
    ),
    **dict.fromkeys(["planner.broadcast_threshold", "planner.slice_target"], "LONG"),
}


class DefinitionStatements:
    """Each method is one statement."""

    def __init__(self, lake: Lake, inventory: Inventory) -> None:
        self._lake, self._inventory = lake, inventory
        self._writer = Writer(lake)

    def handlers(self) -> Handlers:
        """The commands that are run here."""
        return {
            c.ShowCreate: self.show_create,
            c.ShowProperties: self.show_properties,
            c.SetProperties: self.set_properties,
            c.SessionOption: self.session_option,
        }

    def show_create(self, command: c.ShowCreate, statement: Statement, stop: Interruptible) -> Outcome:
        """SHOW CREATE TABLE: the statement that makes it. SHOW CREATE VIEW: its query, as in Dremio."""
        for path in candidates(command.path, statement.context):
            entity, table = self._inventory.store.by_path(path), self._inventory.lake_table(path)
            if table is not None:
                full = (*table.schema.split("."), table.name)
                if command.kind != "table":
                    raise InvalidStatement(f"VALIDATION ERROR: [{dotted(full)}] is not a view")
                with self._lake.session() as cursor:
                    return _definition(full, table_definition(cursor, table, full))
            if entity is not None and entity.kind in (Kind.VIEW, Kind.PROMOTED):
                if (entity.kind is Kind.VIEW) != (command.kind == "view"):
                    raise InvalidStatement(
                        f"VALIDATION ERROR: [{dotted(entity.path)}] is not a {command.kind}"
                    )
                sql = entity.body.get("sql") or f"SELECT * FROM {'.'.join(map(quoted, entity.path))}"
                return _definition(entity.path, sql)
        raise InvalidStatement(f"VALIDATION ERROR: Unknown {command.kind} [{dotted(command.path)}]")

    def show_properties(
        self, command: c.ShowProperties, statement: Statement, stop: Interruptible
    ) -> Outcome:
        """SHOW TBLPROPERTIES: those that were set."""
        table = self._table_at(command.path, statement.context)
        with self._lake.session() as cursor:
            found = properties_of(cursor, table)
        names = ("table_property_name", "table_property_value")
        rows = pa.table([pa.array(list(part), pa.string()) for part in (found, found.values())], list(names))
        return Outcome(rows, len(found), is_query=True)

    def set_properties(self, command: c.SetProperties, statement: Statement, stop: Interruptible) -> Outcome:
        """ALTER TABLE SET or UNSET TBLPROPERTIES."""
        table = self._table_at(command.path, statement.context)

        def work(cursor: Cursor) -> int:
            kept = properties_of(cursor, table) | dict(command.changed)
            write_properties(
                cursor, lake_name(table), {n: v for n, v in kept.items() if n not in command.removed}
            )
            return 0

        self._writer.run(lake_name(table), work, stop)
        said = [f"Table Property [{name}] set with value [{value}]. " for name, value in command.changed]
        said += [f"Table Property [{name}] unset. " for name in command.removed]
        return done("".join(said))

    def session_option(self, command: c.SessionOption, statement: Statement, stop: Interruptible) -> Outcome:
        """ALTER SESSION SET or RESET, which changes nothing here."""
        if command.scope == "SYSTEM":
            raise Unsupported(
                f"ALTER SYSTEM [{command.name}] is not supported by the embedded engine: its settings are"
                " variables of its environment, shown by sys.options."
            )
        if command.value is None and command.name.upper() == "ALL":
            return done("ALL updated.")
        kind = SESSION_OPTIONS.get(command.name.lower())
        if kind is None:
            raise Unsupported(
                f"VALIDATION ERROR: The option '{command.name}' does not exist in the embedded engine; it has"
                f" {', '.join(SESSION_OPTIONS)}."
            )
        if command.value is not None and _kind_of(command.value) != kind:
            raise InvalidStatement(f"VALIDATION ERROR: Option '{command.name}' takes a value of type {kind}.")
        return done(f"{command.name} updated. It changes nothing in the embedded engine.")

    def _table_at(self, path: Path, context: Path) -> LakeTable:
        for candidate in candidates(path, context):
            if table := self._inventory.lake_table(candidate):
                return table
        raise InvalidStatement(f"VALIDATION ERROR: Unknown table [{dotted(path)}]")


def _kind_of(value: str | bool | float) -> str:
    if isinstance(value, float):
        return "LONG" if value.is_integer() else "DOUBLE"
    return "BOOLEAN" if isinstance(value, bool) else "STRING"


def _definition(path: Path, sql: str) -> Outcome:
    return Outcome(pa.table({"path": [f"[{dotted(path)}]"], "sql_definition": [sql]}), 1, is_query=True)
