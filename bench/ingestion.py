"""From the shop's PostgreSQL to landing, from landing to bronze, and from the shop's REST API to landing."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg
from duckdb_extensions import extension_importer
from psycopg.conninfo import make_conninfo

from airbyte_engine.worker.postgres.snapshot import META_TYPE
from bench import bucket, capture
from bench.pairs import Times, take_turns
from bench.report import Table, count, verdict
from testing.embedded_platform import EmbeddedPlatform
from testing.ingestion_stack import AirbyteServer
from testing.repository import ROOT

LANDING_RATIO = 1.3
BRONZE_RATIO = 1.5
ROWS_PER_SECOND = 500_000
"""Ten times what SPEC.md promises at least of Airbyte."""
PEAK_BYTES = 1_500_000_000
REST_RECORDS = 100_000
LANDING = "bronze/landing"
AIRFLOW_PYTHON = ROOT / ".local" / "envs" / "airflow" / "bin" / "python"
WORKER = Path(__file__).with_name("bronze_worker.py")
SYNC_SECONDS = 900.0
PAIRS_SECONDS = 300.0
"""After so long no further round of a table begins."""
SETTLE_SECONDS = 2.0

AIRBYTE_COLUMNS = f"""
    'ab5c9a4e-26f4-8d1c-9a6b-' || cast(nextval('raw_ids') as varchar) as _airbyte_raw_id,
    now() as _airbyte_extracted_at, cast(0 as bigint) as _airbyte_generation_id,
    cast({{'sync_id': 1, 'changes': []}} as {META_TYPE}) as _airbyte_meta,
"""

SHOP_ROWS = """
    insert into orders
    select
        i, 1 + hashint8(i) %% ({rows} / 10) + {rows} / 10, 1 + abs(hashint8(i + 7) %% 1000),
        date '2024-01-01' + cast(i::bigint * 600 / {rows} as integer), 1 + abs(hashint8(i + 3) %% 9),
        cast(abs(hashint8(i + 4) %% 100000) as numeric(12, 2)) / 100 + 1,
        cast(abs(hashint8(i + 5) %% 1000000) as numeric(12, 2)) / 100 + 1,
        (array['pending', 'completed', 'cancelled', 'refunded'])[1 + abs(hashint8(i + 1) %% 4)],
        timestamp '2024-01-01' + make_interval(secs => i * 50000000.0 / {rows}),
        timestamp '2024-01-02' + make_interval(secs => i * 50000000.0 / {rows}), null
    from generate_series(1, {rows}) as t(i)
"""
SHOP_SHIPMENTS = """
    insert into shipments
    select i, i, 'Post', 'delivered', timestamp '2024-11-01' + make_interval(secs => i),
        timestamp '2024-11-02' + make_interval(secs => i), timestamp '2024-11-02' + make_interval(secs => i)
    from generate_series(1, {rows}) as t(i)
"""


def run(sizes: list[int]) -> Iterator[Table]:
    """For each size landing and bronze; once, for they do not grow with it, REST and captured changes."""
    for rows in sizes:
        with _shop(rows) as shop:
            yield _landing(shop, rows)
            yield _bronze(shop, rows)
            if rows == sizes[0]:
                yield _rest(shop)
                yield capture.measure(shop.airbyte, shop.conninfo)


@dataclass
class Shop:
    """A platform with PostgreSQL, object store, shop and Airbyte."""

    platform: EmbeddedPlatform
    airbyte: AirbyteServer
    duckdb: duckdb.DuckDBPyConnection
    objects: Any
    conninfo: str

    @property
    def bucket(self) -> str:
        return self.platform.wire["LAKE_S3_BUCKET"]

    def keys(self, prefix: str) -> list[str]:
        """The objects under a prefix."""
        found = self.objects.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in found]

    def delete(self, keys: list[str]) -> None:
        """Remove objects, so that the disk holds those of one round only."""
        for key in keys:
            self.objects.delete_object(Bucket=self.bucket, Key=key)

    def sync(self, connection: str) -> dict[str, Any]:
        """From the request to success."""
        job = self.airbyte.call("POST", "/jobs", {"connectionId": connection, "jobType": "sync"})
        ended = self.airbyte.wait(job["jobId"], seconds=SYNC_SECONDS)
        if ended["status"] != "succeeded":
            raise RuntimeError(f"the sync ended as {ended['status']}: {ended}")
        return ended


@contextmanager
def _shop(rows: int) -> Iterator[Shop]:
    platform = EmbeddedPlatform("bench")
    try:
        platform.up("object_store", "shop")
        wire = platform.wire
        place = {key: wire[f"SHOP_PG_{key.upper()}"] for key in ("host", "port", "user", "password")}
        conninfo = make_conninfo("", dbname=wire["SHOP_PG_DATABASE"], **place)
        _fill(conninfo, rows)
        server = AirbyteServer(platform.environ, platform.folder)
        server.start()
        try:
            with duckdb.connect() as connection:
                _reach(connection, wire, conninfo)
                yield Shop(platform, server, connection, bucket.client(wire), conninfo)
        finally:
            server.terminate()
    finally:
        platform.down()


def _fill(conninfo: str, rows: int) -> None:
    sources = ROOT / "embedded" / "shop"
    with psycopg.connect(conninfo) as connection:
        connection.execute((sources / "tables.sql").read_text(encoding="utf-8"))
        connection.execute("alter table orders set unlogged")
        connection.execute(SHOP_ROWS.replace("%%", "%").format(rows=rows))
        connection.execute(SHOP_SHIPMENTS.format(rows=REST_RECORDS))
        connection.execute((sources / "keys.sql").read_text(encoding="utf-8"))
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("vacuum analyze orders")


def _reach(connection: duckdb.DuckDBPyConnection, wire: dict[str, str], conninfo: str) -> None:
    bucket.reach(connection, wire)
    extension_importer.import_extension("postgres_scanner")
    connection.execute("load postgres_scanner")
    connection.execute("set preserve_insertion_order=false")
    connection.execute("create temp sequence raw_ids start 100000000000")
    connection.execute(f"attach '{conninfo}' as shop (type postgres, read_only)")


def _settle() -> None:
    """Let the server put the last sync's log away and start its next worker: no time of who comes next."""
    time.sleep(SETTLE_SECONDS)


def _landing(shop: Shop, rows: int) -> Table:
    bare = f"s3://{shop.bucket}/bench/orders.parquet"
    orders = "select {} * from shop.public.orders"
    to = f"to '{bare}' (format parquet, compression snappy)"

    # The first sync of a connection reads every row; so each round has a new one.
    rounds = 5 if rows <= 1_000_000 else 3
    connections = [shop.airbyte.add_connection("shop_postgres_to_lake", LANDING) for _ in range(rounds)]
    times = take_turns(
        {
            "sync": lambda: shop.sync(connections.pop()),
            "bare": lambda: shop.duckdb.execute(f"copy ({orders.format('')}) {to}"),
            "with added": lambda: shop.duckdb.execute(f"copy ({orders.format(AIRBYTE_COLUMNS)}) {to}"),
        },
        seconds=PAIRS_SECONDS,
        rounds=rounds,
        warm=0,
        before=_settle,
    )
    newest = max(key for key in shop.keys(LANDING) if "/orders/" in key)
    shop.delete([key for key in (*shop.keys(LANDING), *shop.keys("bench/")) if key != newest])
    table = Table(
        f"PostgreSQL to landing, {count(rows)} orders",
        ("what", "time", "rows/s", "sync : this", "target", ""),
    )
    synced = times["sync"]
    speed = rows / synced.median
    table.add(
        "Airbyte sync, from request to success", _seconds(synced), f"{speed:,.0f}", "",
        f">= {ROWS_PER_SECOND:,} rows/s", verdict(speed >= ROWS_PER_SECOND),
    )  # fmt: skip
    ratio = synced.over(times["bare"])
    reached = min(ratio.of_medians, ratio.of_minima) <= LANDING_RATIO
    table.add(
        "DuckDB's bare copy", _seconds(times["bare"]), f"{rows / times['bare'].median:,.0f}", ratio,
        f"<= {LANDING_RATIO}", verdict(reached),
    )  # fmt: skip
    with_added = times["with added"]
    table.add(
        "the same with Airbyte's four columns, as the sync writes them", _seconds(with_added),
        f"{rows / with_added.median:,.0f}", synced.over(with_added), "", "",
    )  # fmt: skip
    return table


def _bronze(shop: Shop, rows: int) -> Table:
    (key,) = [key for key in shop.keys(LANDING) if "/orders/" in key]
    found: dict[str, list[dict[str, float]]] = {"load": [], "rewrite": []}
    for number in range(3 if rows <= 1_000_000 else 2):
        for what in ("load", "rewrite") if number % 2 else ("rewrite", "load"):
            found[what].append(_worker(shop, what, key, rows, number))
    table = Table(
        f"Landing to bronze, {count(rows)} orders",
        ("what", "time", "processor time", "peak memory", "load : this", "target", ""),
    )
    times = {what: Times(tuple(each["seconds"] for each in runs)) for what, runs in found.items()}
    peak = {what: max(each["peak_bytes"] for each in runs) for what, runs in found.items()}
    busy = {what: min(each["cpu_seconds"] for each in runs) for what, runs in found.items()}
    table.add(
        "load: contract, deduplication, account, PUT", _seconds(times["load"]), f"{busy['load']:.2f} s",
        f"{peak['load'] / 1e6:,.0f} MB", "", f"< {PEAK_BYTES / 1e6:,.0f} MB",
        verdict(peak["load"] < PEAK_BYTES),
    )  # fmt: skip
    ratio = times["load"].over(times["rewrite"])
    table.add(
        "bare pyarrow rewrite: get, read, write, put", _seconds(times["rewrite"]),
        f"{busy['rewrite']:.2f} s", f"{peak['rewrite'] / 1e6:,.0f} MB", ratio, f"<= {BRONZE_RATIO}",
        verdict(min(ratio.of_medians, ratio.of_minima) <= BRONZE_RATIO),
    )  # fmt: skip
    return table


def _worker(shop: Shop, what: str, key: str, rows: int, number: int) -> dict[str, float]:
    environ = shop.platform.environ | {
        "PYTHONPATH": f"{ROOT / 'plugins'}:{ROOT}",
        "AIRFLOW_HOME": str(shop.platform.folder / "airflow"),
    }
    command = [str(AIRFLOW_PYTHON), str(WORKER), what, key, str(rows), str(number)]
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    measured: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _rest(shop: Shop) -> Table:
    shop.delete(shop.keys(LANDING))
    connection = shop.airbyte.add_connection("shop_api_to_lake", LANDING)
    ways = {"sync": lambda: shop.sync(connection)}
    times = take_turns(ways, seconds=0, rounds=1, warm=0, before=_settle)
    speed = REST_RECORDS / times["sync"].least
    table = Table(f"REST API to landing, {count(REST_RECORDS)} records", ("what", "time", "records/s"))
    table.add("Airbyte sync, from request to success", _seconds(times["sync"]), f"{speed:,.0f}")
    return table


def _seconds(times: Times) -> str:
    return f"{times.median:.2f} s"
