"""The way of every statement: admit -> authorize -> accelerate -> run -> record.

A SELECT, what EXPLAIN explains and the SELECT that a SHOW stands for are read on one cursor, where
reflections may answer them; every other command has a handler.
"""

from collections.abc import Callable
from dataclasses import replace

import duckdb
import pyarrow as pa

from dremio_engine.access.statements import StatementAccess
from dremio_engine.catalog.planner import Planner
from dremio_engine.errors import InvalidStatement
from dremio_engine.jobs.results import Rows, compacted
from dremio_engine.lake.cursors import Cursor, Interruptible, register
from dremio_engine.lake.lake import Lake
from dremio_engine.lake.messages import first_line
from dremio_engine.lake.outcomes import Outcome, Relationship
from dremio_engine.paths import dotted
from dremio_engine.reflections.acceleration import Acceleration
from dremio_engine.sql.data_types.types import Narrowing
from dremio_engine.sql.gate import admit
from dremio_engine.sql.parsed import parsed
from dremio_engine.sql.quoting import literal, quoted
from dremio_engine.sql.statement import Statement
from dremio_engine.sql.statements import commands as c
from dremio_engine.sql.translate import Translation
from dremio_engine.tables.handlers import Handlers

FETCHED_ROWS = 65_536
# (cursor, what runs on it, what reflections were to it) -> the answer.
Answer = Callable[[Cursor, Translation, tuple[Relationship, ...]], Outcome]


class StatementChain:
    """Thread-safe: any number of statements pass it at once."""

    def __init__(
        self, lake: Lake, planner: Planner, access: StatementAccess, acceleration: Acceleration,
        handlers: Handlers,
    ) -> None:  # fmt: skip
        self._lake, self._planner = lake, planner
        self._access, self._acceleration = access, acceleration
        self._handlers = handlers

    def run(self, statement: Statement, rows: Rows, stop: Interruptible) -> Outcome:
        """Run one statement. A query's rows are given to `rows` as they come; else the outcome has them."""

        def fetch(cursor: Cursor, plan: Translation, *_: object) -> Outcome:
            return fetched(cursor, plan, rows, stop)

        admit(statement)
        self._access.authorize(statement)
        match statement.command:
            case c.Query():
                outcome = self._read(statement, stop, fetch)
            case c.Show() as command:
                shown = replace(statement, command=c.Query(select_of_show(command)), context=())
                outcome = self._read(shown, stop, fetch)
            case c.Explain():
                outcome = self._read(statement, stop, explained)
            case command:
                outcome = self._handlers[type(command)](command, statement, stop)
        self._access.record(statement)
        return outcome

    def _read(self, statement: Statement, stop: Interruptible, answer: Answer) -> Outcome:
        translation = self._planner.query(statement.query, statement.context, statement.user)
        with self._lake.session() as cursor:
            stop.attach(cursor)
            plan, relationships = self._acceleration.accelerate(cursor, statement, translation)
            register(cursor, plan.registered)
            outcome = answer(cursor, plan, relationships)
        return replace(outcome, relationships=relationships)

    def told(self, statement: Statement, message: str) -> str:
        """What an error of a statement says, with the columns there are if it misses one."""
        match statement.command:
            case c.DropColumn(path) | c.AlterColumn(path):
                query = parsed(f"select * from {'.'.join(map(quoted, path))}")
            case _ if statement.query_text is not None:
                query = statement.query
            case _:
                return message
        return self._planner.told(message, query, statement.context, statement.user)

    def schema(self, statement: Statement) -> pa.Schema:
        """The schema of a query's result; it is only planned."""
        admit(statement)
        self._access.authorize(statement)
        translation = self._planner.query(statement.query, statement.context, statement.user)
        plan = replace(translation, sql=f"select * from ({translation.sql}) as q limit 0")
        with self._lake.session() as cursor:
            register(cursor, plan.registered)
            return fetched(cursor, plan, Rows(1), Interruptible()).table.schema


def fetched(cursor: Cursor, plan: Translation, rows: Rows, stop: Interruptible) -> Outcome:
    """A query's rows into `rows`; the outcome's table has their schema alone."""
    cursor.execute(plan.sql)
    wide = frozenset(d[0] for d in cursor.description or () if str(d[1]) in ("HUGEINT", "UHUGEINT"))
    # Batch by batch: DuckDB's memory limit does not count what has left it.
    reader = cursor.to_arrow_reader(FETCHED_ROWS)
    narrowing = Narrowing(reader.schema, wide)
    rows.begin(narrowing.schema, lambda: stop.cancelled)
    while (batch := _next_batch(reader)) is not None:
        rows.add(compacted(narrowing.batch(batch)))
    names = tuple(sorted(dotted(path) for path in plan.datasets))
    return Outcome(narrowing.schema.empty_table(), rows.total_rows, is_query=True, datasets=names)


def explained(cursor: Cursor, plan: Translation, relationships: tuple[Relationship, ...]) -> Outcome:
    """What reflections are to a query, and DuckDB's plan of it."""
    lines = [f"{r.relationship}: reflection {r.reflection_id} on {r.dataset_id}" for r in relationships]
    lines += [row[1] for row in cursor.execute(f"explain {plan.sql}").fetchall()]
    return Outcome(pa.table({"text": ["\n".join(lines)], "json": ["{}"]}), 1, is_query=True)


def select_of_show(command: c.Show) -> str:
    """The query on INFORMATION_SCHEMA that a SHOW stands for; its pattern ignores case."""
    like = literal("%" if command.like is None else command.like.strip())
    if command.what == "SCHEMAS":
        return (
            f"select SCHEMA_NAME from INFORMATION_SCHEMA.SCHEMATA where ilike(SCHEMA_NAME, {like}) order by 1"
        )
    within = literal(dotted(command.within).lower())
    return (
        f'select TABLE_SCHEMA, TABLE_NAME from INFORMATION_SCHEMA."{command.what}"'
        f" where ilike(TABLE_NAME, {like})"
        + (f" and lower(TABLE_SCHEMA) = {within}" if command.within else "")
        + " order by 1, 2"
    )


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
