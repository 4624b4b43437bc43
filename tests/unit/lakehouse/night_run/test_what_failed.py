"""What failed, what is tried again and why, what is silent: on the screen while a night is followed."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from lakehouse.night_run.follow import RETRY_CHECK_INTERVAL
from lakehouse.night_run.receipts_read import NightReceipt
from lakehouse.night_run.signs_of_life import SignsOfLife
from lakehouse.night_run.summary import failure_lines
from lakehouse.night_run.waiting import AGAIN_SECONDS, NEW_OUTAGE_SECONDS, WaitTold
from lakehouse.platform.airflow_api import AirflowApiError, Run, Task
from lakehouse.platform.database import PlatformDatabaseUnavailableError
from tests.unit.lakehouse.night_run.scripted_airflow import DAY, ScriptedAirflow, following, run_of

EXTRACTS = ("extract_postgres", "extract_apis")


def receipt_of(folder: Path, stages: dict[str, Any]) -> NightReceipt:
    (folder / f"{DAY}.json").write_text(json.dumps({"stages": stages}))
    return NightReceipt(DAY, folder)


def told_of(airflow: ScriptedAirflow, receipt: NightReceipt) -> list[str]:
    follower = following(airflow)
    follower.poll()
    return failure_lines(follower.failed, receipt, airflow)  # type: ignore[arg-type]


def failed(task: str, error: str | None = "ValueError: no") -> dict[str, Any]:
    return {"task": task, "state": "failed", "error": error, "log": f"{task}.log"}


def test_every_failed_task_of_every_failed_stage_is_told(airflow: ScriptedAirflow, tmp_path: Path) -> None:
    airflow.add(*(run_of(name, "failed") for name in EXTRACTS))
    tasks = [
        failed("sync_shop_postgres", "AirbyteJobFailedError: [red]shop is down"),
        {"task": "sync_cafe_postgres", "state": "success", "error": None, "log": "x.log"},
        failed("sync_shop_postgres_cdc", "AirbyteJobFailedError: slot is lost"),
    ]
    stages = {
        "extract_postgres": {"run_id": "new", "tasks": tasks},
        "extract_apis": {"run_id": "new", "tasks": [failed("sync_shop_api", "AirbyteJobFailedError: 401")]},
    }
    for name in EXTRACTS:
        airflow.task_states[name] = []
    lines = told_of(airflow, receipt_of(tmp_path, stages))
    assert [line.split()[-1] for line in lines if line.startswith("FAILED")] == list(EXTRACTS)
    assert [line.split(maxsplit=1)[1] for line in lines if line.startswith("task")] == [
        "sync_shop_postgres",
        "sync_shop_postgres_cdc",
        "sync_shop_api",
    ]
    errors = [line.split(maxsplit=1)[1] for line in lines if line.startswith("error")]
    assert errors == [
        "AirbyteJobFailedError: [red]shop is down",
        "AirbyteJobFailedError: slot is lost",
        "AirbyteJobFailedError: 401",
    ]
    assert [line for line in lines if line.startswith("page")] == [
        f"page          http://airflow/{name}" for name in EXTRACTS
    ]
    assert sum("airflow/logs/sync_" in line for line in lines) == 3


def test_what_the_receipt_does_not_tell_comes_from_the_logs(airflow: ScriptedAirflow, tmp_path: Path) -> None:
    airflow.add(run_of("extract_postgres", "failed"), run_of("extract_apis"))
    airflow.task_states["extract_postgres"] = [
        Task("sync", "failed", 4, 3, -1, None),
        Task("in_the_receipt", "failed", 1, 0, -1, None),
        Task("announce", "upstream_failed", 0, 3, -1, None),
    ]
    airflow.errors["sync", 4] = "ValueError: from the log"
    stages = {"extract_postgres": {"run_id": "new", "tasks": [failed("in_the_receipt")]}}
    lines = told_of(airflow, receipt_of(tmp_path, stages))
    assert sum(line.startswith("task") for line in lines) == 2
    assert "error         ValueError: from the log" in lines
    assert any(line.endswith("task_id=sync/attempt=4.log") for line in lines)


def test_a_failed_extract_does_not_hide_that_the_other_fails_later(airflow: ScriptedAirflow) -> None:
    airflow.add(run_of("extract_postgres", "failed"), run_of("extract_apis", "running"))
    follower = following(airflow)
    follower.poll()
    assert not follower.is_over, "the other extract still runs"
    airflow.add(run_of("extract_apis", "failed"))
    follower.poll()
    assert follower.is_over
    assert [each.stage.name for each in follower.failed] == list(EXTRACTS)


def test_a_retry_says_why_while_it_waits_and_while_it_runs(
    airflow: ScriptedAirflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakehouse.night_run.follow.RETRY_CHECK_INTERVAL", timedelta(0))
    airflow.add(run_of("extract_postgres", "running"))
    airflow.errors["sync", 2] = "OperationalError: connection refused"
    follower = following(airflow)
    why = "sync (attempt 2 of 4 failed: OperationalError: connection refused)"
    seen = []
    for state, attempt in (("up_for_retry", 2), ("up_for_retry", 2), ("running", 3)):
        airflow.task_states["extract_postgres"] = [Task("sync", state, attempt, 3, -1, None)]
        follower.poll()
        now = follower.stages["extract_postgres"]
        seen.append((now.state, now.note))
    assert seen == [("retrying", why), ("retrying", why), ("running", why)]
    assert airflow.logs_read == [("sync", 2)], "a log is read once for each attempt"
    assert timedelta(0) < RETRY_CHECK_INTERVAL


def test_an_attempt_that_was_killed_is_told_as_such(airflow: ScriptedAirflow) -> None:
    airflow.add(run_of("extract_postgres", "running"))
    airflow.task_states["extract_postgres"] = [Task("sync", "up_for_retry", 1, 3, -1, None)]
    follower = following(airflow)
    follower.poll()
    assert follower.stages["extract_postgres"].note == "sync (attempt 1 of 4 failed: without a word)"


class Metadata:
    """Airflow's database, with the heartbeats of the tasks that it calls running."""

    def __init__(self, *rows: tuple[str, datetime], away: bool = False) -> None:
        self.rows = rows
        self.away = away

    def get_conn(self) -> Any:
        if self.away:
            raise PlatformDatabaseUnavailableError("PostgreSQL is away")
        return self

    def cursor(self) -> Any:
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def close(self) -> None:
        """Nothing to close."""

    def execute(self, statement: str, values: dict[str, str] | None = None) -> None:
        assert "task_instance" in statement
        assert values == {"dag_id": "extract_postgres", "run_id": "new"}

    def fetchall(self) -> list[tuple[str, datetime]]:
        return list(self.rows)


class Beating:
    """An Airflow whose scheduler showed a sign of life some seconds ago, or that is away."""

    def __init__(self, ago: float | None = 1) -> None:
        self.ago = ago

    def heartbeats(self) -> dict[str, datetime | None]:
        if self.ago is None:
            raise AirflowApiError("away")
        return {"scheduler": datetime.now(UTC) - timedelta(seconds=self.ago)}


RUN: Run = run_of("extract_postgres", "running")


def test_a_silent_task_is_named_with_the_time_after_which_it_is_tried_again() -> None:
    last = datetime(2026, 11, 29, 23, 11, 37, tzinfo=UTC)
    now = last + timedelta(seconds=35)
    elsewhere = last.astimezone(timezone(timedelta(hours=2)))
    metadata = Metadata(("sync_a", elsewhere), ("sync_b", now - timedelta(seconds=4)))
    told = SignsOfLife(Beating(), metadata, 60, now=lambda: now).doubts(RUN)
    assert told == "sync_a: no sign of life since 23:11:37, tried again once Airflow has missed it for 60 s"
    later = SignsOfLife(Beating(), Metadata(("sync_a", last)), 60, now=lambda: now + timedelta(seconds=5))
    assert later.doubts(RUN) == told, "the screen shows a line for each change: 24 of them in two minutes"


def test_a_silent_scheduler_is_told() -> None:
    since = datetime.now(UTC) - timedelta(seconds=45)
    told = SignsOfLife(Beating(45), None, 60).doubts(RUN)
    assert told.startswith("the scheduler: no sign of life since ")
    assert told.split(",")[0][-8:] in (f"{since:%H:%M:%S}", f"{since + timedelta(seconds=1):%H:%M:%S}")


def test_what_lives_or_cannot_be_asked_gives_no_doubt() -> None:
    alive = Metadata(("sync_a", datetime.now(UTC)))
    assert SignsOfLife(Beating(), alive, 60).doubts(RUN) == ""
    assert SignsOfLife(Beating(None), alive, 60).doubts(RUN) == ""
    assert SignsOfLife(Beating(), Metadata(away=True), 60).doubts(RUN) == ""


def test_the_screen_says_what_a_running_stage_waits_for(airflow: ScriptedAirflow) -> None:
    airflow.add(run_of("extract_postgres", "running"))
    airflow.task_states["extract_postgres"] = [Task("sync", "running", 1, 3, -1, None)]
    metadata = Metadata(("sync", datetime.now(UTC) - timedelta(seconds=50)))
    follower = following(airflow, life=SignsOfLife(Beating(), metadata, 60))
    follower.poll()
    assert follower.stages["extract_postgres"].note.startswith("sync: no sign of life since ")


def test_an_outage_is_told_when_it_comes_and_then_every_half_minute() -> None:
    out, clock = io.StringIO(), [0.0]
    told = WaitTold(Console(file=out), 300, clock=lambda: clock[0])
    for second in range(int(AGAIN_SECONDS) + 5):
        clock[0] = second
        told.waits(f"answered 500 at {second}")
    clock[0] += NEW_OUTAGE_SECONDS + 1
    told.waits("answered 500 again")
    lines = out.getvalue().splitlines()
    assert [line.rpartition("answered 500 ")[2] for line in lines] == ["at 0", "at 30", "again"]
    assert all("waiting for Airflow, at most 300 s" in line for line in lines)
