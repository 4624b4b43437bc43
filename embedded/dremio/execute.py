"""Runs one statement: which command does what, in which transaction, with which answer."""

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
from sqlglot import exp

from embedded.dremio.catalog.catalog import Catalog, first_line, lake_name
from embedded.dremio.catalog.entities import Kind, Path, dotted
from embedded.dremio.catalog.system_tables import SystemTables, column_row
from embedded.dremio.errors import EngineError, InvalidStatement, Unsupported
from embedded.dremio.lake import REFLECTION_SCHEMA, Lake, LakeTable, literal, quoted
from embedded.dremio.sql import commands as c
from embedded.dremio.sql.dialect import parse
from embedded.dremio.sql.translate import Translation, Translator
from embedded.dremio.sql.types import narrowed, stored_type

LOG = logging.getLogger(__name__)
CONFLICT_ATTEMPTS = 8
RETRYABLE = ("conflict", "failed to commit")
Cursor = duckdb.DuckDBPyConnection


class Cancelled(Exception):
    """The job was cancelled while its statement ran."""


class Interruptible:
    """Lets another thread stop the statement that runs on a job's cursor."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cursor: Cursor | None = None
        self.cancelled = False

    def attach(self, cursor: Cursor | None) -> None:
        """The cursor that runs from here on. Raises Cancelled when it is too late."""
        with self._lock:
            self._cursor = cursor
            if cursor is not None and self.cancelled:
                raise Cancelled

    def cancel(self) -> None:
        """Stop the running statement, and every later one of this job."""
        with self._lock:
            self.cancelled = True
            if self._cursor is not None:
                self._cursor.interrupt()


@dataclass(frozen=True)
class Outcome:
    """A statement's rows as the client sees them, and how many rows it returned or changed."""

    table: pa.Table
    row_count: int
    is_query: bool = False


class Executor:
    """Thread-safe. Readers never wait; writers wait for each other, and a conflict that remains is tried again."""

    def __init__(self, lake: Lake, catalog: Catalog, system: SystemTables) -> None:
        self._lake = lake
        self._catalog = catalog
        self._system = system
        # Reflections register their statements here, so that this module does not know them.
        self.handlers: dict[type, Callable[[Any, str], str]] = {}

    def run(self, sql: str, context: Path, user: str, stop: Interruptible | None = None) -> Outcome:
        """Run one statement to its end. Raises EngineError, or Cancelled."""
        stop = stop or Interruptible()
        command = c.parse_command(sql)
        try:
            return self._run(command, context, user, stop)
        except duckdb.InterruptException as error:
            raise Cancelled from error
        except duckdb.Error as error:
            if stop.cancelled:
                raise Cancelled from error
            raise InvalidStatement(f"{_kind_of(error)}: {first_line(error)}") from error
        finally:
            stop.attach(None)

    def _run(self, command: c.Command, context: Path, user: str, stop: Interruptible) -> Outcome:
        match command:
            case c.Query(sql):
                return self._query(Translator(self._catalog.resolve, user).query(sql, context), stop)
            case c.Explain(sql):
                return self._explain(Translator(self._catalog.resolve, user).query(sql, context), stop)
            case c.CreateTable():
                return self._create_table(command, context, user, stop)
            case c.Change(verb, sql):
                return self._change(verb, sql, context, user, stop)
            case c.CreateView(path, query, replace):
                full = self._in_context(path, context)
                self._catalog.create_view(full, query, context, replace, user)
                return _ok(f"View '{dotted(full)}' created successfully")
            case c.CreateFolder(path, if_missing):
                return self._create_folder(path, if_missing)
            case c.Drop():
                return self._drop(command, context, stop)
            case c.Truncate(path, if_exists):
                return self._truncate(path, if_exists, context, stop)
            case c.AddColumns() | c.DropColumn() | c.AlterColumn():
                return self._alter(command, context, stop)
            case c.RefreshMetadata():
                if command.forget:
                    self._catalog.forget(command.path)
                    return _ok(f"Metadata for table '{dotted(command.path)}' forgotten.")
                return _ok(self._catalog.refresh_metadata(command.path, command.auto_promotion))
            case c.Describe(path):
                return self._describe(path, context, user)
            case c.Show():
                return self._show(command)
            case c.SetOption(path, name):
                return _ok(f"[{name}] of '{dotted(path)}' noted; it changes nothing in the embedded engine.")
            case _:
                handler = self.handlers.get(type(command))
                if handler is None:
                    raise Unsupported(f"[{type(command).__name__}] is not supported by the embedded engine.")
                return _ok(handler(command, user))

    # -- queries -------------------------------------------------------------------------------------

    def _query(self, translation: Translation, stop: Interruptible) -> Outcome:
        with self._lake.session() as cursor:
            stop.attach(cursor)
            _register(cursor, translation)
            cursor.execute(translation.sql)
            wide = frozenset(d[0] for d in cursor.description or () if str(d[1]) in ("HUGEINT", "UHUGEINT"))
            table = narrowed(cursor.to_arrow_table(), wide)
        return Outcome(table, table.num_rows, is_query=True)

    def _explain(self, translation: Translation, stop: Interruptible) -> Outcome:
        with self._lake.session() as cursor:
            stop.attach(cursor)
            _register(cursor, translation)
            plan = "\n".join(row[1] for row in cursor.execute(f"explain {translation.sql}").fetchall())
        return Outcome(pa.table({"text": [plan], "json": ["{}"]}), 1, is_query=True)

    # -- tables --------------------------------------------------------------------------------------

    def _create_table(self, command: c.CreateTable, context: Path, user: str, stop: Interruptible) -> Outcome:
        path = self._in_context(command.path, context)
        source = self._lake.source(path[0])
        if source is None or not source.root or len(path) < 2:
            raise InvalidStatement(
                f"VALIDATION ERROR: Cannot create table [{dotted(path)}]: [{path[0]}] is not a source of files."
            )
        if self._catalog.store.by_path(path) or (self._catalog.lake_table(path) and not command.replace):
            if command.if_missing:
                return _ok(f"Table '{dotted(path)}' exists")
            raise InvalidStatement(
                f"VALIDATION ERROR: A table or view with given name [{dotted(path)}] already exists."
            )
        schema = dotted((source.name, *path[1:-1]))
        target = f'"lake".{quoted(schema)}.{quoted(path[-1])}'
        translation, columns = self._table_content(command, context, user)
        known = {name.lower() for name, _ in columns}
        for name in [f.column for f in command.partitions] + list(command.sort):
            if name.lower() not in known:
                raise InvalidStatement(
                    f"VALIDATION ERROR: Column [{name}] of PARTITION or LOCALSORT BY is not there."
                )
        self._lake.ensure_schema(schema)

        rows = self._build(target, command, translation, columns, stop)
        return _records(rows) if command.query else _ok(f"Table '{dotted(path)}' created")

    def _build(
        self, target: str, command: c.CreateTable, translation: Translation | None,
        columns: list[tuple[str, str]], stop: Interruptible,
    ) -> int:  # fmt: skip
        def work(cursor: Cursor) -> int:
            _register(cursor, translation)
            if command.replace:
                cursor.execute(f"drop table if exists {target}")
            definition = ", ".join(f"{quoted(n)} {t}" for n, t in columns)
            cursor.execute(f"create table {target} ({definition})")
            if command.partitions:
                cursor.execute(
                    f"alter table {target} set partitioned by ({partition_sql(command.partitions)})"
                )
            if translation is None:
                return 0
            order = f" order by {', '.join(quoted(s) for s in command.sort)}" if command.sort else ""
            return _count(
                cursor.execute(f"insert into {target} select * from ({translation.sql}) as q{order}")
            )

        return self._write(target, work, stop, reshapes=True)

    def _table_content(
        self, command: c.CreateTable, context: Path, user: str
    ) -> tuple[Translation | None, list[tuple[str, str]]]:
        declared = [(name, column_type(kind)) for name, kind in command.columns]
        if command.query is None:
            return None, declared
        query = command.query
        columns = self._catalog.describe_query(query, context, user)
        names = [name.lower() for name, _ in columns]
        if len(set(names)) != len(names):
            raise InvalidStatement("VALIDATION ERROR: Duplicate column names in the query of CREATE TABLE.")
        translation = Translator(self._catalog.resolve, user).query(query, context)
        if declared and len(declared) != len(columns):
            raise InvalidStatement(
                "VALIDATION ERROR: CREATE TABLE declares another number of columns than its query."
            )
        return translation, declared or columns

    def _change(self, verb: str, sql: str, context: Path, user: str, stop: Interruptible) -> Outcome:
        tree = parse(sql)
        target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        if not isinstance(tree, exp.Insert | exp.Merge | exp.Update | exp.Delete) or not isinstance(
            target, exp.Table
        ):
            raise Unsupported(f"PARSE ERROR: this form of {verb} is not supported by the embedded engine.")
        for extra in (
            "returning",
            "conflict",
            "overwrite",
            "source",
            "where" if verb == "INSERT" else "hint",
        ):
            if tree.args.get(extra):
                raise Unsupported(f"{verb} .. [{extra}] is not supported by the embedded engine.")
        table = self._table_at(tuple(part.name for part in target.parts), context)
        translator = Translator(self._catalog.resolve, user)
        translation = translator.finished(translator.tree(tree, context, expect_query=False))

        def work(cursor: Cursor) -> int:
            _register(cursor, translation)
            return _count(cursor.execute(translation.sql))

        return _records(self._write(lake_name(table), work, stop))

    def _truncate(self, path: Path, if_exists: bool, context: Path, stop: Interruptible) -> Outcome:
        if if_exists and not self._catalog.lake_table(self._in_context(path, context)):
            return _ok(f"Table '{dotted(path)}' does not exist")
        table = lake_name(self._table_at(path, context))
        self._write(table, lambda cursor: _count(cursor.execute(f"delete from {table}")), stop)
        return _ok(f"Table '{dotted(path)}' truncated")

    def _alter(self, command: Any, context: Path, stop: Interruptible) -> Outcome:
        table = lake_name(self._table_at(command.path, context))
        match command:
            case c.AddColumns(_, columns):
                steps = [f"add column {quoted(name)} {column_type(kind)}" for name, kind in columns]
                done = f"{len(columns)} column(s) added"
            case c.DropColumn(_, column):
                steps, done = [f"drop column {quoted(column)}"], f"Column [{column}] dropped"
            case c.AlterColumn(_, column, renamed, kind):
                steps = [f"alter column {quoted(column)} set data type {column_type(kind)}"]
                if renamed.lower() != column.lower():
                    steps.append(f"rename column {quoted(column)} to {quoted(renamed)}")
                done = f"Column [{column}] modified"
            case _:
                raise Unsupported(f"[{type(command).__name__}] is not supported by the embedded engine.")

        def work(cursor: Cursor) -> int:
            for step in steps:
                cursor.execute(f"alter table {table} {step}")
            return 0

        self._write(table, work, stop, reshapes=True)
        return _ok(done)

    def _drop(self, command: c.Drop, context: Path, stop: Interruptible) -> Outcome:
        path = self._in_context(command.path, context)
        entity = self._catalog.store.by_path(path)
        if command.kind == "table" and (table := self._catalog.lake_table(path)):
            name = lake_name(table)
            self._write(
                name, lambda cursor: bool(cursor.execute(f"drop table {name}")) and 0, stop, reshapes=True
            )
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
            return _ok(f"{command.kind.capitalize()} [{dotted(path)}] not found.")
        else:
            raise InvalidStatement(
                f"VALIDATION ERROR: {command.kind.capitalize()} [{dotted(path)}] does not exist."
            )
        return _ok(f"{command.kind.capitalize()} [{dotted(path)}] dropped")

    def _create_folder(self, path: Path, if_missing: bool) -> Outcome:
        if not (if_missing and self._catalog.store.by_path(path)):
            self._catalog.create_folder(path)
        return _ok(f"Folder '{dotted(path)}' created")

    # -- materialisations ----------------------------------------------------------------------------

    def materialise(
        self, table: str, query: str, partitions: tuple[c.PartitionField, ...], sort: Path
    ) -> int:
        """Build a reflection's table from a query; gives its rows. Raises EngineError."""
        target = f'"lake".{quoted(REFLECTION_SCHEMA)}.{quoted(table)}'
        command = c.CreateTable((REFLECTION_SCHEMA, table), query, (), partitions, sort)
        translation, columns = self._table_content(command, (), "")
        try:
            return self._build(target, command, translation, columns, Interruptible())
        except duckdb.Error as error:
            raise EngineError(f"{_kind_of(error)}: {first_line(error)}") from error

    def drop_materialisation(self, table: str) -> None:
        """Drop a reflection's table if it is there."""
        name = f'"lake".{quoted(REFLECTION_SCHEMA)}.{quoted(table)}'
        work = lambda cursor: bool(cursor.execute(f"drop table if exists {name}")) and 0  # noqa: E731
        self._write(name, work, Interruptible(), reshapes=True)

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

    def _show(self, command: c.Show) -> Outcome:
        if command.what == "SCHEMAS":
            sql = (
                "select SCHEMA_NAME from INFORMATION_SCHEMA.SCHEMATA where SCHEMA_NAME like {like} order by 1"
            )
        else:
            sql = (
                f'select TABLE_SCHEMA, TABLE_NAME from INFORMATION_SCHEMA."{command.what}" where TABLE_NAME like {{like}}'
                + (
                    f" and lower(TABLE_SCHEMA) = {literal(dotted(command.within).lower())}"
                    if command.within
                    else ""
                )
                + " order by 1, 2"
            )
        query = sql.format(like=literal(command.like or "%"))
        return self._query(Translator(self._catalog.resolve).query(query, ()), Interruptible())

    # -- ways ----------------------------------------------------------------------------------------

    def _in_context(self, path: Path, context: Path) -> Path:
        flat = tuple(piece for part in path for piece in part.split(".")) if len(path) == 1 else path
        return (*context, *flat) if len(flat) == 1 else flat

    def _table_at(self, path: Path, context: Path) -> LakeTable:
        for candidate in ((*context, *path), path):
            if table := self._catalog.lake_table(candidate):
                return table
        if entity := self._catalog.store.by_path(path):
            raise InvalidStatement(
                f"VALIDATION ERROR: [{dotted(path)}] is a {entity.kind.value}, not a table that can be changed."
            )
        raise InvalidStatement(f"VALIDATION ERROR: Table [{dotted(path)}] not found")

    def _write(
        self, target: str, work: Callable[[Cursor], int], stop: Interruptible, reshapes: bool = False
    ) -> int:
        # Waiting must not outlast a cancel.
        while not self._lake.writing.acquire(timeout=0.2):
            if stop.cancelled:
                raise Cancelled
        try:
            for attempt in range(CONFLICT_ATTEMPTS):
                try:
                    return self._transaction(work, stop)
                except duckdb.Error as error:
                    text = str(error).lower()
                    last = attempt == CONFLICT_ATTEMPTS - 1
                    if last or stop.cancelled or not all(word in text for word in RETRYABLE):
                        raise
                    LOG.info("conflict on %s, attempt %d: %s", target, attempt + 1, first_line(error))
                    time.sleep(0.02 * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 - jitter, not a secret
                finally:
                    if reshapes:
                        self._lake.forget_tables()
        finally:
            self._lake.writing.release()
        raise EngineError("unreachable")

    def _transaction(self, work: Callable[[Cursor], int], stop: Interruptible) -> int:
        with self._lake.session() as cursor:
            stop.attach(cursor)
            cursor.execute("begin transaction")
            try:
                rows = work(cursor)
            except BaseException:
                if not stop.cancelled:
                    cursor.execute("rollback")
                raise
            stop.attach(cursor)
            cursor.execute("commit")
        return rows


def partition_sql(fields: tuple[c.PartitionField, ...]) -> str:
    """DuckLake's partition keys. Iceberg's month is a month of a year, DuckLake's a month of any year."""
    parts: list[str] = []
    for field in fields:
        column = quoted(field.column)
        match field.transform:
            case "identity":
                keys = [column]
            case "year":
                keys = [f"year({column})"]
            case "month":
                keys = [f"year({column})", f"month({column})"]
            case "day":
                keys = [f"year({column})", f"month({column})", f"day({column})"]
            case "hour":
                keys = [f"year({column})", f"month({column})", f"day({column})", f"hour({column})"]
            case "bucket":
                keys = [f"bucket({int(field.argument or 0)}, {column})"]
            case other:
                raise Unsupported(f"Partition transform [{other}] is not supported by the embedded engine.")
        parts += [key for key in keys if key not in parts]
    return ", ".join(parts)


def column_type(text: str) -> str:
    """DuckDB's type for a Dremio column type. Raises InvalidStatement or Unsupported."""
    tree = parse(f"select cast(null as {text})")
    Translator(_nothing).tree(tree, ())
    kind = tree.find(exp.DataType)
    if kind is None:
        raise InvalidStatement(f"PARSE ERROR: [{text}] is not a type.")
    rendered = kind.sql(dialect="duckdb")
    return {"TEXT": "VARCHAR", "INT": "INTEGER", "REAL": "FLOAT"}.get(
        rendered, stored_type(rendered) or rendered
    )


def _nothing(path: Path, context: Path) -> Any:
    raise InvalidStatement(f"PARSE ERROR: [{dotted(path)}] cannot stand in a type.")


def _register(cursor: Cursor, translation: Translation | None) -> None:
    for name, rows in (translation.registered if translation else {}).items():
        cursor.register(name, rows)


def _count(cursor: Cursor) -> int:
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def _records(rows: int) -> Outcome:
    return Outcome(pa.table({"Records": pa.array([rows], type=pa.int64())}), rows)


def _ok(summary: str) -> Outcome:
    return Outcome(pa.table({"ok": [True], "summary": [summary]}), 1)


def _kind_of(error: duckdb.Error) -> str:
    planning = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
    return (
        "VALIDATION ERROR"
        if isinstance(error, planning)
        else "DATA_READ ERROR"
        if isinstance(error, duckdb.IOException | duckdb.HTTPException)
        else "EXECUTION ERROR"
    )
