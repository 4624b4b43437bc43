"""The lake that a history of the edge is played on: real hot tables and views, a gold table made by hand.

On an engine of its own over folders: a history is a hundred statements, and object storage takes ten times as
long for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import count
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import flight

from lakehouse.bronze.catalogue import LAKE_SOURCE
from lakehouse.bronze.contract_file import STREAM_CONTRACTS, load_contract
from lakehouse.dremio.client import DremioClient
from lakehouse.landing.columns import CDC_DELETED_AT, CDC_LSN, CDC_UPDATED_AT, EXTRACTED_AT
from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.lake_layout import BRONZE, HOT, stream_batch_key
from lakehouse.platform.sql_files import quote_path, render_sql
from lakehouse.stream.hot import HotBatch, HotTables
from lakehouse.stream.hot_layout import (
    EDGE_TABLE,
    GOLD_OF,
    HOT_SOURCE,
    HOT_SPACE,
    SERVING_SPACE,
    TRUNCATIONS_TABLE,
)
from lakehouse.stream.serving import ServingViews, orders_query
from testing.engine_on_the_wire import EngineProcess, nas_source
from tests.stream.seam.edge_history import Batch, EdgeMoved, Published, Step
from tests.stream.seam.edge_model import Edge, Order, Record, World

DAY = date(2026, 3, 28)
"""UTC day under which batches lie in bronze; no order's date depends on it."""
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
_batch_ids = count(1)

Shown = list[tuple[Any, ...]]


class EdgeLake:
    """Plays the steps of one history after another; each begins with empty tables."""

    def __init__(self, engine: EngineProcess, postgres: PostgresConnections) -> None:
        self._lake = engine.nas
        self._client = DremioClient(engine.url, engine.user, engine.password)
        self._run = self._client.run
        self._flight = flight.FlightClient(engine.flight_url)
        self._flight_login = self._flight.authenticate_basic_token(engine.user, engine.password)
        self._contract = load_contract("orders", STREAM_CONTRACTS)
        for name, folder in {LAKE_SOURCE: BRONZE, HOT_SOURCE: HOT, "gold": "gold/"}.items():
            self._client.create(nas_source(name, self._lake / folder))
        for name in (HOT_SPACE, SERVING_SPACE):
            self._client.create({"entityType": "space", "name": name})
        self.hot = HotTables(self._client, postgres)
        self.hot.create()

    def begin(self, world: World) -> None:
        """Nothing is hot; gold and the edge are the model's."""
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
        ServingViews(self._client).ensure()

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
        options = flight.FlightCallOptions(headers=[self._flight_login])
        info = self._flight.get_flight_info(flight.FlightDescriptor.for_command(query.encode()), options)
        found = self._flight.do_get(info.endpoints[0].ticket, options).read_all()
        return [tuple(row[name] for name in (*COLUMNS, "side")) for row in found.to_pylist()]

    def _merge(self, records: Sequence[Record]) -> None:
        number = next(_batch_ids)
        key = stream_batch_key("orders", DAY, number)
        rows = [self._row(each, place) for place, each in enumerate(records)]
        file = self._lake / key
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows, schema=self._contract.schema), file)
        emptied = max((each.lsn for each in records if each.order_id is None), default=None)
        self.hot.merge(HotBatch("orders", number, (key,), len(rows), emptied))

    def _row(self, record: Record, place: int) -> dict[str, Any]:
        """As Airbyte lands it: a deletion has only its key, a truncation not even that."""
        row: dict[str, Any] = dict.fromkeys(self._contract.schema.names)
        row |= {CDC_LSN: record.lsn, CDC_UPDATED_AT: record.at, EXTRACTED_AT: record.at}
        if record.version is None:
            return row | {"order_id": record.order_id, CDC_DELETED_AT: record.at}
        return (
            row
            | values(record.version)
            | {
                "unit_price": record.version.amount,
                "deleted_at": record.version.deleted_at,
            }
        )

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
