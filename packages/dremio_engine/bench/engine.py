"""The engine in a process and folder of its own, with tables in it, and DuckDB straight on the same files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from duckdb_extensions import extension_importer
from pyarrow import flight

from testing.engine_on_the_wire import Client, EngineProcess

SOURCE = "shop"
MEMORY = "3GB"
"""The engine's own default, for both sides."""

# hash() scatters the values without any state: the same rows every time, in any order, on any thread.
ORDERS = """
    select
        i as order_id,
        cast(hash(i) % {customers} as bigint) as customer_id,
        cast(hash(i + 7) % 1000 as integer) as product_id,
        date '2023-01-01' + cast(i * 1000 // {rows} as integer) as order_date,
        timestamp '2023-01-01' + to_seconds(cast(i * 86400000 // {rows} as bigint)) as ordered_at,
        ['pending', 'completed', 'cancelled', 'refunded'][1 + cast(hash(i + 1) % 4 as integer)] as status,
        substr('ATBECHDEESFRITNLPLSE', cast(1 + 2 * (hash(i + 2) % 10) as integer), 2) as country,
        cast(1 + hash(i + 3) % 9 as integer) as quantity,
        cast(cast(hash(i + 4) % 100000 as decimal(12, 2)) / 100 as decimal(12, 2)) as amount
    from range({rows}) as t(i)
"""
CUSTOMERS = """
    select
        i as customer_id,
        'customer ' || i as name,
        ['consumer', 'business', 'public'][1 + cast(hash(i) % 3 as integer)] as segment,
        substr('ATBECHDEESFRITNLPLSE', cast(1 + 2 * (hash(i + 5) % 10) as integer), 2) as country
    from range({customers}) as t(i)
"""


@dataclass
class Sides:
    """The ways to the same tables. SQL names them `{orders}` and `{customers}`."""

    rest: Client
    engine: EngineProcess
    flight_client: flight.FlightClient
    options: flight.FlightCallOptions
    duckdb: duckdb.DuckDBPyConnection

    def straight(self, sql: str) -> pa.Table:
        """DuckDB itself, in this process."""
        return self.duckdb.execute(_named(sql, "lake")).to_arrow_table()

    def by_flight(self, sql: str) -> pa.Table:
        """The engine, by Arrow Flight."""
        info = self.flight_client.get_flight_info(
            flight.FlightDescriptor.for_command(_named(sql)), self.options
        )
        return self.flight_client.do_get(info.endpoints[0].ticket, self.options).read_all()

    def by_rest(self, sql: str) -> list[dict[str, object]]:
        """The engine, by REST: submit, poll, first page of rows."""
        return self.rest.sql(_named(sql))

    def job(self, sql: str) -> dict[str, object]:
        """Run a statement by REST; the job as the Job API shows it."""
        job = self.rest.submit(_named(sql))
        status = self.rest.wait(job, 600)
        if status["jobState"] != "COMPLETED":
            raise RuntimeError(f"{status['errorMessage']}: {sql}")
        return status

    def check_same(self, sql: str) -> None:
        """Raise RuntimeError unless Flight answers as DuckDB does."""
        expected, given = self.straight(sql), self.by_flight(sql)
        if _digest(expected) != _digest(given):
            raise RuntimeError(f"the engine answers otherwise than DuckDB: {sql}")


@contextmanager
def engine_with_orders(rows: int) -> Iterator[Sides]:
    """An engine whose source `shop` holds `orders` and, a tenth of them, `customers`; gone afterwards.

    DuckDB's side has the engine's settings, and a copy of the DuckLake metadata with the same Parquet files:
    the engine holds the metadata file itself open.
    """
    folder = Path(tempfile.mkdtemp(prefix="lakehouse-bench-"))
    try:
        for name in (SOURCE, "raw/orders", "raw/customers"):
            (folder / "nas" / name).mkdir(parents=True)
        _generate(folder / "nas" / "raw", rows)
        engine = EngineProcess(folder)
        engine.start(DREMIO_MEMORY_LIMIT=MEMORY)
        try:
            _load(engine.client(), folder / "nas")
            engine.stop()
            twin = folder / "twin.ducklake"
            shutil.copy(folder / "dremio" / "catalog.ducklake", twin)
            engine.start(DREMIO_MEMORY_LIMIT=MEMORY)
            with _attached(twin, folder) as connection:
                client = flight.connect(engine.flight_url)
                token = client.authenticate_basic_token(engine.user, engine.password)
                yield Sides(
                    engine.client(), engine, client, flight.FlightCallOptions(headers=[token]), connection
                )
                client.close()
        finally:
            engine.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _generate(raw: Path, rows: int) -> None:
    sizes = {"rows": rows, "customers": max(rows // 10, 10)}
    with duckdb.connect() as connection:
        for name, sql in (("orders", ORDERS), ("customers", CUSTOMERS)):
            connection.execute(f"copy ({sql.format(**sizes)}) to '{raw / name / 'part.parquet'}'")


def _load(client: Client, nas: Path) -> None:
    for name in (SOURCE, "raw"):
        body = {"entityType": "source", "name": name, "type": "NAS", "config": {"path": str(nas / name)}}
        client.create(body).raise_for_status()
    for name in ("orders", "customers"):
        client.sql(f"alter pds raw.{name} refresh metadata auto promotion")
        job = client.submit(f"create table {SOURCE}.{name} as select * from raw.{name}")
        status = client.wait(job, 600)
        if status["jobState"] != "COMPLETED":
            raise RuntimeError(status["errorMessage"])


@contextmanager
def _attached(metadata: Path, folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    extension_importer.import_extension("ducklake")
    with duckdb.connect(
        config={"memory_limit": MEMORY, "temp_directory": str(folder / "spill")}
    ) as connection:
        connection.execute("load ducklake")
        connection.execute("set TimeZone='UTC'; set default_null_order='nulls_last'")
        connection.execute("set integer_division=true")
        connection.execute(f"attach 'ducklake:{metadata}' as lake (read_only)")
        yield connection


def _named(sql: str, database: str = "") -> str:
    prefix = f"{database}.{SOURCE}" if database else SOURCE
    return sql.replace("{orders}", f"{prefix}.orders").replace("{customers}", f"{prefix}.customers")


def _digest(table: pa.Table) -> list[str]:
    """What two answers must share, types aside: all of a small one, shape and keys of a large one."""
    if table.num_rows > 1000:
        return [str(table.num_rows), str(pc.sum(table.column(0)).as_py())]
    return sorted(str([_plain(value) for value in row.values()]) for row in table.to_pylist())


def _plain(value: object) -> str:
    """Numbers as far as both sides keep them, dates and times without their type."""
    try:
        return f"{float(str(value)):.6g}"
    except ValueError:
        return str(value).removesuffix(" 00:00:00")
