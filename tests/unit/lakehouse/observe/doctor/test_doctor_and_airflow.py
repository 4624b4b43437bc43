"""What the doctor says of Airflow: schedule, pauses, pools, and what does not move."""

# ruff: noqa: E501 - the cases are tables: one row per line.

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from lakehouse.night.plan import NIGHT
from lakehouse.observe.doctor.airflow_state import pools_look, schedule_look, stuck_look
from lakehouse.observe.doctor.finding import Severity
from lakehouse.platform.airflow_settings import SETTINGS_FILE
from tests.unit.lakehouse.observe.doctor.clinic import EMBEDDED, ScriptedAirflow, ScriptedSurroundings

NOW = datetime.now(UTC)
HEALTHY = {
    part: {"status": "healthy"} for part in ("metadatabase", "scheduler", "triggerer", "dag_processor")
}


def dag(dag_id: str, **fields: Any) -> dict[str, Any]:
    due = NOW + timedelta(hours=1)
    return {
        "dag_id": dag_id, "relative_fileloc": f"{dag_id}.py", "is_paused": False, "is_stale": False,
        "timetable_summary": "0 1 * * *", "next_dagrun_run_after": due.isoformat(),
    } | fields  # fmt: skip


DAGS = {stage.name: dag(stage.name) for stage in NIGHT} | {"tidy_platform": dag("tidy_platform")}


def around(tmp_path: Path, dags: dict[str, Any] | None = None, **answers: Any) -> ScriptedSurroundings:
    (tmp_path / "dags").mkdir(exist_ok=True)
    for name in DAGS:
        (tmp_path / "dags" / f"{name}.py").touch()
    known = {"dags": list((DAGS if dags is None else dags).values()), "monitor/health": HEALTHY}
    airflow = ScriptedAirflow(known | answers)
    return ScriptedSurroundings(environ=EMBEDDED, checkout=tmp_path, services={"airflow": airflow})


def test_a_healthy_airflow_has_no_finding(tmp_path: Path) -> None:
    assert list(schedule_look(around(tmp_path))) == []
    assert list(stuck_look(around(tmp_path))) == []


@pytest.mark.parametrize(
    ("dag_id", "fields", "severity", "what", "command"),
    [
        ("load_bronze", {"is_paused": True}, "error", "load_bronze is paused: the night does not get past it", "dags unpause load_bronze"),
        ("tidy_platform", {"is_paused": True}, "warn", "tidy_platform is paused", "dags unpause tidy_platform"),
        ("tidy_platform", {"is_stale": True}, "warn", "tidy_platform is stale", "dags reserialize --bundle-name dags-folder"),
        ("load_bronze", {"is_stale": True}, "error", "load_bronze is stale", "dags reserialize --bundle-name dags-folder"),
        ("extract_postgres", {"next_dagrun_run_after": (NOW - timedelta(hours=2)).isoformat()}, "error", "should have started a run", ""),
    ],
)  # fmt: skip
def test_a_dag_that_will_not_run_is_named(
    tmp_path: Path, dag_id: str, fields: dict[str, Any], severity: str, what: str, command: str
) -> None:
    [found] = schedule_look(around(tmp_path, DAGS | {dag_id: dag(dag_id, **fields)}))
    assert found.severity == severity
    assert what in found.what
    assert command in found.command


def test_a_daytime_sync_that_was_never_switched_on_is_only_noted(tmp_path: Path) -> None:
    paused = dag("sync_shop", is_paused=True)
    [found] = schedule_look(around(tmp_path, DAGS | {"sync_shop": paused}))
    assert found.severity is Severity.NOTE


@pytest.mark.parametrize(("paused", "notes"), [(True, ["NOTE"]), (False, [])])
def test_a_stream_s_next_run_is_not_overdue_while_its_run_goes_on(
    tmp_path: Path, paused: bool, notes: list[str]
) -> None:
    """Airflow 3.3.2 has a continuous DAG's next run due from the moment that the last one was created."""
    due = (NOW - timedelta(minutes=50)).isoformat()
    streaming = dag(
        "stream_orders", is_paused=paused, timetable_summary="@continuous", next_dagrun_run_after=due
    )
    found = list(schedule_look(around(tmp_path, DAGS | {"stream_orders": streaming})))
    assert [each.severity.name for each in found] == notes
    assert all("as it is at first" in each.what for each in found)


def test_a_dag_that_airflow_does_not_know_and_a_file_it_cannot_import(tmp_path: Path) -> None:
    fewer = {name: each for name, each in DAGS.items() if name != "warm_dashboards"}
    errors = [{"filename": "warm_dashboards.py", "stack_trace": "Traceback\nSyntaxError: bad\n"}]
    found = list(schedule_look(around(tmp_path, fewer, importErrors=errors)))
    assert [each.what for each in found] == [
        "warm_dashboards.py cannot be imported",
        "Airflow knows no DAG of dags/warm_dashboards.py",
    ]
    assert found[0].evidence == "SyntaxError: bad"


def test_a_scheduler_that_is_silent_and_a_night_that_catches_up(tmp_path: Path) -> None:
    health = HEALTHY | {"scheduler": {"status": "unhealthy", "latest_scheduler_heartbeat": "long ago"}}
    [found] = schedule_look(around(tmp_path, **{"monitor/health": health}))
    assert (found.severity, found.command) == (Severity.ERROR, 'make up SERVICE="airflow"')
    [found] = schedule_look(around(tmp_path, **{"dags/extract_apis/details": {"catchup": True}}))
    assert "catches up" in found.what


def declared_pools() -> list[dict[str, Any]]:
    entries = yaml.safe_load(SETTINGS_FILE.read_text())["airflow"]["pools"]
    return [
        {
            "name": entry["pool_name"],
            "slots": entry["pool_slot"],
            "include_deferred": bool(entry.get("pool_include_deferred")),
        }
        for entry in entries
    ]


def test_pools_that_are_missing_or_differ(tmp_path: Path) -> None:
    assert list(pools_look(around(tmp_path, pools=declared_pools()))) == []
    pools = declared_pools()[1:]
    pools[0]["slots"] += 3
    missing, differs = pools_look(around(tmp_path, pools=pools))
    assert (missing.severity, "airbyte is missing" in missing.what) == (Severity.ERROR, True)
    assert missing.command.startswith("bin/airflow pools set --include-deferred airbyte 4 '")
    assert "differs from airflow_settings.yaml" in differs.what


def run(state: str, since: timedelta) -> dict[str, Any]:
    moment = (NOW - since).isoformat()
    return {"dag_id": "load_bronze", "dag_run_id": "r1", "queued_at": moment, "start_date": moment}


@pytest.mark.parametrize(
    ("path", "thing", "named"),
    [
        ("dags/~/dagRuns?queued", run("queued", timedelta(hours=1)), "load_bronze, run r1 has been queued"),
        ("dags/~/dagRuns?running", run("running", timedelta(hours=7)), "load_bronze, run r1 has been running"),
        ("dags/~/dagRuns/~/taskInstances?deferred", run("", timedelta(hours=3)) | {"task_id": "t"}, "load_bronze.t of r1 has been deferred"),
        ("dags/~/dagRuns/~/taskInstances?queued", {**run("", timedelta(hours=3)), "task_id": "t", "queued_when": (NOW - timedelta(hours=1)).isoformat()}, "load_bronze.t of r1 has been queued"),
    ],
)  # fmt: skip
def test_what_does_not_move_is_named(tmp_path: Path, path: str, thing: dict[str, Any], named: str) -> None:
    [found] = stuck_look(around(tmp_path, **{path: [thing]}))
    assert named in found.what
    assert found.command == "bin/airflow dags clear load_bronze --run-id r1 --yes"


def test_what_moves_is_not_named(tmp_path: Path) -> None:
    answers = {
        "dags/~/dagRuns?queued": [run("queued", timedelta(minutes=5))],
        "dags/~/dagRuns?running": [run("running", timedelta(hours=2))],
        "dags/~/dagRuns/~/taskInstances?deferred": [run("", timedelta(hours=1)) | {"task_id": "t"}],
    }
    assert list(stuck_look(around(tmp_path, **answers))) == []
