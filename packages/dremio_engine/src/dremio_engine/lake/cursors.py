"""A statement's cursor: what is registered on it, what it counted, and how another thread stops it."""

import threading
from collections.abc import Mapping
from typing import TypeAlias

import duckdb
import pyarrow as pa

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


def register(cursor: Cursor, tables: Mapping[str, pa.Table]) -> None:
    """Put Arrow tables where the SQL that reads them looks for them."""
    for name, rows in tables.items():
        cursor.register(name, rows)


def count(cursor: Cursor) -> int:
    """The rows a change touched."""
    row = cursor.fetchone()
    return int(row[0]) if row else 0
