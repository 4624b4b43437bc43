"""Change data capture: a first read of each table, then the log from the replication slot.

Nothing is lost or doubled between the two. The slot exists before the first read begins; the read notes the
transactions it sees (`pg_current_snapshot`), and the log's transactions that it saw already are left out.
Rows of the first read carry the position of the log from which on no change is in them, so that the highest
`_ab_cdc_lsn` is always a row's newest version.

A sync ends at the position the log had when it began. The log is peeked at in rounds; a round ends with its
files in the landing, one commit of rows and position, and only then the slot is advanced. What dies before
the commit is read again; what dies after it is skipped, for the position is the connection's, not the slot's.

A table that is read again, because changes were lost, begins with a row that says what a truncation says:
everything that landed of it before is deleted. The rows that are still there follow; those that were deleted
while nobody captured are in no read and would else live forever (docs/decisions/0012). That is also what
happens to a table that is not the one that was read any more (see `table_identity`).
"""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg

from airbyte_engine.worker.landing import Landing
from airbyte_engine.worker.postgres.address import watched_conninfo
from airbyte_engine.worker.postgres.changes import snapshot_columns, truncation_file
from airbyte_engine.worker.postgres.log_round import LogRound
from airbyte_engine.worker.postgres.prerequisites import CapturedTable, captured_tables
from airbyte_engine.worker.postgres.seen import Seen
from airbyte_engine.worker.postgres.slot import InvalidPositionError, Slot, lsn_text
from airbyte_engine.worker.postgres.snapshot import Snapshot
from airbyte_engine.worker.postgres.table_identity import TableIdentity, difference, find_table, partition_of
from airbyte_engine.worker.protocol import Order, Outbox, Part, Stream

_RESYNC = "Re-sync data"


class CdcSync:
    """One sync of an order's captured streams.

    Shared state: {"slot", "lsn": stored up to here}. A stream's state, there once its first read is stored:
    {"cdc": {"seen": the snapshot of that read, "until": where the log no longer has what it saw, "table": its
    TableIdentity}}, the first two null when the log has passed it.
    """

    def __init__(self, order: Order, outbox: Outbox, landing: Landing, streams: list[Stream]) -> None:
        self._order = order
        self._outbox = outbox
        self._landing = landing
        self._streams = streams
        self._method: dict[str, Any] = order.source["replication_method"]
        self._conninfo = watched_conninfo(order.source)
        self._states = {
            stream.name: stream.state["cdc"] for stream in streams if stream.state and "cdc" in stream.state
        }
        self._stored: int | None = (order.shared_state or {}).get("lsn")
        self._slot_name = str(self._method["replication_slot"])
        self._read_before = order.generation_id > 0
        """Has the connection landed these tables in an earlier life, whose state is forgotten?"""
        self._read_again: set[str] = set()
        self._attached: dict[str, tuple[str, ...]] = {}
        """Oids of partitions that have come to a stream's table since the last sync."""

    def run(self) -> None:
        """Raises WorkerError; what was committed before it stays stored."""
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            schemas = self._order.source.get("schemas") or ["public"]
            tables = captured_tables(connection, schemas, str(self._method["publication"]), self._streams)
            slot = Slot(connection, self._method)
            confirmed = self._open(slot)
            found = self._compare(connection, tables)
            stored = confirmed if self._stored is None else self._stored
            slot.advance(stored)
            if heartbeat := self._method.get("heartbeat_action_query"):
                connection.execute(heartbeat)
            target = slot.current()
            stored = self._read_new_tables(slot, tables, found, stored)
            self._read_attached(connection, slot, tables, found, stored)
            self._follow_log(connection, slot, tables, stored, target)
            self._report(slot)

    def _open(self, slot: Slot) -> int:
        try:
            return slot.open(self._stored).confirmed
        except InvalidPositionError as error:
            if self._method.get("invalid_cdc_cursor_position_behavior") != _RESYNC:
                raise
            self._outbox.log(f"{error.message} That is done now: all tables are read again.", "WARN")
        self._stored = None
        self._states = {}
        self._read_before = True
        return slot.open(None).confirmed

    def _compare(
        self, connection: psycopg.Connection[Any], tables: list[CapturedTable]
    ) -> dict[str, TableIdentity]:
        """What each stream's table is now. One that is not what was read is forgotten, and so read again."""
        identities: dict[str, TableIdentity] = {}
        for captured in tables:
            found = find_table(connection, captured.table, str(self._method["publication"]))
            identities[captured.stream] = found.identity
            state = self._states.get(captured.stream)
            if state is None:
                continue
            if (known := state.get("table")) is not None:
                differs = difference(TableIdentity.from_state(known), found)
                reason = differs.read_again
                if reason is None and differs.attached and not captured.key:
                    reason = (
                        "a partition was attached, and without a key its rows cannot be read by themselves"
                    )
                if reason is not None:
                    self._outbox.log(f"{captured.stream}: all rows are read again: {reason}", "WARN")
                    self._read_again.add(captured.stream)
                    del self._states[captured.stream]
                    continue
                if differs.attached:
                    self._attached[captured.stream] = differs.attached
                    continue
            self._states[captured.stream] = state | {"table": found.identity.to_state()}
        return identities

    def _read_new_tables(
        self, slot: Slot, tables: list[CapturedTable], found: dict[str, TableIdentity], stored: int
    ) -> int:
        """Returns where the log is to be followed from: when all tables are new, nothing in it is older."""
        new = [captured for captured in tables if captured.stream not in self._states]
        if not new:
            return stored
        position = slot.settle()
        if len(new) == len(tables):
            stored = position
        with Snapshot(self._order, self._landing, self._conninfo) as snapshot:
            seen, until = snapshot.ask(
                "select pg_current_snapshot()::text, (pg_current_wal_insert_lsn() - '0/0')::bigint::text"
            )
            for captured in new:
                started = time.monotonic()
                file = self._order.scratch_file(f"{captured.stream}.parquet")
                added = snapshot_columns(position, self._landing.started.isoformat())
                rows = snapshot.copy(captured.stream, captured.table, "", file, added)
                files = [file] if rows else []
                if self._read_before or captured.stream in self._read_again:
                    gone = truncation_file(
                        captured.stream, captured.table, position, self._order, self._landing
                    )
                    files.insert(0, gone)
                kept = self._landing.store(captured.stream, files)
                self._states[captured.stream] = {
                    "seen": seen,
                    "until": int(until),
                    "table": found[captured.stream].to_state(),
                }
                state = {"cdc": self._states[captured.stream]}
                part = Part(captured.stream, state, kept.rows, kept.bytes, kept.keys)
                self._commit(stored, [part])
                seconds = time.monotonic() - started
                self._outbox.log(
                    f"{captured.stream}: first read at {lsn_text(position)}, {kept.rows} rows,"
                    f" {kept.bytes} bytes, {seconds:.2f} s"
                )
        self._outbox.wait_until_committed()
        slot.advance(stored)
        return stored

    def _read_attached(
        self,
        connection: psycopg.Connection[Any],
        slot: Slot,
        tables: list[CapturedTable],
        found: dict[str, TableIdentity],
        stored: int,
    ) -> None:
        """Read partitions that may have been full when they were attached.

        A row that was inserted since lands twice, here and from the log, in its newest version both times.
        """
        for captured in tables:
            attached = self._attached.get(captured.stream)
            if not attached:
                continue
            position = slot.settle()
            files, names = [], []
            with Snapshot(self._order, self._landing, self._conninfo) as snapshot:
                for oid in attached:
                    partition = partition_of(connection, captured.table, int(oid))
                    if partition is None:
                        continue
                    file = self._order.scratch_file(f"{captured.stream}.{oid}.parquet")
                    added = snapshot_columns(position, self._landing.started.isoformat())
                    if snapshot.copy(captured.stream, partition, "", file, added):
                        files.append(file)
                    names.append(f"{partition.schema}.{partition.name}")
            kept = self._landing.store(captured.stream, files)
            state = self._states[captured.stream] | {"table": found[captured.stream].to_state()}
            self._states[captured.stream] = state
            part = Part(captured.stream, {"cdc": state}, kept.rows, kept.bytes, kept.keys)
            self._commit(stored, [part])
            self._outbox.log(
                f"{captured.stream}: new partitions {', '.join(names)} read at {lsn_text(position)},"
                f" {kept.rows} rows"
            )
        self._outbox.wait_until_committed()

    def _follow_log(
        self,
        connection: psycopg.Connection[Any],
        slot: Slot,
        tables: list[CapturedTable],
        stored: int,
        target: int,
    ) -> None:
        done = stored >= target
        while not done:
            started = time.monotonic()
            seen = {
                name: Seen(state["seen"]) for name, state in self._states.items() if state["seen"] is not None
            }
            log_round = LogRound(self._order, self._landing, connection, tables, seen)
            result = log_round.read(slot.name, str(self._method["publication"]), stored, target)
            done = result.caught_up
            stored = max(result.position, target) if done else result.position
            parts = [self._part(name, files, stored) for name, files in result.files.items()]
            self._commit(stored, parts)
            self._outbox.wait_until_committed()
            slot.advance(stored)
            seconds = time.monotonic() - started
            changes = ", ".join(f"{part.stream} {part.rows}" for part in parts if part.rows) or "none"
            self._outbox.log(
                f"log up to {lsn_text(stored)}: changes {changes}; {result.messages} messages,"
                f" {seconds:.2f} s"
            )

    def _part(self, stream: str, files: list[Path], stored: int) -> Part:
        state = self._states[stream]
        if state["until"] is not None and stored >= state["until"]:
            self._states[stream] = state = state | {"seen": None, "until": None}
        kept = self._landing.store(stream, files)
        return Part(stream, {"cdc": state}, kept.rows, kept.bytes, kept.keys)

    def _commit(self, stored: int, parts: list[Part]) -> None:
        active = [stream.name for stream in self._order.streams]
        self._outbox.checkpoint({"slot": self._slot_name, "lsn": stored}, parts, active)

    def _report(self, slot: Slot) -> None:
        status = slot.status()
        if status is None:
            return
        self._outbox.replication({"slot": slot.name} | asdict(status) | {"lost": status.lost})
        self._outbox.log(
            f"slot {slot.name}: {status.behind} bytes of log behind, {status.retained} bytes kept for it,"
            f" {status.safe if status.safe is not None else 'any number of'} more until it is invalidated"
        )
