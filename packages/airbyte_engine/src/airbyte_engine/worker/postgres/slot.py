"""The replication slot: made once, judged before every sync, advanced only behind what is stored.

A slot's own position (`confirmed_flush_lsn`) is PostgreSQL's leave to forget the log before it. The
connection's state says how far changes are stored. The slot follows the state and never leads it: a slot that
is ahead has been read by somebody else, or the state is an old one, and changes are lost.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from airbyte_engine.worker.protocol import WorkerError

DEFAULT_WAITING_SECONDS = 1200
"""Airbyte's default of `initial_waiting_seconds`."""
_POLL_SECONDS = 0.1
_FULL_RESYNC = (
    "Run a job of type 'refresh' (or 'clear', then a sync) for this connection: it reads the tables again and"
    " continues from there. Setting invalid_cdc_cursor_position_behavior to 'Re-sync data' does it by itself"
)


def lsn_text(lsn: int) -> str:
    """PostgreSQL's way of writing a position of the log."""
    return f"{lsn >> 32:X}/{lsn & 0xFFFFFFFF:X}"


@dataclass(frozen=True)
class SlotStatus:
    """What PostgreSQL says of a slot; positions are bytes since the log began."""

    plugin: str
    database: str
    confirmed: int
    restart: int | None
    wal_status: str | None
    active_pid: int | None
    behind: int
    """Bytes of log after the confirmed position."""
    retained: int | None
    """Bytes of log that the server keeps for this slot."""
    safe: int | None
    """Bytes that may still be written before the slot is invalidated (max_slot_wal_keep_size)."""

    @property
    def lost(self) -> bool:
        return self.wal_status == "lost" or self.restart is None


class InvalidPositionError(WorkerError):
    """Changes after the stored position are gone from the log."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}. {_FULL_RESYNC}.", "config_error")


class Slot:
    """One logical slot, over a connection in autocommit mode."""

    def __init__(self, connection: psycopg.Connection[Any], method: Mapping[str, Any]) -> None:
        self._connection = connection
        self.name = str(method["replication_slot"])
        self._patience = float(method.get("initial_waiting_seconds") or DEFAULT_WAITING_SECONDS)

    def status(self) -> SlotStatus | None:
        """None when there is no such slot."""
        row = self._connection.execute(
            """
            select
                plugin, database,
                coalesce(confirmed_flush_lsn - '0/0', 0)::bigint, (restart_lsn - '0/0')::bigint,
                wal_status, active_pid,
                coalesce(pg_current_wal_lsn() - confirmed_flush_lsn, 0)::bigint,
                (pg_current_wal_lsn() - restart_lsn)::bigint, safe_wal_size
            from pg_replication_slots where slot_name = %s
            """,
            (self.name,),
        ).fetchone()
        return SlotStatus(*row) if row else None

    def open(self, stored: int | None) -> SlotStatus:
        """The slot, usable from `stored` (None: nothing is stored yet, it is made if it is missing).

        Raises InvalidPositionError when changes after `stored` are lost, WorkerError when the slot is not
        ours to use.
        """
        found = self.status()
        if found is not None:
            self._require_ours(found)
        if stored is None:
            if found is not None and not found.lost:
                return found
            if found is not None:
                self.drop()
            return self._create()
        if found is None:
            raise InvalidPositionError(
                f"The replication slot {self.name!r} is gone, and with it the changes after"
                f" {lsn_text(stored)}"
            )
        if found.lost:
            raise InvalidPositionError(
                f"PostgreSQL has invalidated the replication slot {self.name!r}: more log was written than"
                f" max_slot_wal_keep_size keeps, and the changes after {lsn_text(stored)} are removed"
            )
        if found.confirmed > stored:
            raise InvalidPositionError(
                f"The replication slot {self.name!r} was advanced to {lsn_text(found.confirmed)} by somebody"
                f" else; only changes up to {lsn_text(stored)} are stored"
            )
        return found

    def advance(self, stored: int) -> None:
        """Let PostgreSQL forget the log before `stored`; a slot that is there already stays."""
        now = self.status()
        if now is None or now.confirmed >= stored:
            return
        self._connection.execute(
            "select pg_replication_slot_advance(%s, %s::pg_lsn)", (self.name, lsn_text(stored))
        )

    def drop(self) -> None:
        self._connection.execute("select pg_drop_replication_slot(%s)", (self.name,))

    def current(self) -> int:
        """Where the log that can be decoded ends now: PostgreSQL decodes only what is on the disk.

        Every transaction whose commit has returned lies before it (with `synchronous_commit` off, a moment
        later). A position further on would be wrong twice: a commit that is not on the disk yet would lie
        before it, unread; and after a crash the log goes on from an earlier position.
        """
        row = self._connection.execute("select (pg_current_wal_flush_lsn() - '0/0')::bigint").fetchone()
        return int(row[0]) if row else 0

    def settle(self) -> int:
        """A position of the log such that every change before it is visible now, or was undone.

        A change's own position lies before its commit's: without waiting for the transactions that are
        running, a change from before the snapshot could become visible after it. Raises WorkerError when they
        do not end in time.
        """
        position = self.current()
        row = self._connection.execute("select pg_snapshot_xmax(pg_current_snapshot())::text").fetchone()
        newest = row[0] if row else "0"
        deadline = time.monotonic() + self._patience
        while True:
            waiting = self._connection.execute(
                "select pg_snapshot_xmin(pg_current_snapshot())::text::numeric < %s::numeric", (newest,)
            ).fetchone()
            if waiting is None or not waiting[0]:
                return position
            if time.monotonic() > deadline:
                raise WorkerError(
                    f"A transaction has been running for {self._patience:.0f} s (initial_waiting_seconds),"
                    f" and the first read of a table waits for it: {self._oldest_transaction()}",
                    "transient_error",
                )
            time.sleep(_POLL_SECONDS)

    def _create(self) -> SlotStatus:
        """PostgreSQL waits here for the transactions that are running."""
        limit = max(1, int(self._patience * 1000))
        self._connection.execute("select set_config('statement_timeout', %s, false)", (str(limit),))
        try:
            self._connection.execute(
                "select pg_create_logical_replication_slot(%s, 'pgoutput')", (self.name,)
            )
        except psycopg.errors.QueryCanceled as error:
            raise WorkerError(
                f"The replication slot {self.name!r} could not be made within {self._patience:.0f} s"
                f" (initial_waiting_seconds): {self._oldest_transaction()}",
                "transient_error",
            ) from error
        finally:
            self._connection.execute("set statement_timeout = 0")
        made = self.status()
        if made is None:
            raise WorkerError(f"PostgreSQL made no replication slot {self.name!r}", "system_error")
        return made

    def _require_ours(self, found: SlotStatus) -> None:
        row = self._connection.execute("select current_database()").fetchone()
        if found.plugin != "pgoutput" or row is None or found.database != row[0]:
            raise WorkerError(
                f"The replication slot {self.name!r} belongs to database {found.database} and plugin"
                f" {found.plugin}; this source needs one of its own database with plugin pgoutput",
                "config_error",
            )
        if found.active_pid is not None:
            raise WorkerError(
                f"The replication slot {self.name!r} is in use by process {found.active_pid} of PostgreSQL;"
                " a slot serves one connection only",
                "transient_error",
            )

    def _oldest_transaction(self) -> str:
        row = self._connection.execute(
            """
            select format('process %s of database %s, user %s, since %s', pid, datname, usename, xact_start)
            from pg_stat_activity
            where xact_start is not null and pid <> pg_backend_pid() and backend_type = 'client backend'
            order by xact_start limit 1
            """
        ).fetchone()
        return str(row[0]) if row else "no transaction of a client is running"
