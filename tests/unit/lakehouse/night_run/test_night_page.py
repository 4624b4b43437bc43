"""How a night run from the web UI is told: causes and cures, a note that fits, where it is meanwhile."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import pytest
from airflow.sdk import BaseHook
from markdown_it import MarkdownIt

from lakehouse.night.plan import NIGHT
from lakehouse.night_run import outcome as outcomes
from lakehouse.night_run import triggers
from lakehouse.night_run.operators import NightFailedError
from lakehouse.night_run.outcome import Failed, Outcome, StageEnd, outcome_of
from lakehouse.night_run.page import note, page
from lakehouse.night_run.triggers import FollowNightTrigger
from lakehouse.observe.incidents import hearing
from lakehouse.platform.airflow_api import NOTE_CHARACTERS, AirflowApiError, Task
from tests.unit.lakehouse.night_run.scripted_airflow import DAY, ScriptedAirflow, run_of

STAGES = [each.name for each in NIGHT]


def receipt(**stages: dict[str, Any]) -> dict[str, Any]:
    """A date's receipt in which every stage has succeeded, but for what is given."""
    entries: dict[str, dict[str, Any]] = {
        name: {"state": "success", "run_id": "new", "rows_out": 1000, "seconds": 2.5, "tasks": []}
        for name in STAGES
    }
    models = {"report": {"detail": {"models": {"orders": {"rows": 1234}}}}}
    warm = {"report": {"detail": {"dashboard": "customer-analytics", "hits": 6, "charts_warmed": 6}}}
    entries["test_data_quality"]["tasks"] = [models, {"report": None}]
    entries["warm_dashboards"]["tasks"] = [warm]
    return {"business_date": str(DAY), "stages": entries | stages}


def failed_entry(*errors: str) -> dict[str, Any]:
    tasks = [
        {"task": f"load_{number}", "state": "failed", "error": error, "attempts": 4, "log": "a.log"}
        for number, error in enumerate(errors)
    ]
    return {"state": "failed", "run_id": "new", "tasks": [*tasks, {"task": "fine", "state": "success"}]}


def ends(failed: str | None = None) -> list[StageEnd]:
    behind = STAGES[STAGES.index(failed) :] if failed else []
    state = {name: "failed" if name == failed else "blocked" for name in behind}
    return [
        StageEnd(name, state.get(name, "success"), None if name in behind[1:] else "new", "")
        for name in STAGES
    ]


def judged(
    monkeypatch: pytest.MonkeyPatch, airflow: ScriptedAirflow, read: dict[str, Any], followed: list[StageEnd]
) -> Outcome:
    monkeypatch.setattr(outcomes, "night", lambda *_: read)
    monkeypatch.setattr(outcomes, "RECEIPT_SECONDS", 0.0)
    return outcome_of(airflow, None, DAY, followed)  # type: ignore[arg-type]


def test_each_failed_task_is_told_with_its_cause_and_its_cure(
    monkeypatch: pytest.MonkeyPatch, airflow: ScriptedAirflow
) -> None:
    broken = failed_entry("ContractBrokenError: orders: 12 rows break", "DremioUnavailableError: is away.")
    airflow.task_states["load_bronze"] = [
        Task("load_0", "failed", 4, 3, -1, None),
        Task("load_killed", "failed", 4, 3, -1, None),
        Task("refresh_catalogue", "upstream_failed", 0, 3, -1, None),
    ]
    judgement = judged(monkeypatch, airflow, receipt(load_bronze=broken), ends("load_bronze"))
    assert [each.place for each in judgement.failed] == [
        "load_bronze.load_0",
        "load_bronze.load_1",
        "load_bronze.load_killed",
    ]
    contract, away, killed = map(str, judgement.failed)
    assert contract == (
        "load_bronze.load_0: ContractBrokenError: orders: 12 rows break. To do: look at the quarantined "
        "rows, then fix the source or include/contracts, then `bin/stage clear load_bronze 2025-10-16`"
    )
    assert away.endswith("is away. To do: `bin/stage clear load_bronze 2025-10-16`")
    assert "the task's process ended without saying why" in killed


def test_a_stage_that_failed_without_a_task_is_told_with_its_own_reason(
    monkeypatch: pytest.MonkeyPatch, airflow: ScriptedAirflow
) -> None:
    late = [StageEnd("load_bronze", "failed", None, "did not start within 180 s")]
    [failed] = judged(monkeypatch, airflow, receipt(), late).failed
    assert str(failed) == (
        "load_bronze: did not start within 180 s. To do: `bin/stage run load_bronze 2025-10-16`"
    )


def test_what_another_run_has_failed_at_is_not_told(
    monkeypatch: pytest.MonkeyPatch, airflow: ScriptedAirflow
) -> None:
    """The receipt is a moment behind, and still shows the failure that was repaired."""
    airflow.task_states["load_bronze"] = []
    old = failed_entry("ValueError: old") | {"run_id": "old"}
    [failed] = judged(monkeypatch, airflow, receipt(load_bronze=old), ends("load_bronze")).failed
    assert "no task failed" in failed.error


def test_a_served_night_says_what_was_published_and_links_to_its_page(
    monkeypatch: pytest.MonkeyPatch, airflow: ScriptedAirflow
) -> None:
    served = judged(monkeypatch, airflow, receipt(), ends())
    assert served.is_served
    html = MarkdownIt("commonmark").enable("table").render(page(served))
    assert "<h4>The night of 2025-10-16 is served</h4>" in html
    for row in (("gold.orders", "1,234"), ("landing", "2,000"), ("bronze", "1,000")):
        assert f'<td>{row[0]}</td>\n<td style="text-align:right">{row[1]}</td>' in html
    assert '<a href="/lakehouse/health?date=2025-10-16">' in html
    assert "customer-analytics: 6 of 6 charts answered from the cache" in html
    assert all(f"<td>{name}</td>" in html for name in STAGES)
    assert note(served, 10_000) == page(served)


@pytest.mark.parametrize("failures", [0, 1, 5, 40])
def test_a_note_fits_and_begins_with_what_matters_most(failures: int) -> None:
    failed = tuple(Failed("load_bronze", f"load_{n}", "E: " + "x" * 900, "`do`") for n in range(failures))
    told = note(Outcome(DAY, STAGES[0], receipt(), failed), NOTE_CHARACTERS)
    assert len(told) <= NOTE_CHARACTERS
    title = {0: "is served", 1: "failed at 1 task"}.get(failures, f"failed at {failures} tasks")
    assert told.startswith(f"#### The night of 2025-10-16 {title}\n")
    assert ("the whole page is in the log" in told) == (failures > 0)
    assert failures > 5 or told.count("To do: `do`") == failures, "each failed task is there with its cure"


@pytest.mark.parametrize("failures", [2, 3, 5])
def test_the_errors_of_a_note_share_its_room(failures: int) -> None:
    """Each had 60 characters, whatever room there was: the job's name without what was wrong."""
    failed = tuple(Failed("load_bronze", f"load_{n}", "x" * 900, "`do`") for n in range(failures))
    told = note(Outcome(DAY, STAGES[0], receipt(), failed), NOTE_CHARACTERS)
    each = [len(line) for line in told.splitlines() if "xxx" in line]
    assert len(each) == failures
    assert len(set(each)) == 1
    assert sum(each) > 700
    assert len(told) <= NOTE_CHARACTERS


def trigger() -> FollowNightTrigger:
    made = FollowNightTrigger(
        "2025-10-16", {"load_bronze": "new"}, {"full_refresh": True}, "run_night", "me", "The night"
    )
    made.poll_seconds = 0.0
    return made


def fired(monkeypatch: pytest.MonkeyPatch, airflow: Any) -> dict[str, Any]:
    async def connection(_: str) -> None:
        return None

    async def first_event() -> Any:
        return await anext(trigger().run())

    monkeypatch.setattr(BaseHook, "aget_connection", connection)
    monkeypatch.setattr(triggers, "api_of", lambda *_: airflow)
    monkeypatch.setattr(triggers, "signs_of_life", lambda _: None)
    payload: dict[str, Any] = asyncio.run(first_event()).payload
    return payload


def test_the_triggerer_follows_to_the_end_and_the_note_says_where_the_night_is(
    monkeypatch: pytest.MonkeyPatch, airflow: ScriptedAirflow
) -> None:
    airflow.add(*(run_of(name, ago=60 - number) for number, name in enumerate(STAGES)))
    event = fired(monkeypatch, airflow)
    assert [StageEnd(**each).stage for each in event["ends"]] == STAGES[2:]
    assert {each["state"] for each in event["ends"]} == {"success"}
    assert event["ends"][0] == asdict(StageEnd("load_bronze", "success", "new", ""))
    assert "| 3 | load_bronze | success, 2 s |" in airflow.notes[-1]
    assert all(len(each) <= NOTE_CHARACTERS for each in airflow.notes)


def test_a_trigger_survives_the_triggerer(monkeypatch: pytest.MonkeyPatch) -> None:
    path, arguments = trigger().serialize()
    assert path == "lakehouse.night_run.triggers.FollowNightTrigger"
    assert FollowNightTrigger(**arguments).serialize() == (path, arguments)


@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_run_that_is_deleted_ends_the_following_and_an_airflow_that_is_away_delays_it(
    monkeypatch: pytest.MonkeyPatch, airflow: ScriptedAirflow, is_deleted: bool
) -> None:
    def away(*_: Any) -> Any:
        raise AirflowApiError("Airflow at http://a does not answer")

    if not is_deleted:
        monkeypatch.setattr(airflow, "runs_of_key", away)
    event = fired(monkeypatch, airflow)
    assert event["is_final"] is is_deleted
    assert ("is gone" if is_deleted else "does not answer") in event["lost"]


def test_a_failed_night_is_told_once_by_its_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(hearing, "_do", lambda work, wait_seconds=0: told.append(work))
    task: Any = type("T", (), {"state": "failed", "dag_id": "run_night", "task_id": "follow_the_night"})()
    task.run_id, task.map_index, task.try_number = "r", -1, 1
    hearing.task_failed(task, NightFailedError("the night failed"))
    assert told == []
    hearing.task_failed(task, RuntimeError("its own fault"))
    assert len(told) == 1
