"""An embedded Dremio of its own with the stream's layers in a folder: hot tables without a stream.

Batches are written as bronze has them; gold's tables are made by the test. Only the platform's PostgreSQL is
shared, for locks and the edge.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.bronze.contract import Contract
from lakehouse.dremio.client import DremioClient
from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.lake_layout import stream_batch_key
from lakehouse.stream.hot import HotBatch, HotTables
from lakehouse.stream.hot_layout import stream_contracts
from lakehouse.stream.serving import ServingViews
from testing.engine_on_the_wire import EngineProcess, nas_source

FOLDERS: Final = {"lake_bronze": "bronze", "lake_hot": "hot", "gold": "gold"}
SPACES: Final = ("bronze", "hot", "serving")
DAY: Final = date(2026, 3, 29)
Row = dict[str, Any]


@dataclass
class HotEngine:
    """The engine, and what tests write into its lake."""

    process: EngineProcess
    client: DremioClient
    contracts: Mapping[str, Contract] = field(default_factory=stream_contracts)
    _batches: int = 0

    def hot_tables(self, postgres: PostgresConnections) -> HotTables:
        """The hot tables and the views over them, created if they are missing."""
        hot = HotTables(self.client, postgres)
        hot.create()
        ServingViews(self.client).ensure()
        return hot

    def batch(self, stream: str, rows: Sequence[Row], truncated_at: int | None = None) -> HotBatch:
        """A batch with these rows (`order` and its like make them), as bronze would hold it."""
        self._batches += 1
        contract = self.contracts[stream]
        key = stream_batch_key(stream, DAY, self._batches)
        path = self.process.nas / "datalake" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        empty = dict.fromkeys(contract.schema.names)
        table = pa.Table.from_pylist([empty | row for row in rows], schema=contract.schema)
        pq.write_table(table, path)
        return HotBatch(stream, self._batches, (key,), len(rows), truncated_at)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """A query's rows over REST."""
        return self.client.query(sql)

    def run(self, sql: str) -> None:
        """A statement."""
        self.client.run(sql)


@contextmanager
def hot_engine() -> Iterator[HotEngine]:
    """Start it; gone with its lake at the end."""
    with tempfile.TemporaryDirectory(prefix="lakehouse-hot-") as folder:
        process = EngineProcess(Path(folder))
        process.nas.mkdir(parents=True)
        process.start()
        client = DremioClient(process.url, process.user, process.password)
        try:
            for name, root in FOLDERS.items():
                client.create(nas_source(name, process.nas / "datalake" / root))
            for space in SPACES:
                client.create({"entityType": "space", "name": space})
            yield HotEngine(process, client)
        finally:
            client.close()
            process.stop()


def change(lsn: int, deleted: bool = False, at: datetime | None = None) -> Row:
    """What Airbyte adds to a row that was changed at this place in the log."""
    moment = at or datetime(2026, 3, 29, 1, 0, tzinfo=UTC).replace(tzinfo=None)
    return {
        "_ab_cdc_lsn": lsn,
        "_ab_cdc_updated_at": moment,
        "_ab_cdc_deleted_at": moment if deleted else None,
        "_airbyte_extracted_at": moment,
        "_airbyte_sync_id": 1,
    }


def order(order_id: int, lsn: int, **values: Any) -> Row:
    """A version of an order, with values of its own where the test cares."""
    created = datetime(2026, 3, 28, 12, 0)
    row = {
        "order_id": order_id,
        "customer_id": 7,
        "product_id": 3,
        "order_date": date(2026, 3, 28),
        "quantity": 1,
        "unit_price": 10,
        "amount": 10,
        "status": "completed",
        "created_at": created,
        "updated_at": created,
        "deleted_at": None,
    }
    return row | change(lsn) | values


def deletion(order_id: int, lsn: int) -> Row:
    """That an order was deleted for good: only its key."""
    return {"order_id": order_id} | change(lsn, deleted=True)


def truncation(lsn: int) -> Row:
    """That the table was emptied: not even a key."""
    return change(lsn, deleted=True)
