"""Deadlines bind the nights that run by the clock, and wake nobody for a replay."""

from __future__ import annotations

import asyncio
import inspect
import logging
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk._shared.module_loading import import_string
from airflow.serialization.decoders import decode_deadline_alert
from airflow.serialization.encoders import encode_deadline_alert

from lakehouse.night.deadlines import deadline_of, planned_end
from lakehouse.night.plan import stage
from lakehouse.night.starting import start_id
from lakehouse.observe.incidents import deadline
from lakehouse.observe.incidents.deadline import tell_missed_deadline

BRONZE = stage("load_bronze")


@pytest.mark.parametrize("run_type", ["scheduled", "asset_triggered"])
def test_a_run_of_tonights_night_is_due_at_its_planned_end(run_type: str) -> None:
    queued = datetime(2025, 10, 16, 2, 10, tzinfo=UTC)
    assert planned_end(BRONZE, run_type, "2025-10-16", queued) == datetime(2025, 10, 16, 2, 30, tzinfo=UTC)


def test_a_run_that_comes_too_late_is_overdue_at_once() -> None:
    queued = datetime(2025, 10, 16, 4, 0, tzinfo=UTC)
    due = planned_end(BRONZE, "asset_triggered", "2025-10-16", queued)
    assert due is not None
    assert due < queued


@pytest.mark.parametrize(
    ("run_type", "key", "queued"),
    [
        pytest.param("manual", "2025-10-16", datetime(2025, 10, 16, 2, 0, tzinfo=UTC), id="by hand"),
        pytest.param("backfill", "2025-10-16", datetime(2025, 10, 16, 2, 0, tzinfo=UTC), id="backfill"),
        pytest.param("asset_triggered", "2025-10-15", datetime(2025, 10, 16, 2, 0, tzinfo=UTC), id="replay"),
        pytest.param("asset_triggered", "2025-10-16", datetime(2025, 10, 16, 11, 0, tzinfo=UTC), id="noon"),
        pytest.param("asset_triggered", None, datetime(2025, 10, 16, 2, 0, tzinfo=UTC), id="no date"),
    ],
)
def test_no_other_run_has_a_deadline(run_type: str, key: str | None, queued: datetime) -> None:
    assert planned_end(BRONZE, run_type, key, queued) is None


class StoredRun:
    """The session in which Airflow's scheduler asks when the run is due."""

    def __init__(self, run_type: str) -> None:
        queued = datetime(2025, 10, 16, 2, 10, tzinfo=UTC)
        self.run = SimpleNamespace(run_type=run_type, partition_key="2025-10-16", queued_at=queued)

    def execute(self, query: Any) -> SimpleNamespace:
        assert "dag_run.run_id" in str(query)
        return SimpleNamespace(one_or_none=lambda: self.run)


@pytest.mark.parametrize(
    ("run_type", "run_id", "due"),
    [
        ("asset_triggered", "r", datetime(2025, 10, 16, 2, 30, tzinfo=UTC)),
        ("manual", "r", None),
        # A start that was repaired: Airflow calls it manual.
        (
            "manual",
            start_id("2025-10-16", datetime(2025, 10, 16, 2, tzinfo=UTC)),
            datetime(2025, 10, 16, 2, 30, tzinfo=UTC),
        ),
    ],
)
def test_airflow_finds_the_planned_end_in_what_it_has_stored(
    run_type: str, run_id: str, due: datetime | None
) -> None:
    stored = decode_deadline_alert(encode_deadline_alert(deadline_of("load_bronze")))
    found = stored.reference.evaluate_with(
        session=StoredRun(run_type), interval=stored.interval, dag_id="load_bronze", run_id=run_id
    )
    assert found == due


def test_a_missed_deadline_is_one_line_with_stage_and_date(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(deadline, "_tell", lambda *what: told.append(what))
    callback = decode_deadline_alert(encode_deadline_alert(deadline_of("load_bronze"))).callback
    called = import_string(callback.path)
    assert called is tell_missed_deadline
    assert inspect.iscoroutinefunction(called), "the triggerer awaits it"
    run = {"partition_key": "2025-10-16", "dag_run_id": "asset_triggered__1", "state": "running"}
    with caplog.at_level(logging.ERROR, "lakehouse.observe.incidents.deadline"):
        asyncio.run(called(**callback.kwargs, context={"dag_run": run}))
    assert caplog.messages == [
        "DEADLINE MISSED stage=load_bronze date=2025-10-16 planned_end=02:30 UTC run=asset_triggered__1 "
        "state=running"
    ]
    assert told == [("load_bronze", "2025-10-16", "asset_triggered__1", "running")]
