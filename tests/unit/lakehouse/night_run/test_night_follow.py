"""Following a night over a scripted Airflow: new runs only, quick ends, nothing waited for in vain."""

from __future__ import annotations

import io
import json
from pathlib import Path
from threading import Timer
from typing import Any

import httpx
import pytest
from rich.console import Console

from lakehouse.night.plan import NIGHT
from lakehouse.night_run import __main__ as command
from lakehouse.night_run.follow import JOIN_PATIENCE, START_PATIENCE, NightFollower
from lakehouse.night_run.receipts_read import NightReceipt
from lakehouse.night_run.show import NightDisplay
from lakehouse.night_run.summary import success_lines
from lakehouse.platform.airflow_api import AirflowApi, AirflowApiError
from tests.unit.lakehouse.night_run.scripted_airflow import DAY, ScriptedAirflow, following, run_of


def states(follower: NightFollower) -> list[str]:
    return [each.state for each in follower.stages.values()]


def test_a_night_in_which_all_goes_well(airflow: ScriptedAirflow) -> None:
    for number, stage in enumerate(NIGHT):
        airflow.add(run_of(stage.name, ago=50 - number))
    follower = following(airflow)
    follower.poll()
    assert states(follower) == ["success"] * 9
    assert follower.is_over
    assert follower.failed == []


def test_a_stage_waits_for_both_extracts(airflow: ScriptedAirflow) -> None:
    airflow.add(run_of("extract_postgres"), run_of("extract_apis", "running"))
    follower = following(airflow)
    follower.poll()
    assert states(follower)[:3] == ["success", "running", "waiting"]
    assert not follower.is_over


def test_a_run_of_an_older_night_of_the_date_is_not_followed(airflow: ScriptedAirflow) -> None:
    airflow.add(run_of("extract_postgres", ago=10), run_of("extract_apis", ago=10))
    airflow.add(run_of("load_bronze", ago=3600, run_id="old"))
    follower = following(airflow, ago=20)
    follower.poll()
    assert states(follower)[2] == "waiting"


def test_a_failure_ends_the_night_and_blocks_what_comes_behind(airflow: ScriptedAirflow) -> None:
    airflow.add(run_of("extract_postgres"), run_of("extract_apis"), run_of("load_bronze", "failed", ago=5))
    follower = following(airflow)
    follower.poll()
    assert states(follower) == ["success", "success", "failed", *["blocked"] * 6]
    assert follower.is_over
    assert [each.stage.name for each in follower.failed] == ["load_bronze"]


def test_a_stage_that_does_not_start_is_given_up_on(airflow: ScriptedAirflow) -> None:
    late = START_PATIENCE.total_seconds() + 60
    airflow.add(*(run_of(name, ago=late) for name in ("extract_postgres", "extract_apis")))
    airflow.add(run_of("load_bronze", ago=late - 10))
    follower = following(airflow, ago=late + 5)
    follower.poll()
    [failed] = follower.failed
    assert failed.stage.name == "transform_staging"
    assert "did not start" in failed.note


def test_a_stage_that_never_ends_is_given_up_on(airflow: ScriptedAirflow) -> None:
    hours = 3600 * 6
    airflow.add(run_of("extract_postgres", "running", ago=hours))
    follower = following(airflow, ago=hours + 1)
    follower.poll()
    assert "still running after 90 minutes" in follower.failed[0].note


@pytest.mark.parametrize("premature", [True, False])
def test_a_join_that_airflow_started_too_early_or_not_at_all_is_started(
    airflow: ScriptedAirflow, premature: bool
) -> None:
    """Airflow keeps the asset of a night that failed halfway, and joins it with the first of the next."""
    done = JOIN_PATIENCE.total_seconds() + 5
    airflow.add(run_of("extract_postgres", ago=done + 20), run_of("extract_apis", ago=done))
    if premature:
        airflow.add(run_of("load_bronze", ago=done + 10, run_id="too early"))
    follower = following(airflow)
    follower.poll()
    assert airflow.triggered == ["load_bronze"]
    assert follower.stages["load_bronze"].run is not None
    assert follower.stages["load_bronze"].run.run_id.startswith("restarted__2025-10-16__")
    follower.poll()
    assert airflow.triggered == ["load_bronze"], "once"


def write_receipt(folder: Path, stages: dict[str, Any]) -> NightReceipt:
    (folder / f"{DAY}.json").write_text(json.dumps({"stages": stages}))
    return NightReceipt(DAY, folder)


def test_the_summary_tells_rows_publication_and_cache(
    airflow: ScriptedAirflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPERSET_URL", "http://superset")
    for stage in NIGHT:
        airflow.add(run_of(stage.name))
    follower = following(airflow)
    follower.poll()
    models = {"report": {"detail": {"models": {"orders": {"rows": 1234}}}}}
    warm = {"report": {"detail": {"dashboard": "Customer Analytics", "hits": 6, "charts_warmed": 6}}}
    stages: dict[str, Any] = {stage.name: {"run_id": "new", "rows_out": 1000} for stage in NIGHT}
    left = {"report": {"detail": {"not_loaded": ["502 rows claimed for 2015-10-16 are not in bronze"]}}}
    changed = {"report": {"detail": {"stream": "things", "column_changes": ["a is absent", "b is new"]}}}
    stages["load_bronze"]["tasks"] = [{"report": None}, left, changed]
    stages["test_data_quality"]["tasks"] = [models, {"report": None}]
    stages["warm_dashboards"]["tasks"] = [warm]
    receipt = write_receipt(tmp_path, stages)
    api = AirflowApi("http://airflow", "admin", "x")
    told = "\n".join(success_lines(follower.stages.values(), receipt, api, "admin"))
    assert "landing 2,000 · bronze 1,000" in told
    assert "not loaded    502 rows claimed for 2015-10-16 are not in bronze" in told
    assert "columns       things: a is absent; b is new (bin/source check NAME says what to do)" in told
    assert "orders 1,234 rows changed" in told
    assert "Customer Analytics: 6 of 6 charts answered from the cache" in told
    assert "http://airflow" in told
    assert "http://superset" in told


def test_a_receipt_of_another_run_counts_for_nothing(tmp_path: Path) -> None:
    receipt = write_receipt(tmp_path, {"load_bronze": {"run_id": "old", "rows_out": 5}})
    assert receipt.stage("load_bronze", "new") == {}
    assert NightReceipt(DAY, tmp_path / "nowhere").stage("load_bronze", "new") == {}


def test_without_a_terminal_there_is_one_line_per_change(airflow: ScriptedAirflow, tmp_path: Path) -> None:
    out = io.StringIO()
    airflow.add(run_of("extract_postgres", "running"))
    follower = following(airflow)
    with NightDisplay(Console(file=out), NightReceipt(DAY, tmp_path)) as display:
        for _ in range(3):
            follower.poll()
            display.show(follower.stages.values())
        airflow.add(run_of("extract_postgres", "success"))
        follower.poll()
        display.show(follower.stages.values())
    lines = [line for line in out.getvalue().splitlines() if "extract_postgres" in line]
    assert ["running" in lines[0], "success" in lines[1], len(lines)] == [True, True, 2]


def test_on_a_terminal_there_is_a_table(airflow: ScriptedAirflow, tmp_path: Path) -> None:
    out = io.StringIO()
    follower = following(airflow)
    console = Console(file=out, force_terminal=True, width=120)
    with NightDisplay(console, NightReceipt(DAY, tmp_path)) as display:
        follower.poll()
        display.show(follower.stages.values())
    for heading in (
        "stage",
        "planned",
        "started",
        "seconds",
        "rows",
        "state",
        "warm_dashboards",
        "04:35 +10m",
    ):
        assert heading in out.getvalue()


@pytest.mark.parametrize("wrong", ["2999-01-01", "16/10/2025", "2025-02-30"])
def test_a_wrong_date_is_refused_with_one_line(wrong: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([wrong]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_missing_addresses_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AIRFLOW_URL", raising=False)
    assert command.main(["2025-10-16"]) == 2
    assert "AIRFLOW_URL" in capsys.readouterr().err


def test_an_expired_token_is_renewed() -> None:
    granted: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            granted.append(f"t{len(granted)}")
            return httpx.Response(201, json={"access_token": granted[-1]})
        if request.headers["Authorization"] == "Bearer t0":
            return httpx.Response(401)
        return httpx.Response(200, json={"import_errors": [], "total_entries": 0})

    api = AirflowApi("http://airflow", "admin", "x", transport=httpx.MockTransport(answer))
    assert api.import_errors() == []
    assert granted == ["t0", "t1"]


def test_a_refusal_carries_airflows_words() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return (
            httpx.Response(404, json={"detail": "no such dag"})
            if "api" in request.url.path
            else httpx.Response(201, json={"access_token": "t"})
        )

    api = AirflowApi("http://airflow", "admin", "x", transport=httpx.MockTransport(answer))
    with pytest.raises(AirflowApiError, match=r"404 to PATCH /api/v2/dags/x: .*no such dag"):
        api.unpause("x")


def test_the_end_that_a_callback_writes_late_is_waited_for(tmp_path: Path) -> None:
    receipt = NightReceipt(DAY, tmp_path)
    states = {"extract_postgres": "success", "load_bronze": "running"}

    def write() -> None:
        stages = {name: {"state": state, "run_id": "new"} for name, state in states.items()}
        receipt.path.write_text(json.dumps({"stages": stages}), encoding="utf-8")

    write()
    runs = dict.fromkeys(states, "new")
    assert receipt.wait_for(runs, seconds=0.1) == ["load_bronze"]
    states["load_bronze"] = "failed"
    late = Timer(0.3, write)
    late.start()
    assert receipt.wait_for(runs, seconds=30) == []
    late.join()
    assert receipt.wait_for(runs | {"load_bronze": "another run"}, seconds=0.1) == ["load_bronze"]
