"""From the shop's PostgreSQL to landing, and from its REST API to landing."""

from __future__ import annotations

import time
from collections.abc import Iterator

from airbyte_engine.worker.postgres.snapshot import META_TYPE
from bench.pairs import Times, take_turns
from bench.report import Table, count, verdict
from packages.airbyte_engine.bench import capture
from packages.airbyte_engine.bench.shop import REST_RECORDS, Shop, filled_shop

LANDING_RATIO = 1.3
ROWS_PER_SECOND = 500_000
"""Ten times what SPEC.md promises at least of Airbyte."""
LANDING = "bronze/landing"
PAIRS_SECONDS = 300.0
"""After so long no further round of a table begins."""
SETTLE_SECONDS = 2.0

AIRBYTE_COLUMNS = f"""
    'ab5c9a4e-26f4-8d1c-9a6b-' || cast(nextval('raw_ids') as varchar) as _airbyte_raw_id,
    now() as _airbyte_extracted_at, cast(0 as bigint) as _airbyte_generation_id,
    cast({{'sync_id': 1, 'changes': []}} as {META_TYPE}) as _airbyte_meta,
"""


def run(sizes: list[int]) -> Iterator[Table]:
    """For each size landing; once, for they do not grow with it, REST and captured changes."""
    for rows in sizes:
        with filled_shop(rows) as shop:
            yield landing(shop, rows)
            if rows == sizes[0]:
                yield from independent_of_size(shop)


def independent_of_size(shop: Shop) -> Iterator[Table]:
    """REST and captured changes."""
    yield rest(shop)
    yield capture.measure(shop.airbyte, shop.conninfo)


def _settle() -> None:
    """Let the server put the last sync's log away and start its next worker: no time of who comes next."""
    time.sleep(SETTLE_SECONDS)


def landing(shop: Shop, rows: int) -> Table:
    """A sync beside DuckDB's copy; one file of the orders is left in landing."""
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
        "Airbyte sync, from request to success", seconds_of(synced), f"{speed:,.0f}", "",
        f">= {ROWS_PER_SECOND:,} rows/s", verdict(speed >= ROWS_PER_SECOND),
    )  # fmt: skip
    ratio = synced.over(times["bare"])
    reached = min(ratio.of_medians, ratio.of_minima) <= LANDING_RATIO
    table.add(
        "DuckDB's bare copy", seconds_of(times["bare"]), f"{rows / times['bare'].median:,.0f}", ratio,
        f"<= {LANDING_RATIO}", verdict(reached),
    )  # fmt: skip
    with_added = times["with added"]
    table.add(
        "the same with Airbyte's four columns, as the sync writes them", seconds_of(with_added),
        f"{rows / with_added.median:,.0f}", synced.over(with_added), "", "",
    )  # fmt: skip
    return table


def rest(shop: Shop) -> Table:
    """A sync of the shop's API; empties landing."""
    shop.delete(shop.keys(LANDING))
    connection = shop.airbyte.add_connection("shop_api_to_lake", LANDING)
    ways = {"sync": lambda: shop.sync(connection)}
    times = take_turns(ways, seconds=0, rounds=1, warm=0, before=_settle)
    speed = REST_RECORDS / times["sync"].least
    table = Table(f"REST API to landing, {count(REST_RECORDS)} records", ("what", "time", "records/s"))
    table.add("Airbyte sync, from request to success", seconds_of(times["sync"]), f"{speed:,.0f}")
    return table


def seconds_of(times: Times) -> str:
    """The median."""
    return f"{times.median:.2f} s"
