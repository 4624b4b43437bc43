"""What may be left out is declared once, in order, and nothing that a dashboard reads is among it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag

from lakehouse.night.plan import NIGHT
from lakehouse.observe.eta.backtest import moment_after, night_at, slowed
from lakehouse.observe.eta.forecast import forecast
from lakehouse.observe.eta.model import learn
from lakehouse.observe.eta.shedding import (
    Shedding,
    SheddingFileError,
    advise,
    read_shedding,
    saved_seconds,
)
from lakehouse.observe.facts.lineage import read_lineage
from lakehouse.platform.repository import REPOSITORY
from testing.lakehouse.made_up_nights import FIRST, Kind, nights_of

NIGHTS = nights_of(Kind(), 21)
TONIGHT = NIGHTS[-1]
LEARNT = learn(NIGHTS[:-1], TONIGHT.business_date.weekday())


def declared() -> tuple[Shedding, ...]:
    """The shipped entries; a repository may have none."""
    entries = read_shedding()
    if not entries:
        pytest.skip("include/observe/shedding.yaml lists nothing")
    return entries


def test_every_entry_is_a_task_that_something_waits_for() -> None:
    """A task that nothing waits for carries the asset: Airflow emits none for a task that is marked."""
    for each in declared():
        bag = DagBag(REPOSITORY / "dags" / f"{each.stage}.py")
        task = bag.dags[each.stage].get_task(each.task)
        assert task.downstream_task_ids
        assert not task.outlets


def test_no_dashboard_reads_what_is_left_out() -> None:
    lineage = read_lineage()
    for each in declared():
        built = [
            model.table
            for model in lineage.models()
            if model.stage == each.stage and each.task.endswith(f"_{model.name}")
        ]
        assert built, f"{each.task} builds no model"
        for table in built:
            assert lineage.dashboards_of(table) == ()


def test_commands_carry_the_date() -> None:
    first = declared()[0]
    assert first.command(FIRST) == f"bin/stage skip {first.stage} {FIRST} {first.task}"
    assert str(FIRST) in first.catch_up_command(FIRST)


@pytest.mark.parametrize(
    "text",
    ["shedding: [{stage: load_silver, task: a, lost: b, catch_up: c}]", "shedding: [{stage: load_bronze}]"],
)
def test_an_entry_that_names_no_stage_or_lacks_something_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "shedding.yaml"
    path.write_text(text)
    with pytest.raises(SheddingFileError, match=r"shedding\.yaml"):
        read_shedding(path)


def receipt(day: str, ends: dict[str, dict[str, int]]) -> dict[str, Any]:
    """A receipt whose tasks ended so many seconds after midnight."""
    stages = {}
    for stage in NIGHT:
        tasks = [
            {
                "task": name,
                "state": "success",
                "ended_at": f"{day}T00:{second // 60:02}:{second % 60:02}+00:00",
            }
            for name, second in ends.get(stage.name, {}).items()
        ]
        stages[stage.name] = {"state": "success" if tasks else "not_started", "tasks": tasks}
    return {"business_date": day, "stages": stages}


def test_what_is_saved_is_what_the_others_would_have_ended_sooner() -> None:
    past = [receipt("2026-01-01", {"load_bronze": {"a": 100, "b": 160, "c": 40, "refresh": 200}})]
    assert saved_seconds(past, "load_bronze", ["b"]) == 60
    assert saved_seconds(past, "load_bronze", ["a"]) == 0, "another one ended later"
    assert saved_seconds(past, "load_bronze", ["a", "b"]) == 120
    assert saved_seconds(past, "load_bronze", ["refresh"]) == 0, "it is not in parallel with the others"
    assert saved_seconds([], "load_bronze", ["b"]) == 0
    assert saved_seconds([receipt("2026-01-01", {})], "load_bronze", ["b"]) == 0


def test_advice_names_the_entries_in_order_until_the_deadline_is_made() -> None:
    entries = declared()
    late = slowed(TONIGHT, "load_bronze", 122 * 60)
    now = late.ended("load_bronze") + timedelta(seconds=1)
    standing = night_at(late, now)
    assert (forecast(standing, LEARNT, now, 200).p_miss or 0) > 0.5
    whole = {each.stage: {} for each in entries}
    for each in entries:
        whole[each.stage] |= {each.task: 59 * 60, "other": 60, "last": 59 * 60 + 5}
    past = [receipt("2026-01-01", whole)]
    advice = advise(standing, LEARNT, now, past)
    assert [each.shedding for each in advice] == list(entries[: len(advice)])
    assert advice[-1].makes_it
    assert not any(each.makes_it for each in advice[:-1])


def test_what_has_ended_is_no_longer_advised() -> None:
    entries = declared()
    now = moment_after(TONIGHT, 4)
    tonight = receipt(TONIGHT.business_date.isoformat(), {entries[0].stage: {entries[0].task: 60}})
    advice = advise(night_at(TONIGHT, now), LEARNT, now, [tonight])
    assert entries[0] not in [each.shedding for each in advice]
