"""What PostgreSQL's receipts say about nights and about the age of gold."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from lakehouse.observe.facts.freshness import data_age, model_builds
from lakehouse.observe.facts.nights import (
    RunState,
    night,
    recent_nights,
    stage_runs,
)
from lakehouse.platform.database import PostgresConnections
from testing.lakehouse.night_records import store, task_record, whole_night

# No other test of the suite uses dates of these years: the newest date of all receipts is this test's.
NEWEST = date(2099, 3, 10)
BEFORE = date(2099, 3, 9)
T0 = datetime(2099, 3, 10, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def history(postgres: PostgresConnections) -> PostgresConnections:
    older = T0 - timedelta(days=1)
    store(postgres, whole_night(BEFORE, older, seconds=30))
    published = task_record(
        BEFORE, "test_data_quality", older, 20, task_id="gold.publish_orders", emits_asset=False,
        models={"orders": {"rows": 7, "seconds": 1.0}},
    )  # fmt: skip
    store(postgres, [published])
    failed = task_record(
        NEWEST, "load_bronze", T0 + timedelta(minutes=9), 5, state="failed", run_id="asset_triggered__3",
        emits_asset=False, error="ContractBrokenError: orders",
    )  # fmt: skip
    waiting = task_record(
        NEWEST, "extract_apis", T0, 5, task_id="sync", state="up_for_retry", emits_asset=False, attempts=2,
        run_id="scheduled__2",
    )  # fmt: skip
    store(postgres, [failed, waiting])
    return postgres


def test_a_receipt_of_a_date_is_the_one_that_the_file_has(history: PostgresConnections) -> None:
    told = night(history, NEWEST)
    assert told["state"] == "failed"
    assert told["stages"]["load_bronze"]["tasks"][0]["error"] == "ContractBrokenError: orders"
    assert told["stages"]["warm_dashboards"]["state"] == "not_started"


def test_nights_come_newest_first(history: PostgresConnections) -> None:
    assert [each["business_date"] for each in recent_nights(history, 2)] == ["2099-03-10", "2099-03-09"]
    assert recent_nights(history, 0) == []


def test_a_run_is_failed_running_or_done(history: PostgresConnections) -> None:
    runs = {run.stage: run for run in stage_runs(history, business_date=NEWEST)}
    assert runs["load_bronze"].state is RunState.FAILED
    waiting = runs["extract_apis"]
    assert (waiting.state, waiting.retrying, waiting.ended_at, waiting.seconds) == (
        "running",
        True,
        None,
        None,
    )
    assert waiting.run_type == "scheduled"
    done = next(run for run in stage_runs(history, business_date=BEFORE, stage_name="warm_dashboards"))
    assert (done.state, done.seconds, done.rows_in) == (RunState.SUCCESS, 30.0, 100)


def test_age_counts_from_the_newest_date_that_was_published(history: PostgresConnections) -> None:
    ages = {each.table: each for each in data_age(history, T0)}
    assert ages["gold.orders"].business_date == BEFORE
    assert ages["gold.orders"].age == timedelta(hours=25)
    assert ages["gold.orders"].published_at == T0 - timedelta(days=1) + timedelta(seconds=20)
    store(
        history,
        [
            task_record(
                date(2098, 1, 1), "test_data_quality", T0, 1, task_id="gold.publish_orders",
                emits_asset=False, models={"orders": {"rows": None, "seconds": 1.0}},
            )
        ],
    )  # fmt: skip
    replayed = {each.table: each for each in data_age(history, T0)}
    assert replayed["gold.orders"] == ages["gold.orders"], "replaying an old date makes nothing younger"


def test_age_is_never_negative_when_the_clock_jumps_back(history: PostgresConnections) -> None:
    ages = {each.table: each for each in data_age(history, T0 - timedelta(days=30))}
    assert ages["gold.orders"].age == timedelta(0)


def test_builds_say_how_many_rows_changed(history: PostgresConnections) -> None:
    rows = [
        each.rows for each in model_builds(history) if (each.model, each.business_date) == ("orders", BEFORE)
    ]
    assert rows == [7]
