"""The lake that a history of the edge is played on: real hot tables and views, a gold table made by hand.

On an engine of its own over folders: a history is a hundred statements, and object storage takes ten times as
long for each.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import flight

from lakehouse.bronze.catalogue import LAKE_SOURCE, BronzeCatalogue
from lakehouse.bronze.contract_file import load_contract
from lakehouse.landing.columns import CDC_DELETED_AT, CDC_LSN, CDC_UPDATED_AT, EXTRACTED_AT
from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.lake_layout import bronze_data_key
from lakehouse.platform.sql_files import quote_path, render_sql
from lakehouse.stream.hot_layout import (
    EDGE_TABLE,
    GOLD_OF,
    TRUNCATIONS_TABLE,
)
from lakehouse.stream.seam_comparison import Comparison, list_stream_files
from lakehouse.stream.serving import ORDERS, ServingViews, orders_query
from testing.lakehouse.hot_engine import HotEngine
from tests.stream.seam.edge_history import FIRST_DATE, Batch, EdgeMoved, Published, Step
from tests.stream.seam.edge_model import FIRST_MOMENT, Edge, Order, Record, World

_ORDERS = load_contract("orders")
_CUSTOMERS = load_contract("customers")
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
        self.client = engine.client
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
        for folder in ("stream", "postgres"):
            shutil.rmtree(self._engine.process.nas / "datalake/bronze" / folder, ignore_errors=True)
        # What was pruned from the hot side long ago is in the stream's bronze nevertheless.
        self._engine.batch("orders", [_row(each) for each in world.log])
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

    def write_bronze(self, world: World) -> None:
        """The night's bronze: what each business date has landed, and the customers of all orders."""
        at = dict.fromkeys((EXTRACTED_AT,), FIRST_MOMENT)
        nights = {
            night.business_date: [vars(each) | {"unit_price": each.amount} | at for each in night.landed]
            for night in world.nights.values()
        }
        everybody = {FIRST_DATE: [{"customer_id": each} | at for each in (1, 2, 3)]}
        for contract, partitions in ((_ORDERS, nights), (_CUSTOMERS, everybody)):
            for business_date, rows in partitions.items():
                file = (
                    self._engine.process.nas
                    / "datalake"
                    / bronze_data_key("postgres", contract.stream, business_date)
                )
                file.parent.mkdir(parents=True, exist_ok=True)
                empty = dict.fromkeys(contract.schema.names)
                pq.write_table(
                    pa.Table.from_pylist([empty | row for row in rows], schema=contract.schema), file
                )
            dataset = quote_path((LAKE_SOURCE, "postgres", contract.stream))
            self._run(render_sql("dremio/refresh_metadata.sql", {"dataset": dataset}))
            BronzeCatalogue(self._engine.client).refresh(contract, relist=False)

    def comparison(self, world: World, from_day: date | None = None) -> Comparison:
        """The check of the seam, at the model's edge."""
        unpublished = [each.business_date for each in world.nights.values() if not each.is_published]
        edge = world.edge
        list_stream_files(self._engine.client)
        return Comparison(self._engine.client, edge.business_date, edge.lsn, from_day, unpublished)

    def serve(self, query: str) -> None:
        """Put another view in the place of serving.orders, until the next history begins."""
        self._run(f"create or replace view serving.orders as {query}")

    def serve_rightly(self) -> None:
        """The views are their own again."""
        ServingViews(self.client).ensure()

    def serve_revenue(self, query: str) -> None:
        """Put a query of the view's own text (`{}`) in the place of serving.daily_revenue."""
        values = {"orders": quote_path(ORDERS)}
        own = render_sql("dremio/stream/serving_daily_revenue.sql", values)
        self._run(f"create or replace view serving.daily_revenue as {query.format(own)}")

    def lose_hot(self, order_id: int) -> None:
        """A row of the hot table is gone, as if it had never been merged."""
        self._run(f"delete from {quote_path(self.hot.table_of('orders').path)} where order_id = {order_id}")

    def publish_gold(self, world: World) -> None:
        """Gold becomes what the model's is."""
        self._publish(world.gold.values())

    def forget_in_stream_bronze(self, world: World, order_id: int) -> None:
        """The stream has never brought anything of an order."""
        shutil.rmtree(self._engine.process.nas / "datalake/bronze/stream")
        self._engine.batch("orders", [_row(each) for each in world.log if each.order_id != order_id])

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
