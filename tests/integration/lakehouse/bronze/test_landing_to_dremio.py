"""From landing objects to rows that Dremio shows, on the real object store, PostgreSQL and engine.

The tests use business dates of their own, so that they may run in any order.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest

from lakehouse.bronze.catalogue import BronzeCatalogue, PartitionNotVisibleError
from lakehouse.bronze.contract import load_contract, load_contracts
from lakehouse.bronze.landing_ledger import LandingIncompleteError
from lakehouse.bronze.operators import LoadBronzeStreamOperator, RefreshBronzeCatalogueOperator
from lakehouse.bronze.parquet_footer import LandingFileUnreadableError
from lakehouse.bronze.partition_loader import ContractBrokenError, NothingClaimedError
from lakehouse.dremio.errors import (
    DremioJobCanceledError,
    DremioJobFailedError,
    DremioJobTimeoutError,
    ReflectionInvalidError,
)
from lakehouse.dremio.operators import DremioSqlOperator, ProvisionDremioOperator
from lakehouse.dremio.reflection_operators import DremioRefreshReflectionsOperator
from lakehouse.dremio.sources import load_catalogue, provision
from lakehouse.dremio.states import JobState
from lakehouse.lake_layout import bronze_data_key, quarantine_key
from lakehouse.lake_storage import StorageRefusedError

Land = Callable[..., str]
STREAMS = [contract.stream for contract in load_contracts()]


def order(order_id: int, day: date, **changes: Any) -> dict[str, Any]:
    noon = datetime(day.year, day.month, day.day, 12)
    return {
        "order_id": order_id,
        "customer_id": 7,
        "product_id": 3,
        "order_date": day,
        "quantity": 2,
        "unit_price": Decimal("5.00"),
        "amount": Decimal("10.00"),
        "status": "completed",
        "created_at": noon,
        "updated_at": noon,
        "deleted_at": None,
    } | changes


def customer(customer_id: int, name: str, changed: datetime) -> dict[str, Any]:
    return {"customer_id": customer_id, "name": name, "created_at": changed, "updated_at": changed}


class StateStore(dict[str, Any]):
    """The task's own memory, as Airflow keeps it between attempts."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value


def context(day: date, store: StateStore | None = None) -> Any:
    return {
        "dag_run": SimpleNamespace(partition_key=day.isoformat(), clear_number=0),
        "run_id": "test",
        "task_state_store": StateStore() if store is None else store,
    }


def content(lake: Any, key: str) -> bytes:
    answer: bytes = lake.storage.client.get_object(Bucket=lake.storage.bucket, Key=key)["Body"].read()
    return answer


def test_a_landing_object_belongs_to_the_date_that_claims_it_first(lake: Any, land_file: Land) -> None:
    first, second = date(2025, 1, 1), date(2025, 1, 2)
    key = land_file("postgres", "orders", "2025_01_01_1_0", [order(1, first), order(2, first)])
    assert not lake.ledger.is_complete("postgres", first)
    report = lake.ledger.claim("postgres", first, 11, 2)
    assert (report.rows, report.files) == (2, 1)
    assert report.per_stream["orders"].rows == 2
    assert lake.ledger.is_complete("postgres", first)
    assert lake.ledger.claim("postgres", second, 12, 0).files == 0
    assert [file.key for file in lake.ledger.files("postgres", "orders", first)] == [key]


def test_claiming_a_job_again_adds_what_was_missing_and_counts_its_rows_once(
    lake: Any, land_file: Land
) -> None:
    day = date(2025, 1, 3)
    land_file("postgres", "orders", "2025_01_03_1_0", [order(1, day)])
    lake.ledger.claim("postgres", day, 21, 1)
    again = lake.ledger.claim("postgres", day, 21, 1)
    assert (again.rows, again.files) == (1, 1)
    land_file("postgres", "orders", "2025_01_03_2_0", [order(2, day)])
    assert lake.ledger.claim("postgres", day, 22, 1).rows == 2
    sql = "select jobs, rows_emitted from landing_syncs where business_date = '2025-01-03'"
    assert lake.postgres.rows(sql) == [({"21": 1, "22": 1}, 2)]


def test_rows_that_airbyte_committed_and_landing_lacks_fail_and_claim_nothing(
    lake: Any, land_file: Land
) -> None:
    day = date(2025, 1, 4)
    land_file("postgres", "orders", "2025_01_04_1_0", [order(1, day)])
    with pytest.raises(LandingIncompleteError, match="job 31"):
        lake.ledger.claim("postgres", day, 31, 5)
    assert not lake.ledger.is_complete("postgres", day)
    assert lake.ledger.claim("postgres", day, 31, 1).rows == 1


def test_a_truncated_landing_object_is_named_when_it_is_claimed(lake: Any) -> None:
    day, key = date(2025, 1, 5), "bronze/landing/source=torn/orders/2025_01_05_1_0.parquet"
    lake.storage.client.put_object(Bucket=lake.storage.bucket, Key=key, Body=b"PAR1 not to the end")
    with pytest.raises(LandingFileUnreadableError, match=key):
        lake.ledger.claim("torn", day, 41, 0)
    assert not lake.ledger.is_complete("torn", day)
    lake.storage.delete(key)


def test_a_partition_is_published_and_a_replay_gives_the_same_bytes(lake: Any, land_file: Land) -> None:
    day = date(2025, 2, 1)
    newer = datetime(2025, 2, 1, 13)
    land_file("postgres", "orders", "2025_02_01_1_0", [order(1, day), order(2, day, amount=Decimal(-1))])
    land_file("postgres", "orders", "2025_02_01_2_0", [order(1, day, status="refunded", updated_at=newer)])
    lake.ledger.claim("postgres", day, 51, 3)
    operator = LoadBronzeStreamOperator(task_id="load_orders", stream="orders")
    report = operator.execute(context(day))
    assert (report["rows_in"], report["rows_out"], report["rows_quarantined"]) == (3, 1, 1)
    assert report["detail"]["rows_deduplicated"] == 1

    key = bronze_data_key("postgres", "orders", day)
    first = content(lake, key)
    [row] = pq.read_table(io.BytesIO(first)).to_pylist()
    assert (row["order_id"], row["status"]) == (1, "refunded")
    [bad] = pq.read_table(io.BytesIO(content(lake, quarantine_key("orders", day)))).to_pylist()
    assert bad["reason"] == "amount: '-1.00' is not above 0"
    recorded = (
        "select state, rows_in, rows_loaded, rows_deduplicated, rows_quarantined, landing_files "
        "from bronze_loads where business_date = '2025-02-01'"
    )
    assert lake.postgres.rows(recorded) == [("loaded", 3, 1, 1, 1, 2)]

    lake.storage.delete(key)
    operator.execute(context(day))
    assert content(lake, key) == first


def test_a_date_without_changes_publishes_an_empty_partition(lake: Any) -> None:
    day = date(2025, 2, 2)
    lake.ledger.claim("api", day, 61, 0)
    report = LoadBronzeStreamOperator(task_id="load_shipments", stream="shipments").execute(context(day))
    assert report["detail"]["empty"] is True
    schema = pq.read_schema(io.BytesIO(content(lake, bronze_data_key("api", "shipments", day))))
    assert schema.equals(load_contract("shipments").schema)


def test_a_date_that_was_never_extracted_is_refused(lake: Any) -> None:
    with pytest.raises(NothingClaimedError, match="run its extract stage"):
        lake.loader("orders").load(date(2025, 2, 3), "test")


def test_too_many_bad_rows_leave_the_partition_as_it_was_and_name_the_quarantine(
    lake: Any, land_file: Land
) -> None:
    day = date(2025, 2, 4)
    land_file("postgres", "orders", "2025_02_04_1_0", [order(1, day)])
    lake.ledger.claim("postgres", day, 71, 1)
    lake.loader("orders").load(day, "test")
    before = content(lake, bronze_data_key("postgres", "orders", day))
    bad = [order(number, day, amount=Decimal(0)) for number in range(2, 150)]
    land_file("postgres", "orders", "2025_02_04_2_0", bad)
    lake.ledger.claim("postgres", day, 72, 148)
    with pytest.raises(ContractBrokenError, match=r"148 of 149 rows break .*quarantine/orders"):
        lake.loader("orders").load(day, "test")
    assert content(lake, bronze_data_key("postgres", "orders", day)) == before
    assert len(pq.read_table(io.BytesIO(content(lake, quarantine_key("orders", day))))) == 148
    state = "select state from bronze_loads where business_date = '2025-02-04' and stream = 'orders'"
    assert lake.postgres.rows(state) == [("rejected",)]


def test_wrong_keys_are_refused_with_the_connections_name(lake: Any, wire: dict[str, str]) -> None:
    import boto3

    from lakehouse.lake_storage import LakeStorage

    client = boto3.client(
        "s3",
        endpoint_url=wire["LAKE_S3_ENDPOINT"],
        aws_access_key_id=wire["LAKE_S3_ACCESS_KEY"],
        aws_secret_access_key="wrong",
        region_name=wire["LAKE_S3_REGION"],
    )
    with pytest.raises(StorageRefusedError, match="lake_s3"):
        list(LakeStorage(client, lake.storage.bucket).objects("bronze/"))


def test_provisioning_creates_once_changes_only_what_differs_and_repairs(lake: Any) -> None:
    names = {"lake_bronze", "staging", "intermediate", "marts", "gold", "bronze"}
    ProvisionDremioOperator(task_id="provision").execute(context(date(2025, 3, 1)))
    again = ProvisionDremioOperator(task_id="provision").execute(context(date(2025, 3, 1)))
    assert again["detail"]["dremio"] == dict.fromkeys(names, "unchanged")
    gold = lake.dremio.find(["gold"])
    zstd = {"name": "store.parquet.compression", "value": "zstd"}
    gold["config"]["propertyList"] = [each for each in gold["config"]["propertyList"] if each != zstd]
    lake.dremio.update(gold["id"], gold)
    changes = provision(lake.dremio, load_catalogue(), lake.access)
    assert changes == dict.fromkeys(names, "unchanged") | {"gold": "updated"}
    assert zstd in lake.dremio.find(["gold"])["config"]["propertyList"]


@pytest.fixture
def visible_nights(lake: Any, land_file: Land) -> tuple[date, date]:
    """Two nights of every stream, loaded and shown in Dremio."""
    provision(lake.dremio, load_catalogue(), lake.access)
    nights = (date(2025, 4, 1), date(2025, 4, 2))
    for job, day in enumerate(nights, start=100):
        if lake.ledger.is_complete("postgres", day):
            continue
        changed = datetime(day.year, day.month, day.day, 9)
        stamp = f"{day:%Y_%m_%d}_1_0"
        land_file("postgres", "orders", stamp, [order(number, day) for number in range(job, job + 3)])
        land_file("postgres", "customers", stamp, [customer(1, f"name of {day}", changed)])
        lake.ledger.claim("postgres", day, job, 0)
        lake.ledger.claim("api", day, job, 0)
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
    operator = DremioRefreshReflectionsOperator(task_id="refresh", timeout=timedelta(seconds=20))
    day = visible_nights[1]
    first = operator.execute(context(day))["detail"]
    assert first["reflections_refreshed"] == 3
    assert set(first["reflections_changed"].values()) <= {"created", "updated"}
    store = StateStore()
    second = operator.execute(context(day, store))["detail"]
    assert second["reflections_changed"] == {}
    fetched = [
        {each["title"]: each["last_data_fetch"] for each in run["reflections"]} for run in (first, second)
    ]
    assert all(fetched[1][title] > fetched[0][title] for title in fetched[0])
    assert store["reflection_refresh"]["over"] is True


def test_a_missing_dataset_names_the_reflection(lake: Any, visible_nights: tuple[date, date]) -> None:
    lake.dremio.run("drop table if exists gold.orders")
    with pytest.raises(
        ReflectionInvalidError, match=r"agg_daily_revenue on gold\.orders: there is no such dataset"
    ):
        DremioRefreshReflectionsOperator(task_id="refresh").execute(context(visible_nights[1]))


def test_a_statement_reports_its_job_and_a_wrong_one_fails_with_the_engines_words(lake: Any) -> None:
    store = StateStore()
    report = DremioSqlOperator(task_id="sql", sql="select 1 as one").execute(context(date(2025, 3, 1), store))
    [job] = report["external_jobs"]
    assert job["id"] == store["dremio_job_id"]
    with pytest.raises(DremioJobFailedError, match=r"Dremio job [0-9a-f-]+ failed: .*nowhere"):
        DremioSqlOperator(task_id="sql", sql="select * from nowhere.x").execute(context(date(2025, 3, 1)))


def test_a_retry_attaches_to_the_running_job_and_the_deadline_cancels_it(
    lake: Any, visible_nights: tuple[date, date]
) -> None:
    endless = "select count(*) from " + ", ".join(f"bronze.raw_orders t{number}" for number in range(16))
    running = lake.dremio.submit(endless)
    operator = DremioSqlOperator(task_id="sql", sql=endless, timeout=timedelta(seconds=1))
    with pytest.raises(DremioJobTimeoutError, match=running):
        operator.execute(context(date(2025, 3, 1), StateStore({"dremio_job_id": running})))
    assert lake.dremio.wait(running, 10).state is JobState.CANCELED


def test_a_canceled_job_fails_the_task_and_names_the_job(
    lake: Any, visible_nights: tuple[date, date]
) -> None:
    endless = "select count(*) from " + ", ".join(f"bronze.raw_orders t{number}" for number in range(16))
    operator = DremioSqlOperator(task_id="sql", sql=endless)
    store = StateStore({"dremio_job_id": lake.dremio.submit(endless)})
    threading.Timer(0.5, lambda: lake.dremio.cancel(store["dremio_job_id"])).start()
    with pytest.raises(DremioJobCanceledError, match=store["dremio_job_id"]):
        operator.execute(context(date(2025, 3, 1), store))


def test_a_job_of_an_earlier_run_that_is_over_is_not_taken_up(lake: Any) -> None:
    finished = lake.dremio.run("select 1 as one").id
    store = StateStore({"dremio_job_id": finished})
    DremioSqlOperator(task_id="sql", sql="select 2 as two").execute(context(date(2025, 3, 1), store))
    assert store["dremio_job_id"] != finished
