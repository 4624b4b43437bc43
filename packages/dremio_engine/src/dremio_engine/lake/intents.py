"""Which folders a write puts files into: noted before the first file, crossed out after the last.

A process that is killed in between leaves its notes; `sweep.py` reads them and nothing else, so it
knows where to look, and from when to when.
"""

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# DuckLake names a table's folder after the table only when the name is made of these; else after a UUID.
PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Intent:
    """A write that did not end: `folder` is the table's, or its schema's when the table's is not known.

    Times are milliseconds since 1970, as in the names DuckLake gives its files.
    """

    number: int
    folder: str
    table_known: bool
    began_ms: int
    ended_ms: int


class Intents:
    """Thread-safe; a note is on disk when `writing` begins its body."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        path.chmod(0o600)
        self._connection.execute("pragma journal_mode=wal")
        self._connection.execute("pragma synchronous=full")
        self._connection.execute(
            "create table if not exists intents (number integer primary key, folder text not null,"
            " table_known integer not null, began_ms integer not null)"
        )
        self._opened_ms = _now_ms()

    @contextmanager
    def writing(self, folder: str, table_known: bool = True) -> Iterator[None]:
        """Files may be written into this folder while the body runs.

        An error crosses the note out as well: DuckLake has deleted by then what it wrote.
        """
        with self._lock:
            number = self._connection.execute(
                "insert into intents (folder, table_known, began_ms) values (?, ?, ?)",
                (folder, int(table_known), _now_ms()),
            ).lastrowid
        try:
            yield
        finally:
            self.forget(int(number or 0))

    def cut_short(self) -> list[Intent]:
        """The writes that an earlier process began and did not end."""
        with self._lock:
            rows = self._connection.execute(
                "select number, folder, table_known, began_ms from intents where began_ms < ?",
                (self._opened_ms,),
            ).fetchall()
        return [Intent(n, folder, bool(known), began, self._opened_ms) for n, folder, known, began in rows]

    def forget(self, number: int) -> None:
        """Cross a note out."""
        with self._lock:
            self._connection.execute("delete from intents where number = ?", (number,))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
