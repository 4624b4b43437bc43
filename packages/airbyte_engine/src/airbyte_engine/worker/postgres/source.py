"""Full refresh, and incremental by a cursor column.

All streams of an attempt are read in one snapshot, so that an order never arrives without its customer.
"""

from __future__ import annotations

import time

import duckdb
import psycopg

from airbyte_engine.worker.landing import Landing
from airbyte_engine.worker.postgres.address import source_error, watched_conninfo
from airbyte_engine.worker.postgres.cdc import CdcSync
from airbyte_engine.worker.postgres.columns import Table, table_of
from airbyte_engine.worker.postgres.cursor import StreamCursor
from airbyte_engine.worker.postgres.snapshot import Snapshot
from airbyte_engine.worker.protocol import Order, Outbox, Stream


class PostgresSource:
    """Reads the order's streams and stores one file for each that has rows; more with CDC."""

    def __init__(self, order: Order, outbox: Outbox, landing: Landing) -> None:
        self._order = order
        self._outbox = outbox
        self._landing = landing
        self._schemas: list[str] = order.source.get("schemas") or ["public"]

    def read(self) -> None:
        """Raises WorkerError; streams that were stored before it stay stored."""
        method = (self._order.source.get("replication_method") or {}).get("method")
        captured = [stream for stream in self._order.streams if stream.incremental and method == "CDC"]
        others = [stream for stream in self._order.streams if stream not in captured]
        try:
            if captured:
                CdcSync(self._order, self._outbox, self._landing, captured).run()
            if others:
                self._read_tables(others)
        except (psycopg.Error, duckdb.Error) as error:
            raise source_error(self._order.source, error) from error

    def _read_tables(self, streams: list[Stream]) -> None:
        conninfo = watched_conninfo(self._order.source)
        with psycopg.connect(conninfo) as connection:
            tables = {stream.name: table_of(connection, self._schemas, stream) for stream in streams}
        with Snapshot(self._order, self._landing, conninfo) as snapshot:
            for stream in streams:
                self._read_stream(snapshot, stream, tables[stream.name])

    def _read_stream(self, snapshot: Snapshot, stream: Stream, table: Table) -> None:
        state = stream.state or {}
        if not stream.incremental and state.get("completed_by_job") == self._order.job_id:
            self._outbox.log(f"{stream.name}: an earlier attempt of this job has stored it")
            return
        started = time.monotonic()
        file = self._order.scratch_file(f"{stream.name}.parquet")
        since = ""
        new_state = state if stream.incremental else {"completed_by_job": self._order.job_id}
        if stream.incremental and stream.cursor_field:
            cursor = StreamCursor(snapshot, table, stream)
            since = cursor.since()
            rows = snapshot.copy(stream.name, table, since, file, by_postgres=cursor.needs_postgres)
            new_state = cursor.after(since, file) if rows else state
        else:
            rows = snapshot.copy(stream.name, table, since, file)
        kept = self._landing.store(stream.name, [file] if rows else [])
        self._outbox.state(stream.name, new_state, kept.rows, kept.bytes, kept.keys)
        seconds = time.monotonic() - started
        self._outbox.log(f"{stream.name}: {kept.rows} rows{since}, {kept.bytes} bytes, {seconds:.2f} s")
