"""Micro-batches one by one on a platform that streams, and orders of one's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.bronze.contract import Contract
from lakehouse.platform.stop_event import StopEvent
from lakehouse.stream.bronze import StreamBronze
from lakehouse.stream.hot import HotTables
from lakehouse.stream.landed import LandedFiles
from lakehouse.stream.ledger import Batch, StreamLedger, StreamLoad
from lakehouse.stream.micro_batch import Hot, MicroBatches
from lakehouse.stream.plan import CONNECTION
from lakehouse.stream.source_watch import SourceWatch
from lakehouse.stream.sync import BatchSync
from testing.lakehouse.stream_platform import StreamPlatform

_FIRST = 900_000_000
"""Above all ids of the shop's own."""


@dataclass
class Stream:
    """The stream of the shared platform, run batch by batch."""

    platform: StreamPlatform
    watch: SourceWatch
    ledger: StreamLedger = field(init=False)
    hot: HotTables = field(init=False)

    def __post_init__(self) -> None:
        self.ledger = StreamLedger(self.platform.postgres)
        self.hot = HotTables(self.platform.dremio, self.platform.postgres)

    def batches(
        self,
        hot: Hot | None = None,
        contract_of: Callable[[str], Contract] | None = None,
        storage: Any = None,
    ) -> MicroBatches:
        """Runs batches, with a part exchanged."""
        lake = storage or self.platform.storage
        declared = read_connection_file(CONNECTION)
        sync = BatchSync(self.platform.airbyte, declared, self.ledger, self.watch.position, StopEvent())
        return MicroBatches(
            ledger=self.ledger,
            sync=sync,
            landed=LandedFiles(self.ledger, self.platform.storage),
            bronze=StreamBronze(self.ledger, lake, contract_of),
            hot=hot or self.hot,
            mark=lambda batch, hop, at: None,
            position=self.watch.position,
        )

    def run(self, **parts: Any) -> Batch:
        """One batch."""
        return self.batches(**parts).run("test")

    def load(self, batch: Batch, stream: str = "orders") -> StreamLoad:
        """The account of one stream of a batch."""
        return next(load for load in self.ledger.loads(batch) if load.stream == stream)

    def insert_orders(self, rows: int, status: str = "completed", amount: str = "20.00") -> list[int]:
        """New orders; their ids."""
        [(newest,)] = self.platform.shop_rows(f"select greatest(max(order_id), {_FIRST}) from orders")
        numbers = list(range(newest + 1, newest + 1 + rows))
        with self.platform.shop() as connection:
            for number in numbers:
                connection.execute(
                    "insert into orders (order_id, customer_id, product_id, order_date, quantity, unit_price,"
                    " amount, status, created_at, updated_at)"
                    " select %s, customer_id, product_id, order_date, 1,"
                    " %s, %s, %s, created_at, updated_at from orders order by order_id limit 1",
                    (number, amount, amount, status),
                )
        return numbers

    def change(self, sql: str, *values: Any) -> None:
        """Change something at the source."""
        with self.platform.shop() as connection:
            connection.execute(sql, values or None)

    def in_hot(self, numbers: list[int]) -> dict[int, tuple[str | None, bool]]:
        """Status and tombstone of orders in the hot table."""
        table = self.platform.over_flight(
            "select order_id, status, is_deleted from hot.orders where order_id in "
            f"({', '.join(map(str, numbers))})"
        )
        rows = table.to_pylist()
        assert len(rows) == len({row["order_id"] for row in rows}), "a key is there twice"
        return {row["order_id"]: (row["status"], row["is_deleted"]) for row in rows}
