"""The SQLite file that keeps every catalog object that is not a table."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
create table if not exists users (name text primary key, salt blob not null, digest blob not null);
create table if not exists tokens (
    digest blob primary key, user text not null, expires_at real not null);
create table if not exists entities (
    id text primary key, kind text not null, path text not null, path_key text not null unique,
    created_at text not null, tag text not null, body text not null);
create table if not exists wikis (entity_id text primary key, text text not null, version integer not null);
create table if not exists tags (entity_id text primary key, tags text not null, version text not null);
create table if not exists reflections (
    id text primary key, dataset_id text not null, name text not null, tag text not null,
    created_at text not null, updated_at text not null, body text not null, status text not null);
create unique index if not exists reflection_names on reflections (dataset_id, lower(name));
"""


class _NamedRows(sqlite3.Connection):
    """Rows whose columns are found by name."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.row_factory = sqlite3.Row


class StateFile:
    """One connection behind one lock: writes are rare and small, and a commit is on disk when it returns."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            path, check_same_thread=False, isolation_level=None, factory=_NamedRows
        )
        path.chmod(0o600)
        self._connection.execute("pragma journal_mode=wal")
        self._connection.execute("pragma synchronous=full")
        self._connection.executescript(SCHEMA)

    def ensure(self, schema: str) -> None:
        """Create the tables of one part of the engine where they are missing."""
        with self._lock:
            self._connection.executescript(schema)

    def rows(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """All rows of a query."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """The first row of a query, or nothing."""
        found = self.rows(sql, *values)
        return found[0] if found else None

    def write(self, sql: str, *values: Any) -> int:
        """Run one change; gives the number of rows it touched."""
        with self._lock:
            return self._connection.execute(sql, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All changes inside, or none of them."""
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def close(self) -> None:
        """Flush and let go of the file."""
        with self._lock:
            self._connection.close()
