"""Change data capture: changes per second from PostgreSQL's log to landing, and the lag of a single one."""

from __future__ import annotations

import statistics
import time
from typing import Any

import psycopg

from bench.report import Table, count
from testing.ingestion_stack import AirbyteServer

NAME = "bench_capture"
CHANGES = 300_000
"""A third each: rows inserted, then changed, then deleted."""
LAG_ROUNDS = 3
WAIT_SECONDS = 600.0


def measure(airbyte: AirbyteServer, conninfo: str) -> Table:
    """One table; the source's schema, publication and slot go with the platform."""
    with psycopg.connect(conninfo, autocommit=True) as shop:
        shop.execute(f"create schema {NAME}")
        shop.execute(f"create table {NAME}.visits (id bigint primary key, page text, moment timestamp)")
        shop.execute(f"create publication {NAME} for table {NAME}.visits")
        _, connection = airbyte.connect(
            _source(airbyte.environ), "bench/capture", [("visits", "incremental_append")]
        )
        _sync(airbyte, connection)
        each = CHANGES // 3
        shop.execute(
            f"insert into {NAME}.visits select i, 'page ' || i % 100, now()"
            f" from generate_series(1, {each}) as t(i)"
        )
        shop.execute(f"update {NAME}.visits set page = page || '!'")
        shop.execute(f"delete from {NAME}.visits")
        began = time.perf_counter()
        landed = int(_sync(airbyte, connection)["rowsSynced"])
        seconds = time.perf_counter() - began
        if landed < CHANGES:
            raise RuntimeError(f"{landed} of {CHANGES} changes have landed")
        lags = []
        for number in range(LAG_ROUNDS):
            shop.execute(f"insert into {NAME}.visits values ({number}, 'one', now())")
            committed = time.perf_counter()
            _sync(airbyte, connection)
            lags.append(time.perf_counter() - committed)
    table = Table("Change data capture to landing", ("what", "time", "changes/s"))
    table.add(f"sync of {count(landed)} changes", f"{seconds:.2f} s", f"{landed / seconds:,.0f}")
    table.add("from one commit to its row in landing", f"{statistics.median(lags):.2f} s", "")
    table.notes.append(
        "The lag is that of a sync requested at the commit: the cadence of syncs comes on top."
    )
    return table


def _source(environ: dict[str, str]) -> dict[str, Any]:
    return {
        "sourceType": "postgres",
        "host": environ["SHOP_PG_HOST"],
        "port": int(environ["SHOP_PG_PORT"]),
        "database": environ["SHOP_PG_DATABASE"],
        "username": environ["SHOP_PG_USER"],
        "password": environ["SHOP_PG_PASSWORD"],
        "schemas": [NAME],
        "replication_method": {
            "method": "CDC",
            "plugin": "pgoutput",
            "publication": NAME,
            "replication_slot": NAME,
            "initial_waiting_seconds": 20,
        },
    }


def _sync(airbyte: AirbyteServer, connection: str) -> dict[str, Any]:
    job = airbyte.call("POST", "/jobs", {"connectionId": connection, "jobType": "sync"})
    ended = airbyte.wait(job["jobId"], seconds=WAIT_SECONDS)
    if ended["status"] != "succeeded":
        raise RuntimeError(f"the sync ended as {ended['status']}: {ended}")
    return ended
