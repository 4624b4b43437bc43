"""Statements that make, change and drop tables of the lake."""

from collections.abc import Iterable

from sqlglot import exp

from dremio_engine.catalog.inventory import Inventory
from dremio_engine.catalog.planner import Planner
from dremio_engine.errors import InvalidStatement, Unsupported
from dremio_engine.lake.cursors import Cursor, Interruptible, count, register
from dremio_engine.lake.definitions import (
    column_type,
    partition_sql,
    partitioned_now,
    repartitioned,
    sorted_now,
)
from dremio_engine.lake.lake import Lake, LakeTable, lake_name
from dremio_engine.lake.outcomes import Outcome, done, records
from dremio_engine.lake.properties import write_properties
from dremio_engine.lake.upkeep import Upkeep
from dremio_engine.lake.writer import Writer
from dremio_engine.paths import Path, check_file_path, dotted, in_context
from dremio_engine.sql.changes import met_twice, take_source_out, target_of_change
from dremio_engine.sql.gate import admitted
from dremio_engine.sql.names import path_of
from dremio_engine.sql.parsed import Parsed, parsed
from dremio_engine.sql.quoting import quoted
from dremio_engine.sql.statement import Statement
from dremio_engine.sql.statements import commands as c
from dremio_engine.sql.translate import Relation, Translation, Translator
from dremio_engine.tables.handlers import Handlers
from dremio_engine.tables.match_check import MatchCheck

ShapeChange = c.AddColumns | c.DropColumn | c.AlterColumn | c.LocalSort
# Temporary tables are each session's own.
_SOURCE_ROWS = "rows_to_merge"


class TableStatements:
    """Each method is one statement and one transaction."""

    def __init__(self, lake: Lake, inventory: Inventory, planner: Planner) -> None:
        self._lake, self._inventory, self._planner = lake, inventory, planner
        self._writer = Writer(lake)
        self._upkeep = Upkeep(lake)

    def handlers(self) -> Handlers:
        """The commands that are run here."""
        shape_changes = (c.AddColumns, c.DropColumn, c.AlterColumn, c.LocalSort)
        return {
            c.CreateTable: self.create,
            c.Change: self.change,
            c.Truncate: self.truncate,
            c.PartitionFields: self.repartition,
            **dict.fromkeys(shape_changes, self.alter),
            **dict.fromkeys((c.Rollback, c.Vacuum, c.Optimize), self.upkeep),
        }

    def create(self, command: c.CreateTable, statement: Statement, stop: Interruptible) -> Outcome:
        """CREATE TABLE, empty or from a query."""
        path = in_context(command.path, statement.context)
        check_file_path(path)
        source = self._lake.source(path[0])
        if source is None or not source.root or len(path) < 2:
            raise InvalidStatement(
                f"VALIDATION ERROR: Cannot create table [{dotted(path)}]:"
                f" [{path[0]}] is not a source of files."
            )
        source.check_bucket(path[1:-1])
        if self._inventory.store.by_path(path) or self._inventory.lake_table(path):
            if command.if_missing:
                return done(f"Table '{dotted(path)}' exists")
            raise InvalidStatement(
                f"VALIDATION ERROR: A table or view with given name [{dotted(path)}] already exists."
            )
        schema = dotted((source.name, *path[1:-1]))
        translation, columns = self._table_content(command, statement)
        _check_columns(
            [*(f.column for f in command.partitions), *command.sort], {name.lower() for name, _ in columns}
        )
        self._lake.ensure_schema(schema)

        rows = self._build((schema, path[-1]), command, translation, columns, stop)
        return records(rows) if command.query else done(f"Table '{dotted(path)}' created")

    def _build(
        self, name: tuple[str, str], command: c.CreateTable, translation: Translation | None,
        columns: list[tuple[str, str]], stop: Interruptible,
    ) -> int:  # fmt: skip
        target = ".".join(("lake", *map(quoted, name)))

        def work(cursor: Cursor) -> int:
            register(cursor, translation.registered if translation else {})
            definition = ", ".join(f"{quoted(n)} {t}" for n, t in columns)
            cursor.execute(f"create table {target} ({definition})")
            if command.partitions:
                cursor.execute(
                    f"alter table {target} set partitioned by ({partition_sql(command.partitions)})"
                )
            if command.sort:
                # DuckLake sorts by it whatever is inserted or merged from now on.
                cursor.execute(f"alter table {target} set sorted by ({sort_sql(command.sort)})")
            if command.properties:
                write_properties(cursor, target, dict(command.properties))
            if translation is None:
                return 0
            return count(cursor.execute(f"insert into {target} select * from ({translation.sql}) as q"))

        return self._writer.run(target, work, stop, reshapes=True, files_of=name)

    def _table_content(
        self, command: c.CreateTable, statement: Statement
    ) -> tuple[Translation | None, list[tuple[str, str]]]:
        declared = [(name, column_type(kind) if kind else "") for name, kind in command.columns]
        if command.query is None:
            _check_distinct(declared)
            return None, declared
        columns = self._planner.described(statement.query, statement.context, statement.user)
        if declared and len(declared) != len(columns):
            raise InvalidStatement(
                "VALIDATION ERROR: CREATE TABLE declares another number of columns than its query."
            )
        if declared:
            columns = [
                (name, kind or found) for (name, kind), (_, found) in zip(declared, columns, strict=True)
            ]
        _check_distinct(columns)
        query = _with_declared_types(command) if any(kind for _, kind in declared) else statement.query
        return self._planner.query(query, statement.context, statement.user), columns

    def change(self, command: c.Change, statement: Statement, stop: Interruptible) -> Outcome:
        """INSERT, MERGE, UPDATE, DELETE: the target must be a table of the lake."""
        verb, tree = command.verb, statement.query.tree()
        target = target_of_change(tree)
        if target is None:
            raise Unsupported(f"PARSE ERROR: this form of {verb} is not supported by the embedded engine.")
        if target.args.get("version"):
            raise InvalidStatement(f"VALIDATION ERROR: {verb} changes a table as it is now.")
        for extra in (
            "returning",
            "conflict",
            "overwrite",
            "source",
            "where" if verb == "INSERT" else "hint",
        ):
            if tree.args.get(extra):
                raise Unsupported(f"{verb} .. [{extra}] is not supported by the embedded engine.")
        table = self._table_at(path_of(target), statement.context)
        translator = self._planner.translator(statement.user)
        tree = translator.tree(tree, statement.context, expect_query=False)
        source = take_source_out(tree, exp.to_table(f"temp.{_SOURCE_ROWS}"))
        source_rows = translator.finished(source).sql if source is not None else None
        check = MatchCheck.of(met_twice(tree), translator)
        translation = translator.finished(tree)

        def work(cursor: Cursor) -> int:
            register(cursor, translation.registered)
            if source_rows is not None:
                cursor.execute(f"create temp table {_SOURCE_ROWS} as {source_rows}")
            if check is not None and check.fails(cursor):
                raise InvalidStatement(
                    "VALIDATION ERROR: A target row matched more than once. Please update your query."
                )
            rows = count(cursor.execute(translation.sql))
            if source_rows is not None:
                cursor.execute(f"drop table temp.{_SOURCE_ROWS}")
            return rows

        return records(self._writer.run(lake_name(table), work, stop, files_of=table))

    def truncate(self, command: c.Truncate, statement: Statement, stop: Interruptible) -> Outcome:
        """TRUNCATE TABLE."""
        path, context = command.path, statement.context
        if command.if_exists and not self._inventory.lake_table(in_context(path, context)):
            return done(f"Table '{dotted(path)}' does not exist")
        table = lake_name(self._table_at(path, context))
        self._writer.run(table, lambda cursor: count(cursor.execute(f"delete from {table}")), stop)
        return done(f"Table '{dotted(path)}' truncated")

    def alter(self, command: ShapeChange, statement: Statement, stop: Interruptible) -> Outcome:
        """ALTER TABLE: add, drop or alter columns, or the order of rows."""
        table = lake_name(self._table_at(command.path, statement.context))
        match command:
            case c.LocalSort(_, sort):
                known = {name.lower() for name, _ in self._planner.columns(command.path)}
                _check_columns(sort, known)
                change = f"set sorted by ({sort_sql(sort)})" if sort else "reset sorted by"
                steps, summary = [change], "Sort order changed"
            case c.AddColumns(_, columns):
                steps = [f"add column {quoted(name)} {column_type(kind)}" for name, kind in columns]
                summary = f"{len(columns)} column(s) added"
            case c.DropColumn(_, column):
                steps, summary = [f"drop column {quoted(column)}"], f"Column [{column}] dropped"
            case c.AlterColumn(_, column, renamed, kind):
                steps = [f"alter column {quoted(column)} set data type {column_type(kind)}"]
                if renamed.lower() != column.lower():
                    steps.append(f"rename column {quoted(column)} to {quoted(renamed)}")
                summary = f"Column [{column}] modified"

        def work(cursor: Cursor) -> int:
            for step in steps:
                cursor.execute(f"alter table {table} {step}")
            return 0

        self._writer.run(table, work, stop, reshapes=True)
        return done(summary)

    def sort_order(self, path: Path, context: Path) -> list[str]:
        """The columns by which a table of the lake is sorted; none for anything else."""
        table = self._inventory.lake_table(self._inventory.located(path, context))
        if table is None:
            return []
        with self._lake.session() as cursor:
            return sorted_now(cursor, table)

    def repartition(self, command: c.PartitionFields, statement: Statement, stop: Interruptible) -> Outcome:
        """ALTER TABLE ADD or DROP PARTITION FIELD."""
        table = self._table_at(command.path, statement.context)
        _check_columns([command.field.column], {n.lower() for n, _ in self._planner.columns(command.path)})

        def work(cursor: Cursor) -> int:
            keys = repartitioned(command, partitioned_now(cursor, table))
            change = f"set partitioned by ({', '.join(keys)})" if keys else "reset partitioned by"
            cursor.execute(f"alter table {lake_name(table)} {change}")
            return 0

        self._writer.run(lake_name(table), work, stop, reshapes=True)
        return done(f"Partition field {'dropped' if command.drop else 'added'}; files written before stay.")

    def upkeep(
        self, command: c.Rollback | c.Vacuum | c.Optimize, statement: Statement, stop: Interruptible
    ) -> Outcome:
        """ROLLBACK, VACUUM or OPTIMIZE of one table."""
        table = self._table_at(command.path, statement.context)
        match command:
            case c.Rollback():
                return self._upkeep.rollback(command, table, stop)
            case c.Vacuum():
                return self._upkeep.vacuum(command, table, stop)
            case c.Optimize(partitions=str(condition)):
                query = admitted(
                    f"select * from {'.'.join(map(quoted, command.path))} where (\n{condition}\n)"
                )
                named = {column.name.lower() for column in query.tree().find_all(exp.Column)} - {"*"}

                def choose(partitions: str) -> str:
                    return Translator(lambda *_: Relation(partitions)).query(query.sql, ()).sql

                return self._upkeep.optimize_partitions(command, table, named, choose, stop)
            case c.Optimize():
                return self._upkeep.optimize(command, table, stop)

    def _table_at(self, path: Path, context: Path) -> LakeTable:
        for candidate in ((*context, *path), path):
            if table := self._inventory.lake_table(candidate):
                return table
        if entity := self._inventory.store.by_path(path):
            raise InvalidStatement(
                f"VALIDATION ERROR: [{dotted(path)}] is a {entity.kind.value}, which cannot be changed."
            )
        raise InvalidStatement(f"VALIDATION ERROR: Table [{dotted(path)}] not found")

    def drop(self, table: LakeTable, stop: Interruptible) -> None:
        """Drop one table; its files go when its snapshots do."""
        name = lake_name(table)

        def work(cursor: Cursor) -> int:
            cursor.execute(f"drop table {name}")
            return 0

        self._writer.run(name, work, stop, reshapes=True)


def sort_sql(columns: Path) -> str:
    """LOCALSORT's columns for DuckLake: Dremio sorts upwards, NULL last."""
    return ", ".join(f"{quoted(column)} asc nulls last" for column in columns)


def _with_declared_types(command: c.CreateTable) -> Parsed:
    """The query of a table that declares types of its columns."""
    names = [quoted(name) for name, _ in command.columns]
    values = [
        f"cast({name} as {kind}) as {name}" if kind else name
        for name, (_, kind) in zip(names, command.columns, strict=True)
    ]
    return parsed(f"select {', '.join(values)} from (\n{command.query}\n) as q({', '.join(names)})")


def _check_distinct(columns: list[tuple[str, str]]) -> None:
    names = [name.lower() for name, _ in columns]
    if len(set(names)) != len(names):
        raise InvalidStatement("VALIDATION ERROR: CREATE TABLE has two columns of one name.")


def _check_columns(names: Iterable[str], known: set[str]) -> None:
    for name in names:
        if name.lower() not in known:
            raise InvalidStatement(
                f"VALIDATION ERROR: Column [{name}] of PARTITION or LOCALSORT BY is not there."
            )
