"""Full refresh, and incremental by a cursor column.

All streams of an attempt are read in one snapshot, so that an order never arrives without its customer.

The cursor's boundary. Rows that carry exactly the last cursor value may be committed after the sync that saw
that value, so continuing with `>` would lose them. Continuing with `>=` never does, but sends the rows of the
boundary again in every sync, forever. Airbyte's connector counts the boundary's rows; here a digest of their
content is kept beside the cursor: nothing new there means `>`, any difference means `>=`, and those rows are
delivered again (at-least-once). What no cursor can see, here as in Airbyte: a row committed late with an
*older* cursor value, and a deletion. Streams with such rows need CDC or a full refresh.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from psycopg import sql

from airbyte_engine.worker.landing import Landing
from airbyte_engine.worker.postgres.address import literal, quoted, source_error, watched_conninfo
from airbyte_engine.worker.postgres.cdc import CdcSync
from airbyte_engine.worker.postgres.columns import Table, table_of
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
        file = Path(self._order.scratch) / f"{stream.name}.parquet"
        since = self._since(snapshot, stream, table, state)
        rows = snapshot.copy(stream.name, table, since, file)
        new_state = state if stream.incremental else {"completed_by_job": self._order.job_id}
        if stream.incremental and rows:
            new_state = self._boundary(snapshot, stream, table, file) or state
        kept = self._landing.store(stream.name, [file] if rows else [])
        self._outbox.state(stream.name, new_state, kept.rows, kept.bytes, kept.keys)
        seconds = time.monotonic() - started
        self._outbox.log(f"{stream.name}: {kept.rows} rows{since}, {kept.bytes} bytes, {seconds:.2f} s")

    def _since(self, snapshot: Snapshot, stream: Stream, table: Table, state: Mapping[str, Any]) -> str:
        """The condition that selects what the last sync has not seen; empty for everything."""
        if not stream.incremental or not stream.cursor_field:
            return ""
        if state.get("cursor") is None or state.get("cursor_field") != [stream.cursor_field]:
            return ""
        ties = self._ties(snapshot, stream, table, state["cursor"])
        operator = ">" if ties == state.get("cursor_ties") else ">="
        return f" where {quoted(stream.cursor_field)} {operator} {literal(state['cursor'])}"

    def _boundary(
        self, snapshot: Snapshot, stream: Stream, table: Table, file: Path
    ) -> dict[str, Any] | None:
        """The state after the file: its greatest cursor value, and what stands there. None: all cursors are
        null.
        """
        field = str(stream.cursor_field)
        query = f"select cast(max({quoted(field)}) as varchar) from read_parquet({literal(str(file))})"
        row = snapshot.duckdb.execute(query).fetchone()
        if row is None or row[0] is None:
            return None
        return {
            "cursor_field": [field],
            "cursor": row[0],
            "cursor_ties": self._ties(snapshot, stream, table, row[0]),
        }

    def _ties(self, snapshot: Snapshot, stream: Stream, table: Table, cursor: str) -> str:
        """Count and digest of the rows whose cursor has exactly this value, as the snapshot sees them."""
        query = sql.SQL(
            "select count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) as ties"
            " from {} as t where {} = {}"
        ).format(
            sql.Identifier(table.schema, table.name),
            sql.Identifier(str(stream.cursor_field)),
            sql.Literal(cursor),
        )
        return "".join(snapshot.ask(query.as_string(None)))
