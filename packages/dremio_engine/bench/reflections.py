"""The specification's four kinds of query with reflections, and on a twin of the table that has none."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.pairs import Times, take_turns
from bench.report import Table, count, milliseconds, verdict
from packages.dremio_engine.bench.engine import SOURCE, Sides, engine_with_orders

SECONDS_PER_QUERY = 5.0
BUILD_SECONDS = 600.0
HORIZON = 100_000_000
MIDDLE = 3_000_000
"""Measured besides the sizes asked for, so that the line through them has three points."""


@dataclass(frozen=True)
class Kind:
    """A kind of query, the speed-up that SPEC.md section 4 claims for it, and a query of it."""

    name: str
    claim: float
    sql: str


KINDS = (
    Kind(
        "simple select", 10,
        "select order_id, order_date, amount from {t} where customer_id = 4711 order by order_id",
    ),
    Kind(
        "aggregate", 50,
        "select country, status, sum(amount) as total, count(*) as n from {t} group by country, status",
    ),
    Kind(
        "complex join", 60,
        "select segment, home, sum(amount) as total, count(*) as n from {v}"
        " where status = 'completed' group by segment, home",
    ),
    Kind(
        "large scan", 60,
        "select order_date, sum(amount) as total, sum(quantity) as pieces, count(*) as n,"
        " max(amount) as most from {t} group by order_date",
    ),
)  # fmt: skip
VIEW = (
    "create view analytics.{name} as select o.order_id, o.order_date, o.status, o.amount, c.segment,"
    f" c.country as home from {SOURCE}.{{base}} as o join {SOURCE}.customers as c"
    " on o.customer_id = c.customer_id"
)


def run(sizes: list[int]) -> Iterator[Table]:
    """A table per size, and one for where the ratios go."""
    found: dict[int, dict[str, tuple[float, float]]] = {}
    measured = sorted({*sizes, MIDDLE}) if len(sizes) > 1 else sizes
    for rows in measured:
        table, found[rows] = _at(rows)
        yield table
    if len(found) > 1:
        yield _tendency(found)


def _at(rows: int) -> tuple[Table, dict[str, tuple[float, float]]]:
    table = Table(
        f"Reflections, {count(rows)} orders",
        ("query", "off", "on", "speed-up", "reflection", "claim", ""),
    )
    least: dict[str, tuple[float, float]] = {}
    with engine_with_orders(rows) as sides:
        built = _prepare(sides)
        for kind in KINDS:
            off, on = _sql(kind, "orders_bare", "joined_bare"), _sql(kind, "orders", "joined")
            _check_equal(sides, kind, off, on)
            chosen, idle = _chosen(sides, on), _chosen(sides, off)
            if idle:
                raise RuntimeError(f"the table without reflections is accelerated: {off}")
            times = take_turns({"off": _by(sides, off), "on": _by(sides, on)}, SECONDS_PER_QUERY)
            least[kind.name] = (times["off"].least, times["on"].least)
            _add(table, kind, times, chosen)
    table.notes.append(f"Through Flight, medians; all four reflections were built in {built:.1f} s.")
    return table, least


def _add(table: Table, kind: Kind, times: dict[str, Times], chosen: bool) -> None:
    ratio = times["off"].over(times["on"])
    table.add(
        kind.name, milliseconds(times["off"].median), milliseconds(times["on"].median), ratio,
        "chosen" if chosen else "not chosen", f"{kind.claim:g}x",
        verdict(chosen and max(ratio.of_medians, ratio.of_minima) >= kind.claim),
    )  # fmt: skip


def _tendency(found: dict[int, dict[str, tuple[float, float]]]) -> Table:
    """Both times grow by a fixed part and a part per row: the line through the minima tells which."""
    sizes = np.array(sorted(found), dtype=float)
    table = Table(
        f"Reflections, extrapolated to {count(HORIZON)} orders",
        ("query", "off", "on", "speed-up", "claim", ""),
        notes=[f"Lines through the minima of {', '.join(count(int(size)) for size in sizes)} rows."],
    )
    for kind in KINDS:
        pairs = np.array([found[int(size)][kind.name] for size in sizes])
        off, on = (_at_horizon(sizes, pairs[:, side]) for side in (0, 1))
        table.add(
            kind.name, milliseconds(off), milliseconds(on), f"{off / on:.0f}x", f"{kind.claim:g}x",
            verdict(off / on >= kind.claim),
        )  # fmt: skip
    return table


def _at_horizon(sizes: Any, seconds: Any) -> float:
    slope, start = np.polyfit(sizes, seconds, 1)
    # Noise can make a flat line fall; nothing gets faster by having more rows.
    return max(float(start + slope * HORIZON), float(seconds.max()))


def _prepare(sides: Sides) -> float:
    sides.job(f"create table {SOURCE}.orders_bare as select * from {SOURCE}.orders")
    sides.rest.create({"entityType": "space", "name": "analytics"}).raise_for_status()
    sides.job(VIEW.format(name="joined", base="orders"))
    sides.job(VIEW.format(name="joined_bare", base="orders_bare"))
    orders, joined = (
        sides.rest.by_path(SOURCE, "orders")["id"],
        sides.rest.by_path("analytics", "joined")["id"],
    )
    began = time.perf_counter()
    reflections = [
        _raw("by_customer", orders, ["order_id", "customer_id", "order_date", "amount"], ["customer_id"]),
        _aggregate("by_country", orders, ["country", "status"], {"amount": ["SUM", "COUNT"]}),
        _aggregate(
            "by_day", orders, ["order_date"],
            {"amount": ["SUM", "COUNT", "MAX"], "quantity": ["SUM", "COUNT"]},
        ),
        _aggregate("by_segment", joined, ["segment", "home", "status"], {"amount": ["SUM", "COUNT"]}),
    ]  # fmt: skip
    for body in reflections:
        _build(sides, body)
    return time.perf_counter() - began


def _raw(name: str, dataset: str, columns: list[str], order: list[str]) -> dict[str, Any]:
    return {
        "type": "RAW", "name": name, "datasetId": dataset, "enabled": True,
        "entityType": "reflection",
        "displayFields": [{"name": column} for column in columns],
        "sortFields": [{"name": column} for column in order],
    }  # fmt: skip


def _aggregate(
    name: str, dataset: str, dimensions: list[str], measures: dict[str, list[str]]
) -> dict[str, Any]:
    return {
        "type": "AGGREGATION", "name": name, "datasetId": dataset, "enabled": True,
        "entityType": "reflection",
        "dimensionFields": [{"name": column} for column in dimensions],
        "measureFields": [
            {"name": column, "measureTypeList": kinds} for column, kinds in measures.items()
        ],
    }  # fmt: skip


def _build(sides: Sides, body: dict[str, Any]) -> None:
    answer = sides.rest.http.post("/api/v3/reflection", json=body)
    answer.raise_for_status()
    identity, deadline = answer.json()["id"], time.monotonic() + BUILD_SECONDS
    while time.monotonic() < deadline:
        status = sides.rest.http.get(f"/api/v3/reflection/{identity}").json()["status"]
        if status["availability"] == "AVAILABLE":
            return
        if status["config"] == "INVALID" or status["refresh"] == "GIVEN_UP":
            raise RuntimeError(f"reflection {body['name']} was not built: {status}")
        time.sleep(0.1)
    raise RuntimeError(f"reflection {body['name']} was not built in {BUILD_SECONDS:.0f} s")


def _chosen(sides: Sides, sql: str) -> bool:
    acceleration: Any = sides.job(sql)["acceleration"]
    return any(each["relationship"] == "CHOSEN" for each in acceleration["reflectionRelationships"])


def _check_equal(sides: Sides, kind: Kind, off: str, on: str) -> None:
    first, second = (sorted(map(str, sides.by_flight(sql).to_pylist())) for sql in (off, on))
    if first != second or not first:
        raise RuntimeError(f"{kind.name}: the answers with and without reflections differ")


def _sql(kind: Kind, table: str, view: str) -> str:
    return kind.sql.format(t=f"{SOURCE}.{table}", v=f"analytics.{view}")


def _by(sides: Sides, sql: str) -> Any:
    return lambda: sides.by_flight(sql)
