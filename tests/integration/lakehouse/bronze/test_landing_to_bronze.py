"""From landing objects to published partitions, on the real object store and PostgreSQL.

The tests use business dates of their own, so that they may run in any order.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
import pytest

from lakehouse.bronze.contract_file import load_contract
from lakehouse.bronze.operators import LoadBronzeStreamOperator
from lakehouse.bronze.partition_loader import NothingClaimedError
from lakehouse.bronze.rejection import ContractBrokenError
from lakehouse.landing.footers import LandingFileUnreadableError
from lakehouse.landing.ledger_rows import LandingIncompleteError
from lakehouse.platform.database import LedgerMissingError
from lakehouse.platform.lake_layout import bronze_data_key, quarantine_key
from lakehouse.platform.storage import StorageRefusedError
from tests.integration.lakehouse.bronze.night_rows import context, order

Land = Callable[..., str]


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


def test_what_a_date_s_own_sync_landed_waits_for_it(lake: Any, land_file: Land) -> None:
    """Two dates of a backfill: the first one's worker died between its sync and its claim, and the second
    date claimed all there was; the first could never be complete again."""
    first, second = date(2025, 1, 6), date(2025, 1, 7)
    lake.ledger.keep_for("postgres", first, 61)
    land_file("postgres", "orders", "2025_01_06_1_0", [order(1, first)], sync_id=61)
    lake.ledger.keep_for("postgres", second, 62)
    land_file("postgres", "orders", "2025_01_07_1_0", [order(2, second), order(3, second)], sync_id=62)
    assert lake.ledger.date_of_job("postgres", 61) == first
    assert lake.ledger.claim("postgres", second, 62, 2).rows == 2
    assert lake.ledger.claim("postgres", first, 61, 1).rows == 1


def test_what_a_date_never_came_back_for_goes_to_the_next_and_is_not_missed_later(
    lake: Any, land_file: Land
) -> None:
    gone, following = date(2025, 1, 8), date(2025, 1, 9)
    lake.ledger.keep_for("postgres", gone, 63)
    land_file("postgres", "orders", "2025_01_08_1_0", [order(1, gone)], sync_id=63)
    lake.postgres.execute("update landing_jobs set begun_at = now() - interval '7 hours' where job_id = '63'")
    assert lake.ledger.date_of_job("postgres", 63) is None
    assert lake.ledger.claim("postgres", following, 64, 0).rows == 1
    assert lake.ledger.claim("postgres", gone, 63, 1).rows == 0


def test_a_platform_without_ledger_says_what_to_run(lake: Any) -> None:
    lake.postgres.execute("alter table landing_syncs rename to away")
    try:
        with pytest.raises(LedgerMissingError, match=r'run provision_platform: .*"landing_syncs"'):
            lake.ledger.is_complete("postgres", date(2025, 1, 1))
    finally:
        lake.postgres.execute("alter table away rename to landing_syncs")


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

    from lakehouse.platform.storage import LakeStorage

    client = boto3.client(
        "s3",
        endpoint_url=wire["LAKE_S3_ENDPOINT"],
        aws_access_key_id=wire["LAKE_S3_ACCESS_KEY"],
        aws_secret_access_key="wrong",
        region_name=wire["LAKE_S3_REGION"],
    )
    with pytest.raises(StorageRefusedError, match="lake_s3"):
        list(LakeStorage(client, lake.storage.bucket).objects("bronze/"))
