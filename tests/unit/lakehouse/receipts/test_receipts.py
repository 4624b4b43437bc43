"""The receipt tells what the newest night of a date did, and nothing of older ones."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lakehouse.night.plan import NIGHT
from lakehouse.receipts.callbacks import failure_line, one_line
from lakehouse.receipts.render import receipt, write_receipt
from lakehouse.receipts.report import StageReport, empty_report
from lakehouse.receipts.store import TaskRecord

DAY = date(2025, 10, 16)
T0 = datetime(2025, 10, 16, 1, 0, tzinfo=UTC)


def record(stage: str, after: int, **more: Any) -> TaskRecord:
    """A task that succeeded, started so many minutes after the night began."""
    begun = T0 + timedelta(minutes=after)
    plain = TaskRecord(
        DAY, stage, f"run of {after}", "work", -1, "success", 1, begun, begun + timedelta(seconds=30),
        emits_asset=True, report=None, error=None, log=None,
    )  # fmt: skip
    return replace(plain, **more)


def whole_night(start: int = 0) -> list[TaskRecord]:
    return [record(each.name, start + number) for number, each in enumerate(NIGHT)]


def test_a_whole_night_is_a_success_and_lists_the_stages_in_order() -> None:
    told = receipt(NIGHT, DAY, whole_night())
    assert told["state"] == "success"
    assert list(told["stages"]) == [each.name for each in NIGHT]
    bronze = told["stages"]["load_bronze"]
    assert (bronze["planned_start"], bronze["planned_minutes"], bronze["seconds"]) == ("02:15", 15, 30.0)


def test_a_date_without_records_has_nothing_started() -> None:
    told = receipt(NIGHT, DAY, [])
    assert told["state"] == "running"
    assert {each["state"] for each in told["stages"].values()} == {"not_started"}


def test_figures_are_the_sums_of_the_tasks_reports() -> None:
    first: StageReport = empty_report() | {"rows_in": 5, "rows_out": 4, "rows_quarantined": 1, "bytes": 10}
    second: StageReport = empty_report() | {
        "rows_in": 7,
        "rows_out": 7,
        "external_jobs": [{"system": "dremio", "id": "j", "url": None}],
    }
    told = receipt(
        NIGHT,
        DAY,
        [
            record("load_bronze", 1, task_id="a", report=first, emits_asset=False),
            record("load_bronze", 1, task_id="b", report=second),
        ],
    )["stages"]["load_bronze"]
    assert [told[name] for name in ("rows_in", "rows_out", "rows_quarantined", "bytes")] == [12, 11, 1, 10]
    assert told["external_jobs"] == [{"system": "dremio", "id": "j", "url": None}]


def test_a_stage_is_not_done_before_its_asset_is_out() -> None:
    told = receipt(NIGHT, DAY, [record("load_bronze", 1, emits_asset=False)])
    assert told["stages"]["load_bronze"]["state"] == "running"
    assert told["stages"]["load_bronze"]["ended_at"] is None


def test_a_failed_task_fails_stage_and_night_with_its_words() -> None:
    broken = record(
        "load_bronze", 2, state="failed", error="ContractBrokenError: orders", log="x.log", attempts=3
    )
    told = receipt(NIGHT, DAY, [*whole_night()[:2], broken])
    assert told["state"] == "failed"
    stage = told["stages"]["load_bronze"]
    assert (stage["state"], stage["attempts"]) == ("failed", 3)
    assert stage["tasks"][0]["error"] == "ContractBrokenError: orders"
    assert told["stages"]["transform_staging"]["state"] == "not_started"


def test_a_new_night_for_the_date_hides_what_the_older_one_did() -> None:
    """Else a rerun that fails halfway would show the old night's warm dashboards as its own."""
    again = [
        record("extract_postgres", 100),
        record("extract_apis", 100),
        record("load_bronze", 101, state="failed"),
    ]
    told = receipt(NIGHT, DAY, [*whole_night(), *again])
    states = [each["state"] for each in told["stages"].values()]
    assert states == ["success", "success", "failed", *["not_started"] * 6]


def test_a_stage_started_again_by_hand_keeps_what_came_before_it() -> None:
    told = receipt(NIGHT, DAY, [*whole_night(), record("load_bronze", 100)])
    states = [each["state"] for each in told["stages"].values()]
    assert states == ["success"] * 3 + ["not_started"] * 6


def test_the_file_is_replaced_whole_and_leaves_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKEHOUSE_RECEIPTS_DIR", str(tmp_path / "receipts"))
    write_receipt(NIGHT, DAY, whole_night()[:1])
    path = write_receipt(NIGHT, DAY, whole_night())
    assert json.loads(path.read_text())["state"] == "success"
    assert [each.name for each in path.parent.iterdir()] == ["2025-10-16.json"]


def test_a_failure_is_one_line_with_stage_date_task_error_and_log() -> None:
    task = SimpleNamespace(
        dag_id="load_bronze", task_id="load_orders", run_id="r", try_number=2, map_index=-1
    )
    context = {
        "ti": task,
        "dag_run": SimpleNamespace(partition_key="2025-10-16"),
        "exception": ValueError("amount\n  is negative"),
    }
    assert failure_line(context, "FAILED") == (
        "FAILED stage=load_bronze date=2025-10-16 task=load_orders attempt=2 "
        "error=ValueError: amount is negative "
        "log=dag_id=load_bronze/run_id=r/task_id=load_orders/attempt=2.log"
    )


def test_a_task_that_vanished_is_told_as_such() -> None:
    assert one_line(None) == "unknown: the task's process ended without saying why"
