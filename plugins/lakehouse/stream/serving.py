"""The views that show hot and cold as one: `serving.orders` and what is computed of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lakehouse.dremio.client import DremioClient
from lakehouse.platform.sql_files import quote_path, render_sql
from lakehouse.stream.hot_layout import (
    EDGE_VIEW,
    GOLD_OF,
    SERVING_SPACE,
    TRUNCATIONS_VIEW,
    hot_view,
)
from lakehouse.stream.plan import TRACER
from lakehouse.stream.view_files import ensure_view

ORDERS: Final = (SERVING_SPACE, "orders")
DAILY_REVENUE: Final = (SERVING_SPACE, "daily_revenue")
STREAM_TRACER: Final = (SERVING_SPACE, "stream_tracer")


class ServingViews:
    """Creates the views, which need the hot tables. Until the first night there is no gold: they show hot."""

    def __init__(self, client: DremioClient) -> None:
        self._client = client

    def ensure(self) -> list[str]:
        """Create the views or bring them in line; the names of those that were."""
        return [".".join(path) for path, query in self._views() if ensure_view(self._client, path, query)]

    def _views(self) -> Iterator[tuple[tuple[str, str], str]]:
        gold = GOLD_OF["orders"]
        yield ORDERS, orders_query(with_gold=self._client.find(gold) is not None)
        orders = {"orders": quote_path(ORDERS)}
        yield DAILY_REVENUE, render_sql("dremio/stream/serving_daily_revenue.sql", orders)
        tracer = {"hot": quote_path(hot_view(TRACER))}
        yield STREAM_TRACER, render_sql("dremio/stream/serving_stream_tracer.sql", tracer)


def orders_query(with_gold: bool) -> str:
    """The text of `serving.orders`; without gold it shows hot alone."""
    return render_sql(
        "dremio/stream/serving_orders.sql",
        {
            "hot": quote_path(hot_view("orders")),
            "edge": quote_path(EDGE_VIEW),
            "truncations": quote_path(TRUNCATIONS_VIEW),
            "gold": quote_path(GOLD_OF["orders"]) if with_gold else None,
        },
    )
