"""After a night that failed and was run again: every metric is there, and right against its source."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.dremio.client import DremioClient
from lakehouse.observe.metrics.catalogue import METRICS
from lakehouse.platform.database import transaction
from testing.lakehouse.observed_night import ObservedNight
from testing.waiting import wait_until

SPECIFIED = list(METRICS)[:12]
"""The specification's metrics stand first in the catalog; a unit test holds their names."""

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(wire: Mapping[str, str]) -> Series:
    text = httpx.get(f"{wire['OBSERVER_URL']}/metrics", timeout=60).raise_for_status().text
    found: Series = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, labels, value = re.fullmatch(r"([a-z_A-Z0-9]+)(?:\{(.*)\})? (\S+)", line).groups()  # type: ignore[union-attr]
            pairs = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")
            found[name, frozenset(pairs)] = float(value)
    return found


def total(series: Series, name: str, **labels: str) -> float:
    return sum(value for (each, has), value in series.items() if each == name and set(labels.items()) <= has)


@pytest.fixture(scope="module")
def wire(observed_night: ObservedNight) -> dict[str, str]:
    return observed_night.platform.addresses()


@pytest.fixture(scope="module")
def series(wire: dict[str, str]) -> Series:
    """A scrape after a gathering that began when the night had ended."""

    def rounds() -> int:
        loops = httpx.get(f"{wire['OBSERVER_URL']}/health", timeout=60).json()["loops"]
        return next(int(loop["rounds"]) for loop in loops if loop["name"] == "gather metrics")

    before = rounds()
    wait_until(lambda: rounds() >= before + 2, "two more gatherings have ended", 300, look_every=1)
    return scrape(wire)


@pytest.fixture(scope="module")
def jobs(wire: dict[str, str]) -> list[dict[str, Any]]:
    airbyte = AirbyteClient(wire["AIRBYTE_URL"], wire["AIRBYTE_CLIENT_ID"], wire["AIRBYTE_CLIENT_SECRET"])
    return list(airbyte.listed("/jobs", {"jobType": "sync"}))


@pytest.mark.parametrize("name", SPECIFIED)
def test_each_of_the_twelve_metrics_is_exported_and_not_zero(series: Series, name: str) -> None:
    shown = f"{name}_count" if METRICS[name].kind == "histogram" else name
    assert total(series, shown) > 0


def test_records_synced_are_what_airbyte_says_and_what_landed(
    series: Series, jobs: list[dict[str, Any]], observed_night: ObservedNight
) -> None:
    with transaction(observed_night.postgres) as cursor:
        cursor.execute("select sum(rows) from landing_files")
        [landed] = cursor.fetchone()
    said = sum(int(job.get("rowsSynced") or 0) for job in jobs)
    assert total(series, "airbyte_records_synced_total") == said == landed > 5000


def test_failed_and_succeeded_jobs_are_counted(series: Series, jobs: list[dict[str, Any]]) -> None:
    states = [job["status"] for job in jobs]
    assert states.count("failed") >= 1, "the planted fault: the shop refused every connection"
    assert total(series, "airbyte_sync_failures_total") == states.count("failed")
    for state in ("failed", "succeeded"):
        assert total(series, "airbyte_sync_duration_seconds_count", outcome=state) == states.count(state)


def test_models_are_counted_as_dbt_s_history_has_them(series: Series, observed_night: ObservedNight) -> None:
    with transaction(observed_night.postgres) as cursor:
        cursor.execute(
            "select count(*) from dbt_run_history, jsonb_array_elements(metadata -> 'results') as result"
            " where result ->> 'unique_id' like 'model.%%'"
        )
        [ran] = cursor.fetchone()
    assert total(series, "dbt_model_execution_time_count") == ran > 10


def test_queries_are_those_that_dremio_remembers(series: Series, wire: dict[str, str]) -> None:
    dremio = DremioClient(
        f"http://{wire['DREMIO_HOST']}:{wire['DREMIO_PORT']}", wire["DREMIO_USER"], wire["DREMIO_PASSWORD"]
    )
    [row] = dremio.query(
        "select count(*) as jobs from sys.jobs_recent"
        " where query not like '%from sys.%' and status = 'COMPLETED'"
    )
    counted = total(series, "dremio_query_duration_seconds_count", outcome="succeeded")
    assert 0 <= int(row["jobs"]) - counted <= 5, "but for what ran between the gathering and this question"
    [row] = dremio.query("select count(*) as built from sys.materializations where state = 'DONE'")
    assert (
        total(series, "dremio_reflection_refresh_seconds_count", outcome="succeeded") >= int(row["built"]) > 0
    )


def test_the_lake_s_size_is_what_a_listing_finds(series: Series, wire: dict[str, str]) -> None:
    store = boto3.client(
        "s3",
        endpoint_url=wire["LAKE_S3_ENDPOINT"],
        aws_access_key_id=wire["LAKE_S3_ACCESS_KEY"],
        aws_secret_access_key=wire["LAKE_S3_SECRET_KEY"],
        region_name=wire["LAKE_S3_REGION"],
        config=Config(s3={"addressing_style": "path"}),
    )
    pages = store.get_paginator("list_objects_v2").paginate(Bucket=wire["LAKE_S3_BUCKET"])
    sizes = [item["Size"] for page in pages for item in page.get("Contents", [])]
    # Logs may be shipped into the lake between the two.
    assert total(series, "minio_objects_total") == pytest.approx(len(sizes), rel=0.1)
    assert total(series, "minio_disk_usage_bytes") == pytest.approx(sum(sizes), rel=0.1)
    assert total(series, "minio_disk_capacity_bytes") > total(series, "minio_disk_usage_bytes")


def succeeded_runs(observed_night: ObservedNight, stage: str) -> int:
    """Runs of the stage for the observed date whose last task succeeded."""
    with transaction(observed_night.postgres) as cursor:
        cursor.execute(
            "select count(distinct run_id) from night_receipts"
            " where business_date = %s and stage = %s and emits_asset and state = 'success'",
            (observed_night.date, stage),
        )
        [runs] = cursor.fetchone()
    assert runs >= 1
    return int(runs)


def test_stages_and_layers_are_what_the_receipt_says(series: Series, observed_night: ObservedNight) -> None:
    receipt = observed_night.platform.receipt(observed_night.date)
    for name in ("transform_staging", "load_bronze", "warm_dashboards"):
        seconds = total(series, "lakehouse_stage_latest_seconds", stage=name)
        assert seconds == pytest.approx(receipt["stages"][name]["seconds"], abs=0.1)
    rows = receipt["stages"]["load_bronze"]["rows_out"]
    assert rows > 0
    # Airflow may have started the stage before the second extract was done, and so once more: each run wrote.
    runs = succeeded_runs(observed_night, "load_bronze")
    assert total(series, "lakehouse_layer_rows_total", layer="bronze") == rows * runs
    failed = total(
        series, "lakehouse_stage_duration_seconds_count", stage="extract_postgres", outcome="failed"
    )
    assert failed == 1


def test_dashboards_are_warm_and_were_seen(series: Series, observed_night: ObservedNight) -> None:
    warmed = observed_night.platform.receipt(observed_night.date)["stages"]["warm_dashboards"]
    [detail] = [t["report"]["detail"] for t in warmed["tasks"] if "slowest_hit_ms" in json.dumps(t)]
    labels = {"dashboard": detail["dashboard"], "seen_by": "warm-up"}
    runs = succeeded_runs(observed_night, "warm_dashboards")
    assert total(series, "superset_dashboard_load_time_count", **labels) == runs
    seconds = total(series, "superset_dashboard_load_time_sum", **labels)
    assert seconds >= detail["slowest_hit_ms"] / 1000
    if runs == 1:
        assert seconds == pytest.approx(detail["slowest_hit_ms"] / 1000)
    assert 0 < total(series, "superset_query_cache_hit_rate", dashboard=detail["dashboard"]) <= 1
    assert total(series, "superset_queries_total", cached="yes") >= detail["hits"]


def test_nothing_that_is_watched_is_silent(series: Series) -> None:
    up = {
        dict(has)["source"]: value for (name, has), value in series.items() if name == "lakehouse_source_up"
    }
    assert len(up) >= 10
    assert set(up.values()) == {1.0}
    assert total(series, "postgres_replication_slot_lag_bytes") > 0
    assert len([1 for name, _ in series if name == "lakehouse_gold_data_age_seconds"]) == 4
