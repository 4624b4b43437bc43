"""Two connections read one table under two prefixes: from Airbyte's count to Dremio's view, neither is lost.

The table is called `orders` at the source, as the shop's is. Airbyte counts its rows as `orders` and lands
them as `bistro_orders` and `tavern_orders`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest
from airflow.sdk import BaseHook

from lakehouse.airbyte import connection_file
from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.airbyte.hook import LakehouseAirbyteHook
from lakehouse.airbyte.provisioning import AirbyteProvisioner
from lakehouse.airbyte.sent_secrets import NothingRemembered
from lakehouse.bronze.catalogue_refresh import CatalogueRefresher
from lakehouse.bronze.contract import Contract
from lakehouse.bronze.contract_file import parse_contract
from lakehouse.bronze.partition_loader import PartitionLoader
from lakehouse.dremio.sources import load_sources, provision
from lakehouse.landing.operators import AirbyteExtractOperator
from lakehouse.platform.airflow_settings import environment_lines, load_settings
from testing.lakehouse.task_memory import task_memory

FIRST, SECOND, THIRD, FOURTH = (date(2025, 9, day) for day in range(1, 5))
BISTRO, TAVERN = "bistro_orders", "tavern_orders"
CONNECTION = """\
name: {name}_postgres_to_lake
business: {name}
cadence: small_table
source:
  name: {name}_postgres
  type: postgres
  airflow_connection: bistro_postgres
  configuration:
    schemas: [bistro]
    ssl_mode: {{mode: disable}}
    replication_method: {{method: Standard}}
prefix: {name}_
streams:
  - name: orders
"""
CHANGES = """\
    sync_mode: incremental
    destination_sync_mode: append_dedup
    cursor_field: updated_at
    primary_key: [order_id]
"""
ALL = """\
    sync_mode: full_refresh
    destination_sync_mode: overwrite
    primary_key: [order_id]
"""


def contract(stream: str, mode: str) -> Contract:
    document = {
        "stream": stream,
        "source": f"{stream.partition('_')[0]}_postgres",
        "grain": "One row per order.",
        "mode": mode,
        "key": ["order_id"],
        "cursor": "updated_at",
        "newest_view": mode == "incremental",
        "new_columns": "refuse",
        "quarantine": {"max_rows": 0, "max_share": 0},
        "expected_volume": {"min_rows": 0, "zero_rows": "allow"},
        "columns": {
            "order_id": {"type": "bigint", "required": True},
            "guests": {"type": "int", "required": True},
            "updated_at": {"type": "timestamp", "required": True},
        },
    }
    return parse_contract(document, f"{stream}.yaml")


CONTRACTS = (contract(BISTRO, "incremental"), contract(TAVERN, "full_refresh"))


@dataclass
class Nights:
    """The source's table and what became of it in each night."""

    lake: Any
    wire: dict[str, str]
    reports: dict[tuple[str, date], Any] = field(default_factory=dict)

    def change(self, *statements: str) -> None:
        place = {key: self.wire[f"SHOP_PG_{key.upper()}"] for key in ("host", "port", "user", "password")}
        connection = psycopg2.connect(**place, dbname=self.wire["SHOP_PG_DATABASE"])
        try:
            with connection, connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
        finally:
            connection.close()

    def run(self, day: date, force_sync: bool = False) -> None:
        """Extract, load and refresh, as the night's tasks do."""
        for each in read_all_connection_files():
            self.reports[each.name, day] = self._extract(each.name, day, force_sync)
        for each in CONTRACTS:
            lake = self.lake
            PartitionLoader(each, lake.ledger, lake.storage, lake.loads, lake.postgres).load(day, "test")
        CatalogueRefresher(self.lake.dremio, self.lake.postgres, self.lake.storage, CONTRACTS).refresh(day)

    def load(self, stream: str, day: date) -> None:
        lake, [wanted] = self.lake, [each for each in CONTRACTS if each.stream == stream]
        PartitionLoader(wanted, lake.ledger, lake.storage, lake.loads, lake.postgres).load(day, "again")
        CatalogueRefresher(lake.dremio, lake.postgres, lake.storage, CONTRACTS).refresh(day)

    def empty_lists(self) -> dict[str, str]:
        """As staging reads them, of these streams."""
        rows = self.lake.dremio.query('select "stream", bronze_date from bronze.empty_lists')
        told = {row["stream"]: str(row["bronze_date"])[:10] for row in rows}
        return {stream: day for stream, day in told.items() if stream in (BISTRO, TAVERN)}

    def shown(self, view: str, day: date) -> dict[int, int]:
        """Guests by order, as the raw view shows the date."""
        rows = self.lake.dremio.query(
            f"select order_id, guests from bronze.{view} where bronze_date = date '{day}'"
        )
        return {row["order_id"]: row["guests"] for row in rows}

    @staticmethod
    def _extract(name: str, day: date, force_sync: bool) -> Any:
        now = datetime.now(UTC)
        run = SimpleNamespace(partition_key=day.isoformat(), start_date=now, run_after=now)
        operator = AirbyteExtractOperator(
            task_id="sync", connection_name=name, synchronous=timedelta(minutes=2)
        )
        return operator.execute({"params": {"force_sync": force_sync}, "dag_run": run, **task_memory({})})


@pytest.fixture(scope="module")
def nights(lake: Any, wire: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    folder: Path = tmp_path_factory.mktemp("connections")
    for name, mode in (("bistro", CHANGES), ("tavern", ALL)):
        (folder / f"{name}_postgres_to_lake.yaml").write_text(CONNECTION.format(name=name) + mode)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection_file, "CONNECTION_FILES", folder)
        for line in environment_lines(load_settings(environment=os.environ | wire)):
            name, value = line.split("=", 1)
            if name == "AIRFLOW_CONN_AIRBYTE_DEFAULT":
                patch.setenv(name, value)
            if name == "AIRFLOW_CONN_SHOP_POSTGRES":
                patch.setenv("AIRFLOW_CONN_BISTRO_POSTGRES", value)
        provision(lake.dremio, load_sources(), lake.access)
        client = LakehouseAirbyteHook().client
        provisioner = AirbyteProvisioner(client, BaseHook.get_connection, NothingRemembered())
        provisioner.apply(read_all_connection_files())
        seen = Nights(lake, wire)
        seen.change(
            "create schema bistro",
            "create table bistro.orders (order_id bigint primary key, guests int, updated_at timestamp)",
            "insert into bistro.orders select n, n, timestamp '2025-09-01' + n * interval '1 minute' "
            "from generate_series(1, 3) as n",
        )
        try:
            seen.run(FIRST)
            seen.change(
                "update bistro.orders set guests = 20, updated_at = '2025-09-02' where order_id = 2",
                "delete from bistro.orders where order_id = 3",
                "insert into bistro.orders values (4, 4, timestamp '2025-09-02 00:01')",
            )
            seen.run(SECOND)
            yield seen
        finally:
            seen.change("drop schema bistro cascade")


@pytest.mark.parametrize(
    ("connection", "stream", "first", "second"),
    [("bistro_postgres_to_lake", BISTRO, 3, 2), ("tavern_postgres_to_lake", TAVERN, 3, 3)],
)
def test_what_airbyte_counts_under_the_source_s_name_is_claimed_under_the_lake_s(
    nights: Nights, connection: str, stream: str, first: int, second: int
) -> None:
    """It failed for good: "orders (3 committed, 0 landed)"."""
    for day, rows in ((FIRST, first), (SECOND, second)):
        report = nights.reports[connection, day]
        claimed = {name: part["rows"] for name, part in report["detail"]["per_stream"].items()}
        assert claimed == {stream: rows}
        assert report["rows_in"] == report["rows_out"] == rows


def test_each_stream_has_its_own_partitions_and_its_own_view(nights: Nights) -> None:
    assert nights.shown("raw_bistro_orders", FIRST) == nights.shown("raw_tavern_orders", FIRST)
    assert nights.shown("raw_bistro_orders", FIRST) == {1: 1, 2: 2, 3: 3}
    assert nights.shown("raw_bistro_orders", SECOND) == {2: 20, 4: 4}
    assert nights.shown("raw_tavern_orders", SECOND) == {1: 1, 2: 20, 4: 4}


def test_a_view_of_the_newest_versions_is_there_for_the_contract_that_asks(nights: Nights) -> None:
    newest = nights.lake.dremio.query("select order_id, guests from bronze.bistro_orders")
    assert {row["order_id"]: row["guests"] for row in newest} == {1: 1, 2: 20, 3: 3, 4: 4}
    assert nights.lake.dremio.find(["bronze", "tavern_orders"]) is None


def test_a_list_that_is_emptied_is_told_from_changes_that_did_not_come(nights: Nights) -> None:
    """Its table, filled later and emptied again, kept its last rows in gold, as no row says it."""
    assert nights.empty_lists() == {}
    nights.change("delete from bistro.orders")
    nights.run(THIRD)
    assert nights.empty_lists() == {TAVERN: "2025-09-03"}, "nothing changed is not an empty list"
    load = nights.lake.loads.load_of("tavern_postgres", TAVERN, THIRD)
    assert (load.rows_loaded, load.list_is_empty) == (0, True)
    assert load.explanation == "the list is empty at the source"
    nights.load(TAVERN, SECOND)
    nights.load(TAVERN, THIRD)
    assert nights.empty_lists() == {TAVERN: "2025-09-03"}, "a replay changes nothing"
    nights.change("insert into bistro.orders values (5, 5, timestamp '2025-09-04')")
    nights.run(FOURTH)
    assert nights.shown("raw_tavern_orders", FOURTH) == {5: 5}
    assert nights.empty_lists() == {TAVERN: "2025-09-03"}


def test_a_later_sync_of_the_date_decides_whether_its_list_is_empty(nights: Nights) -> None:
    """The rows of an earlier one stay in the partition, as the sync that brought them is older."""
    nights.change("delete from bistro.orders")
    nights.run(FOURTH, force_sync=True)
    assert nights.shown("raw_tavern_orders", FOURTH) == {5: 5}
    assert nights.empty_lists() == {TAVERN: "2025-09-04"}
    nights.change("insert into bistro.orders values (6, 6, timestamp '2025-09-05')")
    nights.run(FOURTH, force_sync=True)
    assert nights.shown("raw_tavern_orders", FOURTH)[6] == 6
    assert nights.empty_lists() == {TAVERN: "2025-09-03"}
