"""An Airbyte that delivers rows twice, shuffled, and again with the next sync: the newest version counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from testing.ingestion_stack import AirbyteServer
from testing.lakehouse.captured_shop import CapturedShop
from testing.lakehouse.stream_platform import StreamPlatform


@pytest.fixture
def twice(platform: StreamPlatform, captured: CapturedShop) -> Iterator[CapturedShop]:
    """The shop, whose Airbyte has the switch on."""
    platform.services.stop("airbyte")
    logs = Path(platform.wire["LAKEHOUSE_STATE_DIR"]) / "logs"
    server = AirbyteServer(platform.environ | {"AIRBYTE_TEST_REDELIVERY": "1"}, logs)
    server.start()
    try:
        yield captured
    finally:
        server.terminate()
        platform.services.up("airbyte")
        platform.wait_until_whole()


def test_rows_that_come_twice_and_out_of_order_change_nothing(twice: CapturedShop) -> None:
    for quantity in (11, 12, 13):
        twice.run(
            f"update orders set quantity = {quantity} where order_id between 1 and 30",
            f"delete from orders where order_id = {quantity}",
        )
        twice.sync()
    rows = twice.landed("orders")
    seen = Counter((row["order_id"], row["_ab_cdc_lsn"]) for row in rows)
    assert max(seen.values()) > 1, "nothing was delivered twice"
    assert twice.newest("orders") == twice.source_rows("orders")
    built, _ = twice.to_bronze("orders")
    assert built.rows_in == built.rows_loaded + built.rows_deduplicated
    bronze = [row for part in built.parts for row in pq.read_table(part.path).to_pylist()]
    assert len({row["order_id"] for row in bronze}) == len(bronze) == 30, "one version of each key"
    newest = {key: max(lsn for order, lsn in seen if order == key) for key in {order for order, _ in seen}}
    assert all(row["_ab_cdc_lsn"] == newest[row["order_id"]] for row in bronze)
    gone = {row["order_id"] for row in bronze if row["_ab_cdc_deleted_at"] is not None}
    assert gone == {11, 12, 13}
