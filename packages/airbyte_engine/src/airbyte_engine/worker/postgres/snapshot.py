"""Tables to Parquet as one moment sees them. DuckDB's postgres_scanner reads, with several connections that
share one PostgreSQL snapshot.

The scanner is fast and has three edges, which are rounded here. It reads a numeric without a precision as a
double: tables with such columns, or with types that it shows in a form of its own, are read by a query that
lets PostgreSQL write them as text. It reads a decimal NaN, which Parquet cannot hold, as zero: where zeros
arrive PostgreSQL is asked for NaNs. And it makes some other time of one that Parquet cannot hold (times.py).
Tables with such values are read by such a query, in which they are null, and `_airbyte_meta` says so.
"""

from __future__ import annotations

import importlib.util
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from airbyte_engine.worker.column_names import landed_name
from airbyte_engine.worker.landing import Landing, compression_of
from airbyte_engine.worker.postgres import encoding
from airbyte_engine.worker.postgres.address import literal, quoted
from airbyte_engine.worker.postgres.columns import BPCHAR, BYTEA, MONEY, OID, Column, Table
from airbyte_engine.worker.postgres.text_values import add_functions, typed
from airbyte_engine.worker.postgres.times import fits, is_time, scanned_wrong
from airbyte_engine.worker.protocol import Order, WorkerError

META_TYPE = "struct(sync_id bigint, changes struct(field varchar, change varchar, reason varchar)[])"
NULLED = "'NULLED'"
DESTINATION_REASON = "'DESTINATION_SERIALIZATION_ERROR'"

_PAGES_OF_A_TASK = 1000
"""The scanner's own setting, `pg_pages_per_task`."""
_FIRST_ID = 10**11
_LAST_ID = 10**12 - 1
"""Numbers of twelve decimal digits, as long as a UUID's last field."""


_ABANDONED: list[duckdb.DuckDBPyConnection] = []
"""Connections of snapshots that ended with an error. Closing one whose PostgreSQL session is gone rolls back
there, which fails in a destructor and takes the process along before it has said why (its
postgres_scanner, 1.5.2). They are kept until the worker has said what happened, and go with its process.
"""
_prepared: list[duckdb.DuckDBPyConnection] = []


def prepare_duckdb() -> None:
    """Have the next `open_duckdb` ready, with the scanner: to load it, DuckDB verifies its signature."""
    connection = _new_duckdb()
    connection.execute(f"load {literal(_scanner())}")
    _prepared.append(connection)


def open_duckdb(order: Order) -> duckdb.DuckDBPyConnection:
    """A DuckDB that nothing else uses, within the order's limits."""
    connection = _prepared.pop() if _prepared else _new_duckdb()
    connection.execute(f"set threads = {order.threads}")
    connection.execute(f"set memory_limit = '{order.memory_mb}MB'")
    connection.execute(f"set temp_directory = {literal(order.scratch)}")
    return connection


def _new_duckdb() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(
        config={"preserve_insertion_order": False, "autoinstall_known_extensions": False}
    )
    connection.execute("set timezone = 'UTC'")
    add_functions(connection)
    return connection


class Snapshot:
    """One repeatable-read transaction of the source, from the first use to `close`."""

    def __init__(self, order: Order, landing: Landing, conninfo: str) -> None:
        self._order = order
        self._landing = landing
        self._conninfo = conninfo
        self.duckdb = open_duckdb(order)
        self.duckdb.execute(f"load {literal(_scanner())}")
        self.duckdb.execute(f"set pg_connection_limit = {order.threads + 2}")
        self.duckdb.execute(f"attach {literal(conninfo)} as source (type postgres, read_only)")
        self.duckdb.execute(f"create temp sequence raw_ids start {_FIRST_ID} maxvalue {_LAST_ID}")
        self.duckdb.execute("set threads = 1")
        self._raw_id = f"{literal(_random_fields())} || cast(nextval('raw_ids') as varchar)"
        self.duckdb.execute("begin transaction")

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.duckdb.close()
        else:
            _ABANDONED.append(self.duckdb)

    def ask(self, query: str) -> tuple[str, ...]:
        """The first row of a query that PostgreSQL runs in this snapshot; its columns must be text."""
        row = self.duckdb.execute(f"select * from postgres_query('source', {literal(query)})").fetchone()
        return tuple(row) if row else ()

    def copy(
        self,
        stream: str,
        table: Table,
        since: str,
        file: Path,
        added: str = "",
        by_postgres: bool = False,
    ) -> int:
        """Write the table's rows to a file of the stream and return how many there are.

        Args:
            stream: whose file it is.
            table: what is read.
            since: a where clause, or empty.
            file: what is written.
            added: further columns, in DuckDB's SQL.
            by_postgres: PostgreSQL runs the where clause, which DuckDB would understand otherwise.
        """
        scanned = not (by_postgres or table.ambiguous)
        if scanned and all(column.scannable for column in table.columns):
            with self._readers(table):
                rows = self._copy(stream, self._scan(table, since), table, [], file, added)
            zeros = self._found(
                file, rows, {name: f"{quoted(landed_name(name))} = 0" for name in _decimals(table)}
            )
            if not self._found(file, rows, _wrong_times(table)) and not any(
                self._has_nan(table, name, since) for name in zeros
            ):
                return rows
        nulled = [
            column.name
            for column in table.columns
            if column.is_decimal or is_time(column) or column.is_parsed
        ]
        return self._copy(stream, self._query(table, since), table, nulled, file, added)

    @contextmanager
    def _readers(self, table: Table) -> Iterator[None]:
        """As many threads as the scanner has tasks for, and one again after it.

        Of a partitioned table that is analyzed, the statistics have minus one page. The scanner would take it
        for four billion pages and ask for every thousand of them; its rows are asked for at once.

        With a thread to spare DuckDB may give the only task to another one, and then its caller does not
        wait but spins: it takes a processor from PostgreSQL, and a hang looks like work (see stall.py).
        """
        tasks = table.pages // _PAGES_OF_A_TASK
        self.duckdb.execute(f"set pg_use_ctid_scan = {table.pages >= 0}")
        self.duckdb.execute(f"set threads = {max(1, min(tasks, self._order.threads))}")
        yield
        # Not after an error: the transaction is aborted then, and this would fail and hide why.
        self.duckdb.execute("set threads = 1")

    def _scan(self, table: Table, since: str) -> str:
        selected = ", ".join(map(_scanned, table.columns))
        return f"select {selected} from source.{quoted(table.schema)}.{quoted(table.name)}{since}"

    def _query(self, table: Table, since: str) -> str:
        selected = ", ".join(map(_written_by_postgres, table.columns))
        query = f"select {selected} from {quoted(table.schema)}.{quoted(table.name)}{since}"
        read = f"postgres_query('source', {literal(query)})"
        parsed = {
            column.name: typed(column, quoted(column.name)) for column in table.columns if column.is_parsed
        }
        if not parsed:
            return f"select * from {read}"
        values = ", ".join(f"{value} as {quoted(name)}" for name, value in parsed.items())
        misfits = ", ".join(
            f"{quoted(name)} is not null and ({value}) is null as {quoted(_misfit(name))}"
            for name, value in parsed.items()
        )
        return f"select * replace ({values}), {misfits} from {read}"

    def _copy(self, stream: str, rows: str, table: Table, nulled: list[str], file: Path, added: str) -> int:
        moment = self._landing.started.isoformat()
        names = ", ".join(
            f"{quoted(column.name)} as {quoted(landed_name(column.name))}" for column in table.columns
        )
        changes = ", ".join(
            f"case when {quoted(_misfit(name))} then {{'field': {literal(name)}, 'change': {NULLED},"
            f" 'reason': {DESTINATION_REASON}}} end"
            for name in nulled
        )
        listed = f"list_filter([{changes}], change -> change is not null)" if changes else "[]"
        codec = compression_of(self._order.destination)
        query = f"""
            copy (
                select
                    {self._raw_id} as _airbyte_raw_id,
                    timestamptz {literal(moment)} as _airbyte_extracted_at,
                    cast({self._order.generation_id} as bigint) as _airbyte_generation_id,
                    cast({{'sync_id': {self._order.job_id}, 'changes': {listed}}} as {META_TYPE})
                        as _airbyte_meta,
                    {names}{added}
                from ({rows})
            ) to {literal(str(file))}
            (format parquet, compression {literal("uncompressed" if codec == "none" else codec)})
        """
        self._landing.follow(stream, file)
        try:
            row = self.duckdb.execute(query).fetchone()
        except duckdb.Error as error:
            if encoding.REFUSED in str(error):
                raise encoding.error_about(self._conninfo, table) from error
            raise
        return int(row[0]) if row else 0

    def _found(self, file: Path, rows: int, conditions: dict[str, str]) -> list[str]:
        """The columns for which the condition, in DuckDB's SQL, holds in a row of the file."""
        if not conditions or not rows:
            return []
        # Each its own question: the statistics of the row groups answer most of them, and no row is read.
        written = f"read_parquet({literal(str(file))})"
        asked = ", ".join(
            f"exists (select 1 from {written} where {condition})" for condition in conditions.values()
        )
        row = self.duckdb.execute(f"select {asked}").fetchone()
        return [name for name, found in zip(conditions, row or (), strict=True) if found]

    def _has_nan(self, table: Table, column: str, since: str) -> bool:
        condition = f"{since} and " if since else " where "
        query = (
            f"select exists (select 1 from {quoted(table.schema)}.{quoted(table.name)}"
            f"{condition}{quoted(column)} = 'NaN')::text"
        )
        return self.ask(query) == ("true",)


def _random_fields() -> str:
    """All of a UUID but its last field, for the rows of one snapshot, which are counted there.

    UUIDs that are random throughout cannot be compressed and are half of the landing file; these (of version
    8, whose bits are free to use) are as unique, by 74 random bits.
    """
    text = str(uuid.uuid4())
    return f"{text[:14]}8{text[15:24]}"


def _decimals(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.is_decimal]


def _wrong_times(table: Table) -> dict[str, str]:
    times = [column for column in table.columns if is_time(column)]
    return {column.name: scanned_wrong(column, quoted(landed_name(column.name))) for column in times}


def _misfit(name: str) -> str:
    """The column of the query that says whether a value had to be left out."""
    return f"misfit {name}"


def _scanned(column: Column) -> str:
    name = quoted(column.name)
    if column.type_id == BYTEA:
        return f"'\\x' || lower(hex({name})) as {name}"
    return f"cast({name} as varchar) as {name}" if column.lands_as == "varchar" else name


def _written_by_postgres(column: Column) -> str:
    name, misfit = quoted(column.name), quoted(_misfit(column.name))
    if column.is_decimal:
        # Without the cast the result has lost its precision and arrives as a double.
        target = column.lands_as.replace("decimal", "numeric")
        if column.type_id == MONEY:
            return f"{name}::numeric::{target} as {name}, false as {misfit}"
        return f"nullif({name}, 'NaN')::{target} as {name}, {name} = 'NaN' as {misfit}"
    if is_time(column):
        return (
            f"case when {fits(column, name)} then {name} end as {name}, not {fits(column, name)} as {misfit}"
        )
    if column.type_id == BPCHAR:
        return f"{name}::text as {name}"
    if column.type_id == OID:
        return f"{name}::bigint as {name}"
    if column.lands_as == "varchar" or column.is_parsed:
        # As the log has it: a cast to text adds a mask to an inet. A row of NULLs "is null" and is a value.
        return f"case when {name} is distinct from null then format('%s', {name}) end as {name}"
    return name


def _scanner() -> str:
    """postgres_scanner as the wheel brought it: loaded from there, nothing is downloaded or installed."""
    spec = importlib.util.find_spec("duckdb_extension_postgres_scanner")
    if spec is None or spec.origin is None:
        raise WorkerError("The package duckdb-extension-postgres-scanner is not installed", "system_error")
    version = f"v{duckdb.__version__}"
    return str(Path(spec.origin).parent / "extensions" / version / "postgres_scanner.duckdb_extension")
