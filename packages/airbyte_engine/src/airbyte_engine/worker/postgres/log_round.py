"""One look into the log: the changes of whole transactions, by stream, in the order of their commits.

A truncate has no rows in the log. It becomes one row whose columns are all null, with `_ab_cdc_lsn` and
`_ab_cdc_deleted_at`: everything of the stream with a lower position is deleted. An update that changes a
row's key becomes a delete of the old key and the new row.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from airbyte_engine.worker.landing import Landing
from airbyte_engine.worker.postgres.address import literal, quoted, watched_conninfo
from airbyte_engine.worker.postgres.changes import Key, StreamChanges
from airbyte_engine.worker.postgres.pgoutput import (
    UNCHANGED,
    Begin,
    Change,
    Commit,
    Decoder,
    Relation,
    Row,
    Truncate,
    values_at,
)
from airbyte_engine.worker.postgres.prerequisites import CapturedTable
from airbyte_engine.worker.postgres.seen import Seen
from airbyte_engine.worker.postgres.slot import InvalidPositionError, lsn_text
from airbyte_engine.worker.postgres.snapshot import open_duckdb
from airbyte_engine.worker.postgres.toast import fetch_current
from airbyte_engine.worker.protocol import Order

_ROUND_MESSAGES = 500_000
"""After so many messages a round ends with the transaction: bounds what PostgreSQL prepares for one look."""
_ROW_MESSAGES = frozenset(b"IUDT")
_PEEK = """
    copy (
        select lsn, data from pg_logical_slot_peek_binary_changes(
            {slot}, {target}, {messages}, 'proto_version', '1', 'publication_names', {publication}
        )
    ) to stdout (format binary)
"""


@dataclass(frozen=True)
class RoundResult:
    position: int
    """The end of the last transaction that was read."""
    files: dict[str, list[Path]]
    messages: int
    caught_up: bool


@dataclass(frozen=True)
class Sink:
    """Where a relation's changes go."""

    stream: str
    changes: StreamChanges
    relation: Relation
    """With the table's name of today and, at its end, the columns that the log leaves out."""
    key: tuple[int, ...]
    """Positions of the columns that are the row's key for the lake."""


class LogRound:
    """Reads once; make a new one for the next round."""

    def __init__(
        self,
        order: Order,
        landing: Landing,
        connection: psycopg.Connection[Any],
        tables: list[CapturedTable],
        seen: dict[str, Seen],
    ) -> None:
        self._connection = connection
        self._conninfo = watched_conninfo(order.source)
        self._seen = seen
        self._left_out: set[str] = set()
        self._tables = {captured.table.oid: captured for captured in tables}
        self._engine = open_duckdb(order)
        self._changes = {
            one.stream: StreamChanges(one.stream, order, landing, self._engine, self._fetch) for one in tables
        }
        self._sinks: dict[Relation, Sink | None] = {}
        self._fetching: psycopg.Connection[Any] | None = None

    def read(self, slot: str, publication: str, stored: int, target: int) -> RoundResult:
        """Transactions that committed after `stored` and before `target`. The slot is left as it is."""
        query = _PEEK.format(
            slot=literal(slot),
            target=literal(lsn_text(target)),
            messages=_ROUND_MESSAGES,
            publication=literal(quoted(publication)),
        )
        try:
            with self._connection.cursor() as cursor, cursor.copy(query) as copy:
                copy.set_types(["bytea", "bytea"])
                position, messages = self._take_all(copy, stored)
            files = {name: changes.finish() for name, changes in self._changes.items()}
        except psycopg.errors.UndefinedObject as error:
            # The log is read with the catalog of its own time.
            raise InvalidPositionError(
                f"The publication {publication!r} was not there yet, or not any more, when changes after"
                f" {lsn_text(stored)} were made"
            ) from error
        finally:
            self._engine.close()
            if self._fetching is not None:
                self._fetching.close()
        return RoundResult(position, files, messages, messages < _ROUND_MESSAGES)

    def _take_all(self, copy: psycopg.Copy, stored: int) -> tuple[int, int]:
        decode = Decoder().decode
        position, messages, moment, skipped = stored, 0, 0, False
        for at, data in copy.rows():
            messages += 1
            if skipped and data[0] in _ROW_MESSAGES:
                continue
            message = decode(data)
            if type(message) is Change:
                self._take(message, int.from_bytes(at), moment, len(data))
            elif type(message) is Begin:
                skipped, moment = message.commit < stored, message.committed_at
                if not skipped:
                    self._leave_out_seen(message.xid)
            elif type(message) is Commit:
                position = max(position, message.end)
            elif type(message) is Truncate and not skipped:
                self._truncate(message, int.from_bytes(at), moment)
        return position, messages

    def _leave_out_seen(self, xid: int) -> None:
        """A transaction that a stream's first read has seen brings nothing new to that stream."""
        if self._seen:
            self._left_out = {stream for stream, seen in self._seen.items() if seen.includes(xid)}

    def _take(self, change: Change, lsn: int, moment: int, size: int) -> None:
        relation, old, new = change.relation, change.old, change.new
        sink = self._sinks[relation] if relation in self._sinks else self._sink(relation)
        if sink is None or sink.stream in self._left_out:
            return
        sink.changes.weigh(size)
        unlogged = sink.relation.unlogged
        nothing: Row = [None] * unlogged
        if new is None:
            sink.changes.add(sink.relation, [*(old or []), *nothing], lsn, moment, True)
            return
        if old is not None:
            if change.old_is_whole and UNCHANGED in new:
                new = [old[at] if value is UNCHANGED else value for at, value in enumerate(new)]
            if values_at(old, sink.key) != values_at(new, sink.key):
                sink.changes.add(sink.relation, [*old, *nothing], lsn, moment, True)
        if unlogged:
            new = [*new, *([UNCHANGED] * unlogged)]
        sink.changes.add(sink.relation, new, lsn, moment, False)

    def _truncate(self, message: Truncate, lsn: int, moment: int) -> None:
        for relation in message.relations:
            sink = self._sinks[relation] if relation in self._sinks else self._sink(relation)
            if sink is not None and sink.stream not in self._left_out:
                nothing: Row = [None] * len(sink.relation.columns)
                sink.changes.add(sink.relation, nothing, lsn, moment, True)

    def _sink(self, relation: Relation) -> Sink | None:
        """None for a table of the publication that the connection does not carry, whatever it was called."""
        captured = self._tables.get(relation.oid)
        sink = None
        if captured is not None:
            names = [column.name for column in relation.columns]
            key = tuple(names.index(name) for name in captured.key if name in names)
            unlogged = [column for column in captured.unlogged if column.name not in names]
            logged = [column.as_declared(captured.table.columns) for column in relation.columns]
            described = Relation(
                captured.table.schema,
                captured.table.name,
                (*logged, *unlogged),
                key if unlogged else relation.key,
                relation.oid,
                len(unlogged),
            )
            sink = Sink(captured.stream, self._changes[captured.stream], described, key)
        self._sinks[relation] = sink
        return sink

    def _fetch(self, relation: Relation, positions: list[int], keys: list[Key]) -> dict[Key, Row]:
        if self._fetching is None:
            self._fetching = psycopg.connect(self._conninfo, autocommit=True)
        return fetch_current(self._fetching, relation, positions, keys)
