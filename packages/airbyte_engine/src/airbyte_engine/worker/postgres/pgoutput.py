"""The messages of pgoutput, PostgreSQL's own decoding plugin, protocol version 1.

Written from PostgreSQL's documentation, "Logical Replication Message Formats". There is no maintained
library: psycopg2 streams the messages and leaves them undecoded, psycopg 3 does not stream.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from airbyte_engine.worker.postgres.columns import Column


class Unchanged(Enum):
    """A TOAST value that the update left alone: the log does not repeat it."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED
Value: TypeAlias = bytes | Unchanged | None
"""PostgreSQL's text of a value, null, or a value that is not in the log."""
Row: TypeAlias = list[Value]


@dataclass(frozen=True, eq=False)
class Relation:
    """A table as it was when the changes that follow were made."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[int, ...]
    """Positions of the columns that identify an old row (all of them under REPLICA IDENTITY FULL)."""
    oid: int = 0
    """The table itself: its name may have been another one's before, and may be again."""
    unlogged: int = 0
    """So many of the last columns are generated, and never in the log."""


class Begin(NamedTuple):
    """A transaction; its changes follow."""

    commit: int
    """Where the record of its commit begins."""
    xid: int
    committed_at: int
    """Microseconds since 1970, UTC."""


class Commit(NamedTuple):
    """The end of a transaction; the log continues at `end`."""

    end: int


class Change(NamedTuple):
    """An insert (no old row), an update (old row only if the log has it), a delete (no new row)."""

    relation: Relation
    old: Row | None
    new: Row | None
    old_is_whole: bool
    """The old row has all columns, not only its key."""


class Truncate(NamedTuple):
    relations: tuple[Relation, ...]


Message: TypeAlias = Begin | Commit | Change | Truncate

_POSTGRES_EPOCH: Final = 946_684_800_000_000
"""2000-01-01 in microseconds since 1970."""
_BEGIN = struct.Struct(">xQqI")
_COMMIT = struct.Struct(">xBQQq")
_COLUMN = struct.Struct(">Ii")
_INT32 = struct.Struct(">I")
_INT16 = struct.Struct(">H")
_TEXT, _NULL, _TOAST = ord("t"), ord("n"), ord("u")
_NEW, _OLD_WHOLE = ord("N"), ord("O")


class Decoder:
    """Decodes one session's messages, in their order: tables are described before their changes."""

    def __init__(self) -> None:
        self._relations: dict[int, Relation] = {}

    def decode(self, data: bytes) -> Message | None:
        """The message; None for one that carries no change."""
        match data[:1]:
            case b"I":
                row, _ = _row(data, 6)
                return Change(self._relation(data, 1), None, row, False)
            case b"U":
                return self._update(data)
            case b"D":
                row, _ = _row(data, 6)
                return Change(self._relation(data, 1), row, None, data[5] == _OLD_WHOLE)
            case b"B":
                commit, moment, xid = _BEGIN.unpack_from(data)
                return Begin(commit, xid, moment + _POSTGRES_EPOCH)
            case b"C":
                _, _, end, _ = _COMMIT.unpack_from(data)
                return Commit(end)
            case b"R":
                self._describe(data)
            case b"T":
                count = _INT32.unpack_from(data, 1)[0]
                found = (self._relation(data, 6 + 4 * number) for number in range(count))
                return Truncate(tuple(found))
        return None

    def _relation(self, data: bytes, at: int) -> Relation:
        return self._relations[_INT32.unpack_from(data, at)[0]]

    def _update(self, data: bytes) -> Change:
        kind, old, at = data[5], None, 6
        if kind != _NEW:
            old, at = _row(data, 6)
            at += 1
        new, _ = _row(data, at)
        return Change(self._relation(data, 1), old, new, kind == _OLD_WHOLE)

    def _describe(self, data: bytes) -> None:
        identifier = _INT32.unpack_from(data, 1)[0]
        schema, at = _word(data, 5)
        name, at = _word(data, at)
        count = _INT16.unpack_from(data, at + 1)[0]
        at += 3
        columns, key = [], []
        for position in range(count):
            if data[at] & 1:
                key.append(position)
            column, at = _word(data, at + 1)
            columns.append(Column(column, *_COLUMN.unpack_from(data, at)))
            at += _COLUMN.size
        self._relations[identifier] = Relation(schema, name, tuple(columns), tuple(key), identifier)


def _row(data: bytes, at: int) -> tuple[Row, int]:
    """A row's values, and where it ends."""
    count = (data[at] << 8) | data[at + 1]
    at += 2
    values: Row = []
    append = values.append
    for _ in range(count):
        kind = data[at]
        if kind == _TEXT:
            start = at + 5
            at = start + int.from_bytes(data[at + 1 : start])
            append(data[start:at])
        elif kind == _NULL:
            append(None)
            at += 1
        elif kind == _TOAST:
            append(UNCHANGED)
            at += 1
        else:
            raise ValueError(f"pgoutput: a value of unknown kind {chr(kind)!r}")
    return values, at


def _word(data: bytes, at: int) -> tuple[str, int]:
    end = data.index(0, at)
    return data[at:end].decode(), end + 1


def values_at(row: Sequence[Value], positions: Sequence[int]) -> tuple[Value, ...]:
    """The row's values at these positions."""
    return tuple(row[position] for position in positions)
