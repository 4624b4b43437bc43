"""The lake that a history of the edge is played on: real hot tables and views, a gold table made by hand.

On an engine of its own over folders: a history is a hundred statements, and object storage takes ten times as
long for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pyarrow import flight

from lakehouse.landing.columns import CDC_DELETED_AT, CDC_LSN, CDC_UPDATED_AT, EXTRACTED_AT
from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.sql_files import quote_path, render_sql
from lakehouse.stream.hot_layout import (
    EDGE_TABLE,
    GOLD_OF,
    TRUNCATIONS_TABLE,
)
from lakehouse.stream.serving import ServingViews, orders_query
from testing.lakehouse.hot_engine import HotEngine
from tests.stream.seam.edge_history import Batch, EdgeMoved, Published, Step
from tests.stream.seam.edge_model import Edge, Order, Record, World

GOLD = quote_path(GOLD_OF["orders"])
COLUMNS = (
    "order_id",
    "customer_id",
    "product_id",
    "order_date",
    "quantity",
    "amount",
    "status",
    "created_at",
    "updated_at",
)

Shown = list[tuple[Any, ...]]


class EdgeLake:
    """Plays the steps of one history after another; each begins with empty tables."""

    def __init__(self, engine: HotEngine, postgres: PostgresConnections) -> None:
        self._engine = engine
        self._run = engine.client.run
        process = engine.process
        self._flight = flight.FlightClient(process.flight_url)
        self._login = self._flight.authenticate_basic_token(process.user, process.password)
        self.hot = engine.hot_tables(postgres)
        self._merged = 0

    def begin(self, world: World) -> None:
        """Nothing is hot; gold and the edge are the model's."""
        self._merged = 0
        table = self.hot.table_of("orders")
        for path in (table.path, table.incoming, TRUNCATIONS_TABLE):
            self._run(render_sql("dremio/stream/empty_table.sql", {"table": quote_path(path)}))
        self._run(f"drop table if exists {GOLD}")
        self._run(
            f"create table {GOLD} (order_id bigint, customer_id bigint, product_id bigint, order_date date, "
            "quantity int, amount decimal(12, 2), status varchar, created_at timestamp, updated_at timestamp)"
        )
        self._publish(world.gold.values())
        self._move_edge(world.edge)
        ServingViews(self._engine.client).ensure()

    def do(self, step: Step, world: World) -> None:
        """Do to the lake what has been done to the model."""
        match step:
            case Batch(records):
                self._merge(records)
            case Published():
                self._publish(world.gold.values())
            case EdgeMoved():
                self._move_edge(world.edge)

    def shown(self, query: str | None = None) -> Shown:
        """The rows of serving.orders, or of another query in its place, in order, with their side."""
        names = ", ".join((*COLUMNS, "side"))
        source = f"({query})" if query else "serving.orders"
        query = f"select {names} from {source} as shown order by order_id, side"
        options = flight.FlightCallOptions(headers=[self._login])
        info = self._flight.get_flight_info(flight.FlightDescriptor.for_command(query.encode()), options)
        found = self._flight.do_get(info.endpoints[0].ticket, options).read_all()
        return [tuple(row[name] for name in (*COLUMNS, "side")) for row in found.to_pylist()]

    def _merge(self, records: Sequence[Record]) -> None:
        emptied = max((each.lsn for each in records if each.order_id is None), default=None)
        self.hot.merge(self._engine.batch("orders", [_row(each) for each in records], emptied))
        self._merged += 1
        if self._merged % 2:
            # What was merged is merged from once more with the next batch, until it is emptied.
            self.hot.empty_incoming(self.hot.table_of("orders"))

    def _publish(self, orders: Iterable[Order]) -> None:
        self._run(render_sql("dremio/stream/empty_table.sql", {"table": GOLD}))
        rows = ", ".join(_literal(each) for each in orders)
        if rows:
            self._run(f"insert into {GOLD} values {rows}")

    def _move_edge(self, edge: Edge) -> None:
        self._run(
            render_sql(
                "dremio/stream/move_edge.sql",
                {
                    "table": quote_path(EDGE_TABLE),
                    "business_date": edge.business_date.isoformat(),
                    "source_lsn": edge.lsn,
                },
            )
        )


def _row(record: Record) -> dict[str, Any]:
    """As Airbyte lands it: a deletion has only its key, a truncation not even that."""
    row = {CDC_LSN: record.lsn, CDC_UPDATED_AT: record.at, EXTRACTED_AT: record.at}
    version = record.version
    if version is None:
        return row | {"order_id": record.order_id, CDC_DELETED_AT: record.at}
    return row | values(version) | {"unit_price": version.amount, "deleted_at": version.deleted_at}


def values(order: Order) -> dict[str, Any]:
    """The columns that gold, hot and the view have."""
    return {name: getattr(order, name) for name in COLUMNS}


def expected(world: World) -> Shown:
    """The rows that the view must show."""
    return sorted((*values(order).values(), side) for order, side in world.unified().values())


def view_query() -> str:
    """The text of serving.orders, to be mutated."""
    return orders_query(with_gold=True)


def _literal(order: Order) -> str:
    return (
        f"({order.order_id}, {order.customer_id}, {order.product_id}, date '{order.order_date}', "
        f"{order.quantity}, {order.amount}, '{order.status}', timestamp '{order.created_at}', "
        f"timestamp '{order.updated_at}')"
    )
