"""Dremio answers the same before and after a partition is compressed again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from lakehouse.bronze.catalogue_refresh import CatalogueRefresher
from lakehouse.bronze.contract_file import load_contract
from lakehouse.dremio.sources import load_sources, provision
from lakehouse.observe.retention.plan import Stores
from lakehouse.observe.retention.policy import load_policy
from lakehouse.observe.retention.recompression import BronzeCompression
from tests.integration.lakehouse.bronze.night_rows import order

DAY = date(2025, 6, 20)
ROWS = (
    "select count(*) as n, sum(order_id) as ids, sum(amount) as amount, max(updated_at) as newest"
    f" from lake_bronze.postgres.orders where dir0 = 'date={DAY}'"
)


def test_dremio_reads_the_same_rows_from_the_compressed_partition(
    lake: Any, land_file: Callable[..., str], tmp_path: Path
) -> None:
    provision(lake.dremio, load_sources(), lake.access)
    land_file("postgres", "orders", "2025_06_20_1_0", [order(number, DAY) for number in range(1, 201)])
    lake.ledger.claim("postgres", DAY, 6200, 200)
    first = lake.loader("orders").load(DAY, "first")
    refresher = CatalogueRefresher(lake.dremio, lake.postgres, lake.storage, [load_contract("orders")])
    refresher.refresh(DAY)
    before = lake.dremio.query(ROWS)
    assert int(before[0]["n"]) == 200
    lake.postgres.execute(
        f"update bronze_loads set loaded_at = now() - interval '1 year' where business_date = '{DAY}'"
    )
    kind = BronzeCompression(Stores(lake.postgres, lake.storage, tmp_path, tmp_path), refresher)
    plan = kind.plan(load_policy(), datetime.now(UTC) + timedelta(minutes=1))
    assert [item.name for item in plan.items] == [f"postgres.orders {DAY}"]
    assert kind.apply(plan).items == 1
    account = lake.loads.load_of("postgres", "orders", DAY)
    assert (account.compression, account.bytes < first.load.bytes) == ("zstd", True)
    assert lake.dremio.query(ROWS) == before
    assert lake.loads.changed_since_catalogued("postgres", "orders") == []
    assert not lake.loader("orders").load(DAY, "replay").changed
    assert lake.dremio.query(ROWS) == before
