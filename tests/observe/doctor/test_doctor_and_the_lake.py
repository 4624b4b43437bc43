"""Probes of the lake: files without account, accounts without files, and keys without rights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from lakehouse.observe.doctor import connections, lake_files
from lakehouse.observe.doctor.clock import clock_look
from lakehouse.observe.doctor.finding import Severity
from lakehouse.observe.doctor.probes import chosen
from lakehouse.observe.doctor.run import examine, exit_code
from lakehouse.platform.names import LAKE_CONNECTION
from tests.observe.doctor.conftest import BUCKET, Clinic, lake_connection

LOOKS = {conn_id: look for conn_id, (look, _) in connections.connection_looks().items()}
LOADED = (
    "insert into bronze_loads (source, stream, business_date, state, rows_in, rows_loaded, rows_deduplicated,"
    " rows_quarantined, landing_files, bytes, run_id)"
    " values ('postgres', 'orders', %s, 'loaded', %s, 0, 0, %s, 0, 0, 'doctor')"
)


@pytest.fixture(autouse=True)
def nothing_left(clinic: Clinic) -> Any:
    yield
    for table in ("bronze_loads", "bronze_publications", "landing_files"):
        clinic.superuser("platform", f"delete from {table} where business_date < '2000-01-01'")


def test_a_bucket_that_can_be_used_has_no_finding_and_nothing_is_left_in_it(clinic: Clinic) -> None:
    clinic.lake.put(b"some", "bronze/some")
    assert clinic.found(LOOKS[LAKE_CONNECTION]) == []
    assert [item.key for item in clinic.lake.objects("")] == ["bronze/some"]
    uploads = clinic.lake.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads") or []
    assert uploads == []


def test_wrong_keys_and_a_missing_bucket_are_told_apart(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = f"AIRFLOW_CONN_{LAKE_CONNECTION.upper()}"
    monkeypatch.setenv(variable, lake_connection(clinic.wire, password="wrong-secret"))
    [refused] = clinic.found(LOOKS[LAKE_CONNECTION])
    assert "may not use s3://doctor" in refused.what
    assert "wrong-secret" not in repr(refused)
    monkeypatch.setenv(variable, lake_connection(clinic.wire).replace(f'"{BUCKET}"', '"absent"'))
    [absent] = clinic.found(LOOKS[LAKE_CONNECTION])
    assert absent.what == "the bucket absent does not exist"
    assert absent.command == "bin/airflow dags trigger provision_platform"


def test_the_clock_of_s3_is_compared(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    assert clinic.found(clock_look("s3")) == []
    asked = clinic.around.lake()
    monkeypatch.setattr(type(clinic.around), "lake", lambda self: asked)
    monkeypatch.setattr(type(clinic.around), "now", lambda self: datetime.now(UTC) + timedelta(hours=1))
    [found] = clinic.found(clock_look("s3"))
    assert (found.severity, "behind" in found.what) == (Severity.ERROR, True)


def test_partitions_without_account_and_accounts_without_partition(clinic: Clinic) -> None:
    clinic.lake.put(b"a", "bronze/postgres/orders/date=1999-01-01/data.parquet")
    clinic.lake.put(b"b", "bronze/postgres/orders/date=1999-01-02/data.parquet")
    for day in ("1999-01-02", "1999-01-03"):
        clinic.superuser("platform", LOADED, day, 0, 0)
    clinic.superuser(
        "platform",
        "insert into bronze_publications values"
        " ('postgres', 'orders', '1999-01-04', now() - interval '2 hours'),"
        " ('postgres', 'orders', '1999-01-05', now())",
    )
    found = {each.what: each for each in clinic.found(lake_files.bronze_files_look)}
    assert set(found) == {
        "bronze has a partition of postgres.orders 1999-01-01 without an account",
        "the partition of postgres.orders 1999-01-03 is gone",
        "a publication of postgres.orders 1999-01-04 was cut short",
    }
    commands = {each.command for each in found.values()}
    assert "bin/airflow dags clear load_bronze --partition-key 1999-01-03 --yes" in commands


def test_gold_and_what_dremio_owns_is_never_called_an_orphan(clinic: Clinic) -> None:
    for key in ("gold/orders/a.parquet", "marts/x/b.parquet", "silver/cleaned/y/c.parquet"):
        clinic.lake.put(b"x", key)
    for look in (
        lake_files.bronze_files_look,
        lake_files.landing_files_look,
        lake_files.quarantine_files_look,
    ):
        assert clinic.found(look) == []


def test_landing_objects_that_nobody_claimed_and_claims_that_are_gone(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = "bronze/landing/source=postgres/orders"
    for name in ("claimed", "unclaimed", "expired"):
        clinic.lake.put(b"12345", f"{folder}/{name}.parquet")
    for name, expired in (("claimed", None), ("expired", "now"), ("gone", None), ("gone-by-policy", "now")):
        clinic.superuser(
            "platform",
            "insert into landing_files values (%s, 'postgres', 'orders', '1999-01-01', '1', 0, 5, now(), %s)",
            f"{folder}/{name}.parquet",
            expired,
        )
    assert [each.evidence for each in clinic.found(lake_files.landing_files_look)] == [
        f"{folder}/gone.parquet"
    ]
    monkeypatch.setattr(lake_files, "UNCLAIMED_FOR", timedelta(seconds=-60))
    unclaimed, gone = clinic.found(lake_files.landing_files_look)
    assert unclaimed.what == "1 landing objects of postgres were claimed by no date for more than a night"
    assert unclaimed.command == "bin/airflow dags trigger extract_postgres --conf '{\"force_sync\": true}'"
    assert "cannot be replayed" in gone.what


def test_quarantine_without_account(clinic: Clinic) -> None:
    for day in ("1999-01-01", "1999-01-02"):
        clinic.lake.put(b"a", f"bronze/quarantine/orders/date={day}/rows.parquet")
    clinic.superuser("platform", LOADED, "1999-01-02", 3, 3)
    assert clinic.what(lake_files.quarantine_files_look) == [
        "quarantine has rows of orders 1999-01-01 without an account"
    ]


def test_a_listing_that_takes_too_long_is_said_and_is_no_clean_bill(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        clinic.lake.put(b"a", f"bronze/landing/source=postgres/orders/{number}.parquet")
    monkeypatch.setattr(lake_files._Patience.__init__, "__defaults__", (-1.0, lake_files.time.monotonic))
    outcomes = examine(chosen(["files.landing"]), clinic.around)
    assert "objects could be listed" in str(outcomes[0].not_seen)
    assert exit_code(outcomes) == 2
