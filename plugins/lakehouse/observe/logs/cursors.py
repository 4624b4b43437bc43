"""How far each sink has got in each file: kept on disk, and moved only when the sink has answered.

A batch is fixed here before it is sent: where it ends and when it was read. Sent again after a crash it is
the same batch, byte for byte, whatever was added to the file meanwhile.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

_TABLES: Final = """
create table if not exists file (
    key text primary key, device integer not null, inode integer not null, path text not null,
    head_size integer not null, head_hash text not null
) without rowid;
create table if not exists progress (
    key text not null, sink text not null, position integer not null, carried text not null,
    pending_end integer, pending_at text, primary key (key, sink)
) without rowid;
create table if not exists dead_letter (
    sink text not null, id text not null, at text not null, reason text not null, document text not null,
    primary key (sink, id)
) without rowid;
create table if not exists counter (name text primary key, value integer not null) without rowid;
create table if not exists bookmark (source text primary key, place text not null) without rowid;
"""
MOST_DEAD_LETTERS: Final = 10_000
"""Kept, the newest; all of them are counted."""


@dataclass(frozen=True)
class Identity:
    """A file, whatever it is called at the moment."""

    key: str
    device: int
    inode: int
    path: str
    head_size: int
    head_hash: str


@dataclass(frozen=True)
class Progress:
    """How far a sink has got in a file, and the batch that it was last sent."""

    position: int = 0
    carried: dict[str, Any] = field(default_factory=dict)
    """What a record without it takes from those before it: the moment."""
    pending_end: int | None = None
    pending_at: datetime | None = None

    def sending(self, end: int, at: datetime) -> Progress:
        """With the batch up to `end`, read at `at`, under way."""
        return replace(self, pending_end=end, pending_at=at)

    def sent(self, carried: dict[str, Any]) -> Progress:
        """With that batch delivered."""
        return Progress(self.position if self.pending_end is None else self.pending_end, carried)


_AT_THE_START: Final = Progress()
_ALL_PROGRESS: Final = "select key, sink, position, carried, pending_end, pending_at from progress"


class Cursors:
    """The shipper's memory, in one SQLite file. Used by several threads."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
        path.chmod(0o600)  # dead letters are log lines
        # A commit is on disk before it returns: a cursor that moved stays moved, and one that did not, not.
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=full")
        self._db.executescript(_TABLES)
        self._progress = {(row[0], row[1]): _progress(row) for row in self._db.execute(_ALL_PROGRESS)}

    def close(self) -> None:
        """Give back the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("begin immediate")
            try:
                yield self._db
            except BaseException:
                self._db.execute("rollback")
                raise
            self._db.execute("commit")

    def identities(self) -> list[Identity]:
        """All files that are known."""
        with self._lock:
            rows = self._db.execute(
                "select key, device, inode, path, head_size, head_hash from file"
            ).fetchall()
        return [Identity(*row) for row in rows]

    def remember(self, identity: Identity) -> None:
        """Add a file, or what has changed of it: its path, a longer head."""
        with self._transaction() as db:
            db.execute(
                "insert or replace into file values (?, ?, ?, ?, ?, ?)",
                (
                    identity.key, identity.device, identity.inode, identity.path, identity.head_size,
                    identity.head_hash,
                ),
            )  # fmt: skip

    def forget(self, key: str) -> None:
        """A file is gone and nothing of it is left to send."""
        with self._transaction() as db:
            db.execute("delete from file where key = ?", (key,))
            db.execute("delete from progress where key = ?", (key,))
        with self._lock:
            self._progress = {at: each for at, each in self._progress.items() if at[0] != key}

    def progress(self, key: str, sink: str) -> Progress:
        """How far that sink is in that file."""
        with self._lock:
            return self._progress.get((key, sink), _AT_THE_START)

    def keep(
        self, sink: str, progress: Sequence[tuple[str, Progress]], counts: dict[str, int] | None = None
    ) -> None:
        """Store the progress of a sink in several files, and what it has counted, all or nothing."""
        with self._transaction() as db:
            db.executemany(
                "insert or replace into progress values (?, ?, ?, ?, ?, ?)",
                [
                    (
                        key, sink, each.position, json.dumps(each.carried), each.pending_end,
                        each.pending_at.isoformat() if each.pending_at else None,
                    )
                    for key, each in progress
                ],
            )  # fmt: skip
            _add(db, counts or {})
        with self._lock:
            self._progress.update({(key, sink): each for key, each in progress})

    def count(self, counts: dict[str, int]) -> None:
        """Add to counters."""
        with self._transaction() as db:
            _add(db, counts)

    def counters(self) -> dict[str, int]:
        """What was counted so far, by name."""
        with self._lock:
            return dict(self._db.execute("select name, value from counter order by name").fetchall())

    def keep_dead_letters(self, sink: str, letters: Sequence[tuple[str, str, bytes]]) -> None:
        """Keep documents (id, reason, JSON) that a sink refuses for good; a second time changes nothing."""
        with self._transaction() as db:
            now = datetime.now(UTC).isoformat()
            before = db.total_changes
            db.executemany(
                "insert or ignore into dead_letter values (?, ?, ?, ?, ?)",
                [
                    (sink, name, now, reason, body.decode("utf-8", "replace"))
                    for name, reason, body in letters
                ],
            )
            _add(db, {f"{sink}.dead_letters": db.total_changes - before})
            db.execute(
                "delete from dead_letter where (sink, id) not in"
                " (select sink, id from dead_letter order by at desc limit ?)",
                (MOST_DEAD_LETTERS,),
            )

    def dead_letters(self) -> list[dict[str, str]]:
        """What was refused and is still kept, newest first."""
        with self._lock:
            rows = self._db.execute("select sink, id, at, reason, document from dead_letter order by at desc")
            return [dict(zip(("sink", "id", "at", "reason", "document"), row, strict=True)) for row in rows]

    def bookmark(self, source: str) -> str | None:
        """Where a fetched source was last left."""
        with self._lock:
            row = self._db.execute("select place from bookmark where source = ?", (source,)).fetchone()
        return row[0] if row else None

    def set_bookmark(self, source: str, place: str) -> None:
        """What came before that place has been fetched and is on disk."""
        with self._transaction() as db:
            db.execute("insert or replace into bookmark values (?, ?)", (source, place))


def _progress(row: Sequence[Any]) -> Progress:
    at = datetime.fromisoformat(row[5]) if row[5] else None
    return Progress(row[2], json.loads(row[3]), row[4], at)


def _add(db: sqlite3.Connection, counts: dict[str, int]) -> None:
    db.executemany(
        "insert into counter values (?, ?) on conflict (name) do update set value = value + excluded.value",
        [(name, value) for name, value in counts.items() if value],
    )
