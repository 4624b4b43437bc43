"""Statements from text to answer, with DuckDB's errors put into Dremio's words."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import duckdb
import pyarrow as pa

from dremio_engine.access.visibility import CURRENT_USER
from dremio_engine.errors import InvalidStatement
from dremio_engine.jobs.chain import StatementChain
from dremio_engine.jobs.results import Rows
from dremio_engine.lake.cursors import Cancelled, Interruptible
from dremio_engine.lake.messages import error_kind, first_line, is_overflow_of_18_digits
from dremio_engine.lake.outcomes import Outcome, copied, done, records
from dremio_engine.paths import Path
from dremio_engine.sql.arithmetic import wide_decimals
from dremio_engine.sql.statement import Statement, read_statement
from dremio_engine.sql.statements import commands as c
from dremio_engine.sql.statements import function_commands as f
from dremio_engine.sql.statements.load_commands import CopyInto


class Runner:
    """`result_bytes` is what the rows of a statement that `run` answers whole may take."""

    def __init__(self, chain: StatementChain, result_bytes: int) -> None:
        self._chain, self._result_bytes = chain, result_bytes

    def run(self, sql: str, context: Path, user: str) -> Outcome:
        """Run one statement to its end, all its rows in the outcome. Raises EngineError."""
        rows = Rows(self._result_bytes)
        outcome = self.run_into(rows, read_statement(sql, context, user), Interruptible())
        rows.end()
        table = rows.table()
        return outcome if table is None else replace(outcome, table=table)

    def run_into(self, rows: Rows, statement: Statement, stop: Interruptible) -> Outcome:
        """Run one statement, its rows given on as they come. Raises EngineError, or Cancelled.

        The outcome's table has the rows' schema alone when they went that way.
        """
        try:
            with self._told(statement), _on_behalf_of(statement.user, stop):
                outcome = self._run(statement, rows, stop)
                if rows.schema is None:
                    rows.begin(outcome.table.schema, lambda: stop.cancelled)
                    for batch in outcome.table.to_batches():
                        rows.add(batch)
                return outcome
        finally:
            stop.attach(None)

    def _run(self, statement: Statement, rows: Rows, stop: Interruptible) -> Outcome:
        """Sums and comparisons of DECIMALs are tried with 18 digits, and with all if those are too few."""
        try:
            return self._chain.run(statement, rows, stop)
        except (duckdb.Error, InvalidStatement) as error:
            if rows.total_rows or not is_overflow_of_18_digits(str(error)):
                raise
        with wide_decimals():
            return self._chain.run(statement, rows, stop)

    @contextmanager
    def _told(self, statement: Statement) -> Iterator[None]:
        try:
            yield
        except InvalidStatement as error:
            message = self._chain.told(statement, error.message)
            if message == error.message:
                raise
            raise InvalidStatement(message) from error

    def schema(self, sql: str, context: Path, user: str) -> pa.Schema:
        """The schema of a statement's result; a query is only planned, a change not made."""
        statement = read_statement(sql, context, user)
        match statement.command:
            case c.Query():
                with self._told(statement), _on_behalf_of(user, Interruptible()):
                    return self._chain.schema(statement)
            case c.Explain() | c.Describe() | c.Show() | c.ShowCreate() | c.ShowProperties():
                return self.run(sql, context, user).table.schema
            case CopyInto(on_error=mode):
                return copied(0, None if mode == "abort" else 0).table.schema
            case f.DescribeFunction() | f.ShowFunctions():
                return self.run(sql, context, user).table.schema
            case c.Change() | c.CreateTable(query=str()):
                return records(0).table.schema
            case _:
                return done("").table.schema


@contextmanager
def _on_behalf_of(user: str, stop: Interruptible) -> Iterator[None]:
    """System tables show what this user may see. Raises EngineError or Cancelled in the place of DuckDB's."""
    asking = CURRENT_USER.set(user)
    try:
        yield
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
