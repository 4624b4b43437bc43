"""PostgreSQL to Parquet: full refresh, and incremental by a cursor column. DuckDB's postgres_scanner reads.

All streams of an attempt are read in one snapshot, so that an order never arrives without its customer.

The cursor's boundary. Rows that carry exactly the last cursor value may be committed after the sync that saw
that value, so continuing with `>` would lose them. Continuing with `>=` never does, but sends the rows of the
boundary again in every sync, for ever. Airbyte's connector counts the boundary's rows; here a digest of their
content is kept beside the cursor: nothing new there means `>`, any difference means `>=`, and those rows are
delivered again (at-least-once). What no cursor can see, here as in Airbyte: a row committed late with an
*older* cursor value, and a deletion. Streams with such rows need CDC or a full refresh.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from embedded.airbyte.worker.landing import Landing, compression_of
from embedded.airbyte.worker.protocol import Order, Outbox, Stream, WorkerError

_NATIVE = {
    "smallint", "integer", "bigint", "real", "double precision", "boolean", "text", "character varying",
    "character", "date", "timestamp without time zone", "timestamp with time zone", "numeric", "bytea",
}  # fmt: skip
"""Types that have a natural Parquet type; every other one arrives as text."""

_META_TYPE = "struct(sync_id bigint, changes struct(field varchar, change varchar, reason varchar)[])"
_HOPELESS = ("password authentication failed", "does not exist", "permission denied", "no pg_hba.conf entry")


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    """PostgreSQL's name of the type, without its modifiers."""


def conninfo_of(configuration: Mapping[str, Any]) -> str:
    """libpq's connection string for an Airbyte PostgreSQL source configuration."""
    ssl = configuration.get("ssl_mode") or {}
    return make_conninfo(
        "",
        host=configuration["host"],
        port=configuration.get("port", 5432),
        dbname=configuration["database"],
        user=configuration["username"],
        password=configuration.get("password") or None,
        sslmode=ssl.get("mode", "prefer"),
        connect_timeout=10,
        application_name="airbyte",
    )


class PostgresSource:
    """Reads the order's streams and stores one file for each that has rows."""

    def __init__(self, order: Order, outbox: Outbox, landing: Landing) -> None:
        self._order = order
        self._outbox = outbox
        self._landing = landing
        self._conninfo = conninfo_of(order.source)
        self._schemas: list[str] = order.source.get("schemas") or ["public"]

    def read(self) -> None:
        """Raises WorkerError; streams that were stored before it stay stored."""
        try:
            tables = self._tables()
            with self._snapshot() as snapshot:
                for stream in self._order.streams:
                    self._read_stream(snapshot, stream, *tables[stream.name])
        except (psycopg.Error, duckdb.Error) as error:
            raise _source_error(self._order.source, error) from error

    def _tables(self) -> dict[str, tuple[str, list[Column]]]:
        """Schema and columns of each stream's table. Raises WorkerError for a table or column that is
        missing.
        """
        found = {}
        with psycopg.connect(self._conninfo) as connection:
            for stream in self._order.streams:
                schema, columns = self._columns(connection, stream.name)
                names = {column.name for column in columns}
                wanted = [stream.cursor_field] if stream.incremental and stream.cursor_field else []
                if missing := [name for name in (*wanted, *stream.primary_key) if name not in names]:
                    raise WorkerError(
                        f"Table {schema}.{stream.name} has no column {', '.join(missing)}", "config_error"
                    )
                found[stream.name] = (schema, columns)
        return found

    def _columns(
        self, connection: psycopg.Connection[tuple[Any, ...]], table: str
    ) -> tuple[str, list[Column]]:
        rows = connection.execute(
            """
            select n.nspname, a.attname, format_type(a.atttypid, null), a.atttypmod
            from pg_attribute as a
            join pg_class as c on c.oid = a.attrelid
            join pg_namespace as n on n.oid = c.relnamespace
            where c.relname = %s and n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm', 'f')
                and a.attnum > 0 and not a.attisdropped
            order by array_position(%s::text[], n.nspname::text), a.attnum
            """,
            (table, self._schemas, self._schemas),
        ).fetchall()
        if not rows:
            schemas = ", ".join(self._schemas)
            raise WorkerError(f"There is no table {table} in schema {schemas} of the source", "config_error")
        schema = str(rows[0][0])
        return schema, [Column(name, type_) for owner, name, type_, _ in rows if owner == schema]

    def _snapshot(self) -> duckdb.DuckDBPyConnection:
        """DuckDB with the source attached, in one repeatable-read transaction."""
        connection = duckdb.connect(
            config={
                "threads": self._order.threads,
                "memory_limit": f"{self._order.memory_mb}MB",
                "temp_directory": self._order.scratch,
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
            }
        )
        connection.execute(f"load {_literal(_scanner())}")
        connection.execute("set timezone = 'UTC'")
        connection.execute(f"set pg_connection_limit = {self._order.threads + 2}")
        connection.execute(f"attach {_literal(self._conninfo)} as source (type postgres, read_only)")
        connection.execute("begin transaction")
        return connection

    def _read_stream(
        self, snapshot: duckdb.DuckDBPyConnection, stream: Stream, schema: str, columns: list[Column]
    ) -> None:
        state = stream.state or {}
        if not stream.incremental and state.get("completed_by_job") == self._order.job_id:
            self._outbox.log(f"{stream.name}: an earlier attempt of this job has stored it")
            return
        started = time.monotonic()
        file = Path(self._order.scratch) / f"{stream.name}.parquet"
        since = self._since(snapshot, stream, schema, state)
        rows = self._copy(snapshot, stream, schema, columns, since, file)
        new_state = state if stream.incremental else {"completed_by_job": self._order.job_id}
        if stream.incremental and rows:
            new_state = self._boundary(snapshot, stream, schema, file) or state
        keys, size = [], 0
        if rows:
            key, size = self._landing.store(stream.name, file)
            keys = [key]
        else:
            file.unlink(missing_ok=True)
        self._outbox.state(stream.name, new_state, rows, size, keys)
        seconds = time.monotonic() - started
        self._outbox.log(f"{stream.name}: {rows} rows{since or ''}, {size} bytes, {seconds:.2f} s")

    def _since(
        self, snapshot: duckdb.DuckDBPyConnection, stream: Stream, schema: str, state: Mapping[str, Any]
    ) -> str | None:
        """The condition that selects what the last sync has not seen; None for everything."""
        if not stream.incremental or not stream.cursor_field:
            return None
        if state.get("cursor") is None or state.get("cursor_field") != [stream.cursor_field]:
            return None
        ties = self._ties(snapshot, stream, schema, state["cursor"])
        operator = ">" if ties == state.get("cursor_ties") else ">="
        return f" where {_name(stream.cursor_field)} {operator} {_literal(state['cursor'])}"

    def _copy(
        self,
        snapshot: duckdb.DuckDBPyConnection,
        stream: Stream,
        schema: str,
        columns: list[Column],
        since: str | None,
        file: Path,
    ) -> int:
        selected = [
            _name(column.name)
            if column.type in _NATIVE
            else f"cast({_name(column.name)} as varchar) as {_name(column.name)}"
            for column in columns
        ]
        moment = self._landing.started.isoformat()
        query = f"""
            copy (
                select
                    cast(uuid() as varchar) as _airbyte_raw_id,
                    timestamptz {_literal(moment)} as _airbyte_extracted_at,
                    cast({self._order.generation_id} as bigint) as _airbyte_generation_id,
                    cast({{'sync_id': {self._order.job_id}, 'changes': []}} as {_META_TYPE}) as _airbyte_meta,
                    {", ".join(selected)}
                from source.{_name(schema)}.{_name(stream.name)}{since or ""}
            ) to {_literal(str(file))} (format parquet, compression {_literal(self._codec())})
        """
        row = snapshot.execute(query).fetchone()
        return int(row[0]) if row else 0

    def _boundary(
        self, snapshot: duckdb.DuckDBPyConnection, stream: Stream, schema: str, file: Path
    ) -> dict[str, Any] | None:
        """The state after the file: its greatest cursor value, and what stands there. None: all cursors are
        null.
        """
        field = str(stream.cursor_field)
        query = f"select cast(max({_name(field)}) as varchar) from read_parquet({_literal(str(file))})"
        row = snapshot.execute(query).fetchone()
        if row is None or row[0] is None:
            return None
        return {
            "cursor_field": [field],
            "cursor": row[0],
            "cursor_ties": self._ties(snapshot, stream, schema, row[0]),
        }

    def _ties(self, snapshot: duckdb.DuckDBPyConnection, stream: Stream, schema: str, cursor: str) -> str:
        """Count and digest of the rows whose cursor has exactly this value, as the snapshot sees them."""
        query = sql.SQL(
            "select count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) as ties"
            " from {} as t where {} = {}"
        ).format(
            sql.Identifier(schema, stream.name), sql.Identifier(str(stream.cursor_field)), sql.Literal(cursor)
        )
        row = snapshot.execute(
            f"select ties from postgres_query('source', {_literal(query.as_string(None))})"
        ).fetchone()
        return str(row[0]) if row else ""

    def _codec(self) -> str:
        codec = compression_of(self._order.destination)
        return "uncompressed" if codec == "none" else codec


def _scanner() -> str:
    """postgres_scanner as the wheel brought it: loaded from there, nothing is downloaded or installed."""
    spec = importlib.util.find_spec("duckdb_extension_postgres_scanner")
    if spec is None or spec.origin is None:
        raise WorkerError("The package duckdb-extension-postgres-scanner is not installed", "system_error")
    version = f"v{duckdb.__version__}"
    return str(Path(spec.origin).parent / "extensions" / version / "postgres_scanner.duckdb_extension")


def _source_error(source: Mapping[str, Any], error: Exception) -> WorkerError:
    words = " ".join(str(error).split())
    hopeless = any(phrase in words for phrase in _HOPELESS)
    address = f"{source['host']}:{source.get('port', 5432)}/{source['database']}"
    return WorkerError(
        f"PostgreSQL {address}: {words}", "config_error" if hopeless else "transient_error", "source"
    )


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
