"""How the platform runs Airflow: what the scheduler forks tasks from, and how often it looks round."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow.models.taskinstancekey import TaskInstanceKey

from embedded.airflow import executor as calm
from embedded.airflow.executor import CalmLocalExecutor
from testing.repository import ROOT

TASK = TaskInstanceKey("load_bronze", "load_orders", "a run", 1)
COSTLY = {
    "airbyte_api",
    "boto3",
    "botocore",
    "cosmos",
    "httpx",
    "psycopg",
    "pyarrow",
    "requests",
    "sqlalchemy",
}
LOADED_BY_A_TASK = """
import importlib, json, pkgutil, runpy, sys
from pathlib import Path
from embedded.airflow.components import preload
preload()
before = set(sys.modules)
for file in sorted(Path("dags").glob("*.py")):
    runpy.run_path(str(file))
import lakehouse
for module in pkgutil.walk_packages(lakehouse.__path__, "lakehouse."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
json.dump({"before": sorted(before), "after": sorted(sys.modules)}, open(sys.argv[1], "w"))
"""


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(calm, "time", clock)
    return clock


@pytest.fixture
def executor(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[CalmLocalExecutor]:
    """Started, without workers."""
    monkeypatch.setattr(CalmLocalExecutor, "_spawn_workers_with_gc_freeze", lambda self, number: None)
    executor = CalmLocalExecutor(parallelism=2)
    executor.start()
    yield executor
    executor.end()


def test_the_scheduler_is_not_paused_while_a_task_runs(executor: CalmLocalExecutor, clock: Clock) -> None:
    executor.running.add(TASK)
    clock.now += 10 * calm.LINGER_SECONDS
    executor.sync()
    assert clock.pauses == []


def test_the_scheduler_is_not_paused_between_the_stages_of_a_night(
    executor: CalmLocalExecutor, clock: Clock
) -> None:
    executor.running.add(TASK)
    clock.now += 10 * calm.LINGER_SECONDS
    executor.sync()
    executor.success(TASK)
    clock.now += calm.LINGER_SECONDS / 2
    executor.sync()
    executor.get_event_buffer()
    clock.now += calm.LINGER_SECONDS / 2
    executor.sync()
    assert clock.pauses == []


def test_the_scheduler_is_paused_in_every_round_once_nothing_has_run_for_a_while(
    executor: CalmLocalExecutor, clock: Clock
) -> None:
    clock.now += calm.LINGER_SECONDS + 1
    for _ in range(3):
        executor.sync()
    assert clock.pauses == [calm.IDLE_PAUSE_SECONDS] * 3


def test_a_task_imports_none_of_the_costly_libraries_by_itself(tmp_path: Path) -> None:
    """What the scheduler forks tasks from holds them; none of the repository's own modules is among them."""
    found = tmp_path / "modules.json"
    subprocess.run([sys.executable, "-c", LOADED_BY_A_TASK, found], cwd=ROOT, check=True)
    modules = json.loads(found.read_text(encoding="utf-8"))
    before, after = ({name.split(".")[0] for name in modules[when]} for when in ("before", "after"))
    assert after >= COSTLY, "not used any more: strike it from the list"
    assert not (after - before) & COSTLY
    assert "lakehouse" in after
    assert "lakehouse" not in before
