"""A platform with PostgreSQL, object store and shop, an Airbyte server on it, and many orders to read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb
import psycopg
from duckdb_extensions import extension_importer
from psycopg.conninfo import make_conninfo

from bench import bucket
from testing.embedded_platform import EmbeddedPlatform
from testing.ingestion_stack import AirbyteServer
from testing.repository import ROOT

REST_RECORDS = 100_000
SYNC_SECONDS = 900.0

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
def filled_shop(rows: int) -> Iterator[Shop]:
    """A platform whose shop has that many orders."""
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
