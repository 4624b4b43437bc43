"""The last lines of a failed task's log say cause and cure, where the web UI shows them."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from lakehouse.observe.incidents import hearing
from lakehouse.observe.incidents.failure import FailedTask
from lakehouse.observe.incidents.last_words import END_OF_GROUP, last_words

LOGGER = "lakehouse.observe.incidents.last_words"


def failed(error: str | None, dag_id: str = "load_bronze", key: str | None = "2025-10-16") -> FailedTask:
    return FailedTask(dag_id, "r 1", "load_orders", -1, 2, key, "manual", datetime.now(UTC), error)


@pytest.mark.parametrize(
    ("task", "said"),
    [
        (
            failed("ContractBrokenError: 12 rows"),
            "ContractBrokenError: 12 rows\nTo do: look at the quarantined rows, then fix the source or "
            "include/contracts, then `bin/stage clear load_bronze 2025-10-16`",
        ),
        (
            failed("OSError: disk full"),
            "OSError: disk full\nTo do: `bin/stage clear load_bronze 2025-10-16`",
        ),
        (
            failed("ValueError: x", "tidy_lake", None),
            "ValueError: x\nTo do: `bin/airflow dags clear tidy_lake --run-id 'r 1' --only-failed --yes`",
        ),
        (failed("BusinessDateError: start run_night", key=None), "BusinessDateError: start run_night"),
        (
            failed("NightFailedError: a night failed | load_bronze: disk full | gold: x", "run_night", None),
            "NightFailedError: a night failed\nload_bronze: disk full\ngold: x",
        ),
        (
            failed(None),
            "the task's process ended without saying why\nTo do: `bin/stage clear load_bronze 2025-10-16`",
        ),
    ],
)
def test_the_last_line_names_cause_and_cure(task: FailedTask, said: str) -> None:
    assert "\n".join(last_words(task)) == said


def test_an_attempt_that_another_one_follows_needs_nobody() -> None:
    assert (
        last_words(failed("OSError: x"), tries_again=True)[-1]
        == "To do: nothing, it is tried again by itself"
    )


@pytest.mark.parametrize(
    ("state", "level", "is_told"), [("failed", "ERROR", True), ("up_for_retry", "WARNING", False)]
)
def test_it_ends_the_folded_group_and_comes_after_the_incident(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, state: str, level: str, is_told: bool
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(hearing, "_do", lambda work, wait_seconds=0: told.append(len(caplog.records)))
    run = SimpleNamespace(partition_key="2025-10-16", run_type="manual", queued_at=datetime.now(UTC))
    task = SimpleNamespace(
        state=state, dag_id="load_bronze", run_id="r", task_id="load_orders", map_index=-1, try_number=1,
        _ti_context_from_server=SimpleNamespace(dag_run=run),
    )  # fmt: skip
    with caplog.at_level(logging.INFO, LOGGER):
        hearing.task_failed(task, OSError("disk full"))
    assert caplog.records[0].getMessage() == END_OF_GROUP
    assert {each.levelname for each in caplog.records[-2:]} == {level}
    assert caplog.messages[-2] == "OSError: disk full"
    assert caplog.messages[-1].startswith("To do: ")
    assert told == ([0] if is_told else [])
