"""The shop's stock through the shipped CDC connection: three nights against the shop's own table.

Everything is the real thing: shop, PostgreSQL, Airbyte's capture, the tasks of the night, the engine's view.
"""

from __future__ import annotations

import io
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import psycopg2
import pyarrow.parquet as pq
import pytest
from airflow.sdk import BaseHook

from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.airbyte.errors import AirbyteJobMisconfiguredError
from lakehouse.airbyte.hook import LakehouseAirbyteHook
from lakehouse.airbyte.provisioning import AirbyteProvisioner
from lakehouse.airbyte.sent_secrets import NothingRemembered
from lakehouse.bronze.operators import RefreshBronzeCatalogueOperator
from lakehouse.dremio.sources import load_sources, provision
from lakehouse.landing.operators import AirbyteExtractOperator
from lakehouse.platform.airflow_settings import environment_lines, load_settings
from lakehouse.platform.lake_layout import bronze_data_key, bronze_manifest_key
from testing.lakehouse.task_memory import task_memory
from testing.repository import PYTHON, ROOT
from testing.waiting import wait_until
from tests.integration.lakehouse.bronze.night_rows import context

CONNECTION = "shop_postgres_cdc_to_lake"
FIRST, SECOND, THIRD = date(2025, 8, 1), date(2025, 8, 2), date(2025, 8, 3)
LATER = date(2025, 8, 4)
ORDERS = "500"
OTHER_TESTS = 9_000_000
"""Products from here on are other tests' of this folder."""

FIRST_PRODUCT = "where product_id = (select min(product_id) from stock_levels)"

Stock = dict[tuple[int, str], tuple[int, int]]


@dataclass
class Shop:
    """The source, changed and read as its owner does."""

    wire: dict[str, str]

    def advance(self, day: date) -> None:
        command = [PYTHON, "-m", "embedded.shop", "advance", "--to", str(day), "--orders", ORDERS]
        done = subprocess.run(
            command, cwd=ROOT, env=os.environ | self.wire, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def execute(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run each statement in a transaction of its own; the rows of the last one."""
        place = {key: self.wire[f"SHOP_PG_{key.upper()}"] for key in ("host", "port", "user", "password")}
        connection = psycopg2.connect(**place, dbname=self.wire["SHOP_PG_DATABASE"])
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def stock(self) -> Stock:
        rows = self.execute("select product_id, warehouse, units_on_hand, reorder_point from stock_levels")
        return {(product, warehouse): (units, point) for product, warehouse, units, point in rows}


@dataclass
class Nights:
    """What was seen of each night: the shop's table, and what a reader of bronze saw after it."""

    lake: Any
    shop: Shop
    of_the_shop: dict[date, Stock] = field(default_factory=dict)
    in_bronze: dict[date, Stock] = field(default_factory=dict)
    reports: dict[date, Any] = field(default_factory=dict)

    def run(self, day: date) -> None:
        """Extract, load and refresh, as the night's tasks do."""
        self.of_the_shop[day] = self.shop.stock()
        self.reports[day] = self.extract(day)
        self.lake.loader("stock_levels").load(day, "test")
        RefreshBronzeCatalogueOperator(task_id="refresh", streams=["stock_levels"]).execute(context(day))
        self.in_bronze[day] = self.shown()

    def extract(self, day: date) -> Any:
        now = datetime.now(UTC)
        run = SimpleNamespace(partition_key=day.isoformat(), start_date=now, run_after=now)
        operator = AirbyteExtractOperator(
            task_id="sync", connection_name=CONNECTION, synchronous=timedelta(minutes=2)
        )
        return operator.execute({"params": {}, "dag_run": run, **task_memory({})})

    def shown(self) -> Stock:
        """The living rows of `bronze.stock_levels`."""
        rows = self.lake.dremio.query(
            "select product_id, warehouse, units_on_hand, reorder_point from bronze.stock_levels "
            f'where "_ab_cdc_deleted_at" is null and product_id < {OTHER_TESTS}'
        )
        found = {
            (row["product_id"], row["warehouse"]): (row["units_on_hand"], row["reorder_point"])
            for row in rows
        }
        assert len(found) == len(rows), "a key comes once"
        return found

    def partition(self, day: date) -> list[dict[str, Any]]:
        content = self.lake.storage.get(bronze_data_key("postgres_cdc", "stock_levels", day))
        return pq.read_table(io.BytesIO(content)).to_pylist()


@pytest.fixture(scope="module")
def nights(lake: Any, wire: dict[str, str]) -> Iterator[Nights]:
    """Three nights: the first read; the shop's day and changes by hand; and a day that empties the table."""
    with pytest.MonkeyPatch.context() as patch:
        for line in environment_lines(load_settings(environment=os.environ | wire)):
            name, value = line.split("=", 1)
            if name in ("AIRFLOW_CONN_AIRBYTE_DEFAULT", "AIRFLOW_CONN_SHOP_POSTGRES"):
                patch.setenv(name, value)
        provision(lake.dremio, load_sources(), lake.access)
        client = LakehouseAirbyteHook().client
        AirbyteProvisioner(client, BaseHook.get_connection, NothingRemembered()).apply(
            [read_connection_file(CONNECTION)]
        )
        seen = Nights(lake, Shop(wire))
        seen.shop.advance(FIRST)
        seen.run(FIRST)
        seen.shop.advance(SECOND)
        seen.shop.execute(
            f"update stock_levels set units_on_hand = 7 {FIRST_PRODUCT}",
            f"update stock_levels set units_on_hand = 8 {FIRST_PRODUCT}",
            "insert into stock_levels "
            "values (800001, 'Reno', 1, 1), (800002, 'Reno', 2, 2), (800003, 'Reno', 3, 3)",
            "delete from stock_levels where product_id = 800001",
            "delete from stock_levels where product_id = 800002",
            "insert into stock_levels values (800002, 'Reno', 22, 2)",
            "update stock_levels set warehouse = 'Dallas' where product_id = 800003",
        )
        seen.run(SECOND)
        seen.shop.execute("truncate stock_levels")
        seen.shop.execute("insert into stock_levels values (1, 'Dallas', 100, 10), (800004, 'Newark', 4, 4)")
        seen.run(THIRD)
        yield seen


@pytest.mark.parametrize("day", [FIRST, SECOND, THIRD])
def test_after_each_night_bronze_shows_the_shop_s_own_table(nights: Nights, day: date) -> None:
    assert nights.of_the_shop[day]
    assert nights.in_bronze[day] == nights.of_the_shop[day]


def test_a_night_brings_each_changed_key_once_and_deletions_as_rows(nights: Nights) -> None:
    before, after = nights.of_the_shop[FIRST], nights.of_the_shop[SECOND]
    rows = nights.partition(SECOND)
    living = {
        (row["product_id"], row["warehouse"]): (row["units_on_hand"], row["reorder_point"])
        for row in rows
        if row["_ab_cdc_deleted_at"] is None
    }
    deleted = {(row["product_id"], row["warehouse"]) for row in rows if row["_ab_cdc_deleted_at"]}
    assert len(rows) == len(living) + len(deleted), "each key once"
    assert living.items() == dict(after.items() - before.items()).items()
    assert deleted == (before.keys() - after.keys()) | {(800001, "Reno"), (800003, "Reno")}
    assert before.keys() - after.keys(), "the shop itself deletes every day"
    assert 0 < len(living) < len(after), "what did not change is not read again"
    assert nights.reports[SECOND]["rows_in"] == nights.reports[SECOND]["rows_out"] > len(rows)


def test_the_night_that_empties_the_table_says_so_and_deletes_what_was_there(nights: Nights) -> None:
    manifest = nights.lake.storage.get(bronze_manifest_key("postgres_cdc", "stock_levels", THIRD))
    assert b'"truncated_at_lsn"' in manifest
    assert nights.in_bronze[THIRD] == {(1, "Dallas"): (100, 10), (800004, "Newark"): (4, 4)}


def test_a_replay_of_all_dates_in_another_order_asks_no_source_and_gives_the_same_bytes(
    nights: Nights,
) -> None:
    def objects() -> dict[str, bytes]:
        folder = "bronze/postgres_cdc/stock_levels/"
        kept = (f"{folder}date={day}/" for day in (FIRST, SECOND, THIRD))
        return {
            item.key: nights.lake.storage.get(item.key)
            for prefix in kept
            for item in nights.lake.storage.objects(prefix)
        }

    before = objects()
    assert len(before) == 6, "data and manifest of each date"
    for key in before:
        nights.lake.storage.delete(key)
    for day in (THIRD, FIRST, SECOND):
        assert nights.extract(day)["detail"]["reused"] is True
        nights.lake.loader("stock_levels").load(day, "test")
    assert objects() == before


def test_a_lost_slot_fails_the_night_by_name_and_a_refresh_loses_no_deletion(nights: Nights) -> None:
    """The runbook's way. What was deleted while nobody captured is in no read: it must not live forever."""
    nights.shop.execute(
        "delete from stock_levels where product_id = 800004",
        "insert into stock_levels values (800005, 'Reno', 5, 5)",
        "select pg_drop_replication_slot('airbyte_slot')",
    )
    with pytest.raises(AirbyteJobMisconfiguredError, match="replication slot 'airbyte_slot' is gone"):
        nights.extract(LATER)
    client = LakehouseAirbyteHook().client
    [connection] = [each for each in client.listed("/connections") if each["name"] == CONNECTION]
    job = client.create("/jobs", {"connectionId": connection["connectionId"], "jobType": "refresh"})
    wait_until(lambda: client.job(int(job["jobId"])).phase.is_over, "the refresh has ended", 90)
    nights.run(LATER)
    assert nights.of_the_shop[LATER] == {(1, "Dallas"): (100, 10), (800005, "Reno"): (5, 5)}
    assert nights.in_bronze[LATER] == nights.of_the_shop[LATER]
