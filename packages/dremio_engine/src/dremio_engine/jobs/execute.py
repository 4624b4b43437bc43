"""Runs one statement: which command does what, in which transaction, with which answer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import duckdb
import pyarrow as pa

from dremio_engine.access.visibility import CURRENT_USER
from dremio_engine.catalog.catalog import Catalog, first_line
from dremio_engine.catalog.entities import Kind, Path, dotted
from dremio_engine.catalog.information_schema import column_row
from dremio_engine.catalog.system_tables import SystemTables
from dremio_engine.errors import EngineError, InvalidStatement, Unsupported
from dremio_engine.jobs.results import Rows
from dremio_engine.lake.lake import Lake
from dremio_engine.lake.lake_sql import literal, quoted
from dremio_engine.lake.tables import Tables, in_context
from dremio_engine.sql import commands as c
from dremio_engine.sql.command_parser import parse_command
from dremio_engine.sql.translate import Translation
from dremio_engine.sql.types import Narrowing
from dremio_engine.statement import (
    Cancelled,
    Cursor,
    Interruptible,
    Outcome,
    Relationship,
    done,
    error_kind,
    records,
    register,
)

FETCHED_ROWS = 65_536
Authorize = Callable[[c.Command, Path, str], None]
Accelerate = Callable[[Cursor, Translation], tuple[Translation, tuple[Relationship, ...]]]


class Executor:
    """Thread-safe: any number of statements run at once."""

    def __init__(self, lake: Lake, catalog: Catalog, system: SystemTables, result_bytes: int) -> None:
        self._lake = lake
        self._result_bytes = result_bytes
        self._catalog = catalog
        self._system = system
        self.tables = Tables(lake, catalog)
        # Reflections register their statements here, so that this module does not know them.
        self.handlers: dict[type, Callable[[Any, str], str]] = {}
        # Access control sees every statement before it runs, and once it has changed something.
        self.authorize: Authorize = _allow
        # Reflections may answer a query from what they keep, in the transaction they open on its cursor.
        self.accelerate: Accelerate = _as_it_is
        self.record: Authorize = _allow

    def run(self, sql: str, context: Path, user: str) -> Outcome:
        """Run one statement to its end, all its rows in the outcome. Raises EngineError."""
        rows = Rows(self._result_bytes)
        outcome = self.run_into(rows, sql, context, user, Interruptible())
        rows.end()
        table = rows.table()
        return outcome if table is None else replace(outcome, table=table)

    def schema(self, sql: str, context: Path, user: str) -> pa.Schema:
        """The schema of a statement's result; a query is only planned, a change not made."""
        command = parse_command(sql)
        match command:
            case c.Query(query):
                self.authorize(command, context, user)
                plan = self._catalog.translator(user).query(query, context)
                limited = replace(plan, sql=f"select * from ({plan.sql}) as q limit 0", asked=None)
                return self._planned(lambda: self._query(limited, Interruptible(), Rows(1))).table.schema
            case c.Explain() | c.Describe() | c.Show():
                return self.run(sql, context, user).table.schema
            case c.Change() | c.CreateTable(query=str()):
                return records(0).table.schema
            case _:
                return done("").table.schema

    @staticmethod
    def _planned(work: Callable[[], Outcome]) -> Outcome:
        try:
            return work()
        except duckdb.Error as error:
            raise InvalidStatement(f"{error_kind(error)}: {first_line(error)}") from error

    def run_into(self, rows: Rows, sql: str, context: Path, user: str, stop: Interruptible) -> Outcome:
        """Run one statement, its rows given on as they come. Raises EngineError, or Cancelled.

        The outcome's table has the rows' schema alone when they went that way.
        """
        asking = CURRENT_USER.set(user)
        try:
            command = parse_command(sql)
            self.authorize(command, context, user)
            outcome = self._run(command, context, user, stop, rows)
            self.record(command, context, user)
            if rows.schema is None:
                rows.begin(outcome.table.schema, lambda: stop.cancelled)
                for batch in outcome.table.to_batches():
                    rows.add(batch)
            return outcome
        except RecursionError as error:
            raise InvalidStatement("PARSE ERROR: the statement is nested too deeply.") from error
        except duckdb.InterruptException as error:
            raise Cancelled from error
        except duckdb.Error as error:
            if stop.cancelled:
                raise Cancelled from error
            raise InvalidStatement(f"{error_kind(error)}: {first_line(error)}") from error
        finally:
            CURRENT_USER.reset(asking)
            stop.attach(None)

    def _run(self, command: c.Command, context: Path, user: str, stop: Interruptible, rows: Rows) -> Outcome:
        match command:
            case c.Query(sql):
                return self._query(self._catalog.translator(user).query(sql, context), stop, rows)
            case c.Explain(sql):
                return self._explain(self._catalog.translator(user).query(sql, context), stop)
            case c.CreateTable():
                return self.tables.create(command, context, user, stop)
            case c.Change(verb, sql):
                return self.tables.change(verb, sql, context, user, stop)
            case c.Rollback() | c.Vacuum() | c.Optimize():
                return self.tables.upkeep(command, context, stop)
            case c.CreateView(path, query, replace, if_missing):
                full = in_context(path, context)
                if if_missing and self._catalog.store.by_path(full):
                    return done(f"View '{dotted(full)}' exists")
                self._catalog.create_view(full, query, context, replace, user)
                return done(f"View '{dotted(full)}' created successfully")
            case c.CreateFolder(path, if_missing):
                return self._create_folder(path, if_missing)
            case c.Drop():
                return self._drop(command, context, stop)
            case c.Truncate(path, if_exists):
                return self.tables.truncate(path, if_exists, context, stop)
            case c.AddColumns() | c.DropColumn() | c.AlterColumn() | c.PartitionFields() | c.LocalSort():
                return self.tables.alter(command, context, stop)
            case c.RefreshMetadata():
                if command.forget:
                    self._catalog.forget(command.path)
                    return done(f"Metadata for table '{dotted(command.path)}' forgotten.")
                return done(self._catalog.refresh_metadata(command.path, command.auto_promotion))
            case c.Describe(path):
                return self._describe(path, context, user)
            case c.Show():
                return self._show(command, stop, rows)
            case c.SetOption(path, name):
                return done(f"[{name}] of '{dotted(path)}' noted; it changes nothing in the embedded engine.")
            case _:
                handler = self.handlers.get(type(command))
                if handler is None:
                    raise Unsupported(f"[{type(command).__name__}] is not supported by the embedded engine.")
                return done(handler(command, user))

    # -- queries -------------------------------------------------------------------------------------

    def _query(self, translation: Translation, stop: Interruptible, rows: Rows) -> Outcome:
        with self._lake.session() as cursor:
            stop.attach(cursor)
            plan, relationships = self.accelerate(cursor, translation)
            register(cursor, plan)
            cursor.execute(plan.sql)
            wide = frozenset(d[0] for d in cursor.description or () if str(d[1]) in ("HUGEINT", "UHUGEINT"))
            # Batch by batch: DuckDB's memory limit does not count what has left it.
            reader = cursor.to_arrow_reader(FETCHED_ROWS)
            narrowing = Narrowing(reader.schema, wide)
            rows.begin(narrowing.schema, lambda: stop.cancelled)
            while (batch := _next_batch(reader)) is not None:
                rows.add(narrowing.batch(batch))
        names = tuple(sorted(dotted(path) for path in translation.datasets))
        return Outcome(
            narrowing.schema.empty_table(),
            rows.total_rows,
            is_query=True,
            relationships=relationships,
            datasets=names,
        )

    def _explain(self, translation: Translation, stop: Interruptible) -> Outcome:
        with self._lake.session() as cursor:
            stop.attach(cursor)
            translation, relationships = self.accelerate(cursor, translation)
            register(cursor, translation)
            lines = [
                f"{r.relationship}: reflection {r.reflection_id} on {r.dataset_id}" for r in relationships
            ]
            lines += [row[1] for row in cursor.execute(f"explain {translation.sql}").fetchall()]
        plan = pa.table({"text": ["\n".join(lines)], "json": ["{}"]})
        return Outcome(plan, 1, is_query=True, relationships=relationships)

    def _drop(self, command: c.Drop, context: Path, stop: Interruptible) -> Outcome:
        path = in_context(command.path, context)
        entity = self._catalog.store.by_path(path)
        if command.kind == "table" and (table := self._catalog.lake_table(path)):
            self.tables.drop(table, stop)
        elif command.kind == "view" and entity is not None and entity.kind is Kind.VIEW:
            self._catalog.store.remove(path)
        elif command.kind == "folder" and entity is not None and entity.kind is Kind.FOLDER:
            if self._catalog.store.below(path):
                raise EngineError(f"Folder [{dotted(path)}] is not empty.")
            self._catalog.store.remove(path)
        elif command.kind == "table" and entity is not None and entity.kind is Kind.PROMOTED:
            # Dremio: a table of plain files is forgotten, its files stay.
            self._catalog.store.remove(path)
        elif (entity is not None or self._catalog.lake_table(path)) and command.kind != "folder":
            raise InvalidStatement(f"VALIDATION ERROR: [{dotted(path)}] is not a {command.kind.upper()}")
        elif command.if_exists:
            return done(f"{command.kind.capitalize()} [{dotted(path)}] not found.")
        else:
            raise InvalidStatement(
                f"VALIDATION ERROR: {command.kind.capitalize()} [{dotted(path)}] does not exist."
            )
        return done(f"{command.kind.capitalize()} [{dotted(path)}] dropped")

    def _create_folder(self, path: Path, if_missing: bool) -> Outcome:
        if not (if_missing and self._catalog.store.by_path(path)):
            self._catalog.create_folder(path)
        return done(f"Folder '{dotted(path)}' created")

    # -- shapes --------------------------------------------------------------------------------------

    def _describe(self, path: Path, context: Path, user: str) -> Outcome:
        flat = tuple(piece for part in path for piece in part.split("."))
        columns = self._catalog.describe_query(
            f"select * from {'.'.join(quoted(p) for p in flat)}", context, user
        )
        names = ("COLUMN_NAME", "DATA_TYPE", "IS_NULLABLE", "NUMERIC_PRECISION", "NUMERIC_SCALE")
        rows = [column_row("", "", name, i, kind) for i, (name, kind) in enumerate(columns, 1)]
        picked = [(r[3], r[7], r[6], r[11], r[13]) for r in rows]
        types = [pa.string(), pa.string(), pa.string(), pa.int32(), pa.int32()]
        arrays = [pa.array([row[i] for row in picked], type=types[i]) for i in range(len(names))]
        return Outcome(pa.table(arrays, names=list(names)), len(picked), is_query=True)

    def _show(self, command: c.Show, stop: Interruptible, rows: Rows) -> Outcome:
        if command.what == "SCHEMAS":
            sql = (
                "select SCHEMA_NAME from INFORMATION_SCHEMA.SCHEMATA where SCHEMA_NAME like {like} order by 1"
            )
        else:
            sql = (
                f'select TABLE_SCHEMA, TABLE_NAME from INFORMATION_SCHEMA."{command.what}"'
                " where TABLE_NAME like {like}"
                + (
                    f" and lower(TABLE_SCHEMA) = {literal(dotted(command.within).lower())}"
                    if command.within
                    else ""
                )
                + " order by 1, 2"
            )
        query = sql.format(like=literal(command.like or "%"))
        return self._query(self._catalog.translator().query(query, ()), stop, rows)


def _as_it_is(cursor: Cursor, translation: Translation) -> tuple[Translation, tuple[Relationship, ...]]:
    """Without reflections every query is answered from its datasets."""
    return translation, ()


def _allow(command: c.Command, context: Path, user: str) -> None:
    """Community Edition: every user may do everything."""


def _next_batch(reader: pa.RecordBatchReader) -> pa.RecordBatch | None:
    """The next batch, nothing at the end. The query still runs: Arrow makes an OSError of DuckDB's errors."""
    try:
        return reader.read_next_batch()
    except StopIteration:
        return None
    except OSError as error:
        if "INTERRUPT" in str(error):
            raise duckdb.InterruptException(str(error)) from error
        raise InvalidStatement(f"EXECUTION ERROR: {first_line(error)}") from error
