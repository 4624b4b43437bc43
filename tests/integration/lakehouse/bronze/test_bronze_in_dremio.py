"""Bronze as Dremio shows it, reflections and SQL jobs, on the real engine over the real object store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from lakehouse.bronze.catalogue import BronzeCatalogue, PartitionNotVisibleError
from lakehouse.bronze.catalogue_refresh import CatalogueRefresher
from lakehouse.bronze.contract_file import load_contract, load_contracts
from lakehouse.bronze.operators import RefreshBronzeCatalogueOperator
from lakehouse.dremio.errors import (
    ReflectionInvalidError,
)
from lakehouse.dremio.operators import ProvisionDremioOperator
from lakehouse.dremio.reflection_operators import DremioRefreshReflectionsOperator
from lakehouse.dremio.reflections import load_reflections
from lakehouse.dremio.sources import load_sources, provision
from tests.integration.lakehouse.bronze.night_rows import (
    captured_stock,
    context,
    customer,
    order,
    product,
)

Land = Callable[..., str]
STREAMS = [contract.stream for contract in load_contracts()]


def test_provisioning_creates_once_changes_only_what_differs_and_repairs(lake: Any) -> None:
    names = {each.name for each in load_sources().sources} | {*load_sources().spaces}
    ProvisionDremioOperator(task_id="provision").execute(context(date(2025, 3, 1)))
    again = ProvisionDremioOperator(task_id="provision").execute(context(date(2025, 3, 1)))
    assert again["detail"]["dremio"] == dict.fromkeys(names, "unchanged")
    gold = lake.dremio.find(["gold"])
    zstd = {"name": "store.parquet.compression", "value": "zstd"}
    gold["config"]["propertyList"] = [each for each in gold["config"]["propertyList"] if each != zstd]
    lake.dremio.update(gold["id"], gold)
    changes = provision(lake.dremio, load_sources(), lake.access)
    assert changes == dict.fromkeys(names, "unchanged") | {"gold": "updated"}
    assert zstd in lake.dremio.find(["gold"])["config"]["propertyList"]


@pytest.fixture
def visible_nights(lake: Any, land_file: Land) -> tuple[date, date]:
    """Two nights of every stream, loaded and shown in Dremio."""
    provision(lake.dremio, load_sources(), lake.access)
    nights = (date(2025, 4, 1), date(2025, 4, 2))
    for job, day in enumerate(nights, start=100):
        if lake.ledger.is_complete("postgres", day):
            continue
        changed = datetime(day.year, day.month, day.day, 9)
        stamp = f"{day:%Y_%m_%d}_1_0"
        land_file("postgres", "orders", stamp, [order(number, day) for number in range(job, job + 3)])
        land_file("postgres", "customers", stamp, [customer(1, f"name of {day}", changed)])
        land_file("postgres", "products", stamp, [product(1, changed)])
        stock = captured_stock(9_000_000 + job, changed)
        land_file("postgres_cdc", "stock_levels", stamp, [stock])
        for source in {contract.source for contract in load_contracts()}:
            lake.ledger.claim(source, day, job, 0)
        for stream in STREAMS:
            lake.loader(stream).load(day, "test")
        RefreshBronzeCatalogueOperator(task_id="refresh", streams=STREAMS).execute(context(day))
    return nights


def test_partitions_are_visible_with_their_date_and_the_newest_customer(
    lake: Any, visible_nights: tuple[date, date]
) -> None:
    first, second = (day.isoformat() for day in visible_nights)
    rows = lake.dremio.query(
        "select bronze_date, count(*) as n from bronze.raw_orders "
        f"where bronze_date in (date '{first}', date '{second}') group by bronze_date order by 1"
    )
    assert [(str(row["bronze_date"])[:10], row["n"]) for row in rows] == [(first, 3), (second, 3)]
    assert [row["name"] for row in lake.dremio.query("select name from bronze.customers")] == [
        f"name of {second}"
    ]


def test_a_stream_of_which_nothing_was_ever_loaded_is_an_empty_view(lake: Any) -> None:
    """A source without values: its staging models read the view, and must not stop those of the others."""
    provision(lake.dremio, load_sources(), lake.access)
    contract = replace(load_contract("stock_levels"), source="nobody", stream="never_loaded")
    refresher = CatalogueRefresher(lake.dremio, lake.postgres, lake.storage, [contract])
    [change] = refresher.refresh(date(2025, 4, 1)).changes
    assert change.views == ("bronze.raw_never_loaded", "bronze.never_loaded")
    columns = ", ".join(f'"{column.name}"' for column in contract.columns)
    assert lake.dremio.query(f"select {columns}, bronze_date from bronze.never_loaded") == []
    sums = "select count(*) as n, sum(units_on_hand) + 1 as s, max(bronze_date) as d"
    raw = "from bronze.raw_never_loaded"
    [row] = lake.dremio.query(f"{sums} {raw} where bronze_date >= date '2025-01-01' or warehouse like 'x%'")
    assert (row["n"], row["s"], row["d"]) == (0, None, None)
    assert refresher.refresh(date(2025, 4, 1)).changes[0].views == ()


def test_a_second_refresh_replaces_no_view_and_promotes_nothing(
    lake: Any, visible_nights: tuple[date, date]
) -> None:
    change = BronzeCatalogue(lake.dremio).refresh(load_contract("customers"))
    assert (change.promoted, change.views) == (False, ())


def test_a_partition_that_dremio_does_not_show_fails_the_stage(
    lake: Any, visible_nights: tuple[date, date]
) -> None:
    with pytest.raises(PartitionNotVisibleError, match="shows 3 rows, 4 were loaded"):
        BronzeCatalogue(lake.dremio).check_visible(visible_nights[0], [("orders", 4)])


def test_reflections_are_created_refreshed_and_fresh_and_a_second_run_changes_none(
    lake: Any, visible_nights: tuple[date, date]
) -> None:
    lake.dremio.run("drop table if exists gold.orders")
    lake.dremio.run(
        "create table gold.orders as "
        "select order_id, customer_id, product_id, order_date, amount, status from bronze.raw_orders"
    )
    lake.dremio.run("drop table if exists gold.daily_revenue")
    lake.dremio.run(
        "create table gold.daily_revenue as select order_date, count(*) as orders_count, "
        'sum(amount) as daily_revenue, avg(amount) as average_order_value, year(order_date) as "year", '
        'month(order_date) as "month", dayofmonth(order_date) as "day" '
        "from gold.orders group by order_date"
    )
    operator = DremioRefreshReflectionsOperator(task_id="refresh", timeout=timedelta(seconds=20))
    day = visible_nights[1]
    first = operator.execute(context(day))["detail"]
    assert first["reflections_refreshed"] == len(load_reflections())
    assert set(first["reflections_changed"].values()) <= {"created", "updated"}
    store: dict[str, Any] = {}
    second = operator.execute(context(day, store))["detail"]
    assert second["reflections_changed"] == {}
    fetched = [
        {each["title"]: each["last_data_fetch"] for each in run["reflections"]} for run in (first, second)
    ]
    assert all(fetched[1][title] > fetched[0][title] for title in fetched[0])
    assert store["external_job"]["reported"] is True


def test_a_missing_dataset_names_the_reflection(lake: Any, visible_nights: tuple[date, date]) -> None:
    lake.dremio.run("drop table if exists gold.orders")
    with pytest.raises(
        ReflectionInvalidError, match=r"agg_daily_revenue on gold\.orders: there is no such dataset"
    ):
        DremioRefreshReflectionsOperator(task_id="refresh").execute(context(visible_nights[1]))
