"""The same query straight in DuckDB, through Flight and through REST."""

from __future__ import annotations

from collections.abc import Iterator

from bench.pairs import Times, take_turns
from bench.report import Table, count, milliseconds, verdict
from packages.dremio_engine.bench.engine import Sides, engine_with_orders

LARGE_SECONDS = 0.1
LARGEST_RATIO = 1.2
MOST_ADDED_SECONDS = 0.010
SECONDS_PER_QUERY = 6.0

QUERIES = {
    "no table": "select 1 as n",
    "point lookup": "select * from {orders} where order_id = 777777",
    "filter scan": "select count(*) as n, sum(amount) as total from {orders}"
    " where country = 'DE' and quantity >= 5 and status <> 'cancelled'",
    "group by": "select country, status, count(*) as n, sum(amount) as total, max(ordered_at) as newest"
    " from {orders} group by country, status",
    "join": "select c.segment, c.country, count(*) as n, sum(o.amount) as total"
    " from {orders} as o join {customers} as c on o.customer_id = c.customer_id"
    " group by c.segment, c.country",
    "window": "select count(*) as n, sum(amount) as total from (select amount, row_number() over"
    " (partition by customer_id order by ordered_at desc, order_id) as recency from {orders}) as o"
    " where recency = 1",
    "top-n": "select order_id, amount, country from {orders} order by amount desc, order_id limit 100",
    "fetch every row": "select * from {orders}",
}
PAGED = frozenset({"fetch every row"})
"""REST gives 500 rows a page and is not made for these."""


def run(sizes: list[int]) -> Iterator[Table]:
    """For each size one table: a line per query."""
    for rows in sizes:
        yield from _at(rows)


def _at(rows: int) -> list[Table]:
    table = Table(
        f"Queries on {count(rows)} orders",
        ("query", "DuckDB", "Flight", "Flight : DuckDB", "REST", "REST : DuckDB", "Flight's target", ""),
    )
    with engine_with_orders(rows) as sides:
        for name, sql in QUERIES.items():
            sides.check_same(sql)
            _add(table, name, _measure(sides, name, sql))
    table.notes.append(
        "Medians; ratios are of medians / of minima. Both sides give an Arrow table to Python."
    )
    return [table]


def _measure(sides: Sides, name: str, sql: str) -> dict[str, Times]:
    ways = {
        "DuckDB": lambda: sides.straight(sql),
        "Flight": lambda: sides.by_flight(sql),
        "REST": lambda: sides.by_rest(sql),
    }
    if name in PAGED:
        del ways["REST"]
    return take_turns(ways, SECONDS_PER_QUERY)


def _add(table: Table, name: str, times: dict[str, Times]) -> None:
    straight, by_flight, by_rest = times["DuckDB"], times["Flight"], times.get("REST")
    ratio = by_flight.over(straight)
    if straight.median > LARGE_SECONDS:
        target = f"ratio <= {LARGEST_RATIO}"
        reached = min(ratio.of_medians, ratio.of_minima) <= LARGEST_RATIO
    else:
        target = f"<= {MOST_ADDED_SECONDS * 1000:.0f} ms more"
        added = min(by_flight.median - straight.median, by_flight.least - straight.least)
        reached = added <= MOST_ADDED_SECONDS
    table.add(
        name, milliseconds(straight.median), milliseconds(by_flight.median), ratio,
        milliseconds(by_rest.median) if by_rest else "-", by_rest.over(straight) if by_rest else "-",
        target, verdict(reached),
    )  # fmt: skip
