"""What running a statement is made of: its cursor, its way to be stopped, its answer."""

import threading
from dataclasses import dataclass
from typing import TypeAlias

import duckdb
import pyarrow as pa

from dremio_engine.sql.translate import Translation

Cursor: TypeAlias = duckdb.DuckDBPyConnection


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
class Relationship:
    """What one reflection was to one query: CONSIDERED, MATCHED or CHOSEN, as Dremio's Job API says it."""

    dataset_id: str
    reflection_id: str
    relationship: str


@dataclass(frozen=True)
class Outcome:
    """A statement's rows as the client sees them, and how many rows it returned or changed.

    `datasets` are the names a query read, as it wrote them.
    """

    table: pa.Table
    row_count: int
    is_query: bool = False
    relationships: tuple[Relationship, ...] = ()
    datasets: tuple[str, ...] = ()


def register(cursor: Cursor, translation: Translation | None) -> None:
    """Put a translation's Arrow tables where its SQL looks for them."""
    for name, rows in (translation.registered if translation else {}).items():
        cursor.register(name, rows)


def count(cursor: Cursor) -> int:
    """The rows a change touched."""
    row = cursor.fetchone()
    return int(row[0]) if row else 0


def records(rows: int) -> Outcome:
    """Dremio's answer to DML."""
    return Outcome(pa.table({"Records": pa.array([rows], type=pa.int64())}), rows)


def done(summary: str) -> Outcome:
    """Dremio's answer to DDL."""
    return Outcome(pa.table({"ok": [True], "summary": [summary]}), 1)


def error_kind(error: duckdb.Error) -> str:
    """The word Dremio puts in front of an error."""
    planning = (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)
    return (
        "VALIDATION ERROR"
        if isinstance(error, planning)
        else "DATA_READ ERROR"
        if isinstance(error, duckdb.IOException | duckdb.HTTPException)
        else "EXECUTION ERROR"
    )
