"""How the platform runs Airflow: what the scheduler forks tasks from, and how often it looks round."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path

import pytest
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.state import TaskInstanceState

from embedded.airflow import executor as calm
from embedded.airflow import own_modules, wakeup
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


TELLS = """
import sys
from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from airflow.models import DagRun, Variable
from airflow.models.base import Base
from embedded.airflow import own_modules, wakeup
engine = create_engine("sqlite:///" + sys.argv[1])
tables = [Base.metadata.tables[name] for name in ("variable", "dag_run", "log_template")]
Base.metadata.create_all(engine, tables=tables)
wakeup.create()
wakeup.notify_on_commits()
from multiprocessing.connection import wait
def told(row, end):
    with Session(engine) as session:
        session.add(row)
        session.flush()
        getattr(session, end)()
    said = bool(wait(wakeup.readers(), 0))
    wakeup.drain()
    return "yes" if said else "no"
run = {"dag_id": "load_bronze", "run_type": "manual"}
print("variable: " + told(Variable("a", "b"), "commit"), end=", ")
print("run: " + told(DagRun(run_id="one", **run), "commit"), end=", ")
print("rolled back: " + told(DagRun(run_id="two", **run), "rollback"), end=", ")
print("ended: " + told(DagRun(run_id="three", state="success", **run), "commit"))
"""


class Clock:
    """Time that passes only while the executor waits for its tasks."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def wait(self, ends: list[Connection | int], seconds: float) -> list[Connection | int]:
        if ready := wait(ends, 0):
            return ready
        self.pauses.append(seconds)
        self.now += seconds
        return []


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(calm, "time", clock)
    monkeypatch.setattr(calm, "wait", clock.wait)
    return clock


@pytest.fixture
def executor(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[CalmLocalExecutor]:
    """Started, without workers."""
    monkeypatch.setattr(CalmLocalExecutor, "_spawn_workers_with_gc_freeze", lambda self, number: None)
    executor = CalmLocalExecutor(parallelism=2)
    executor.start()
    yield executor
    executor.end()


def round_of_the_loop(executor: CalmLocalExecutor, clock: Clock) -> None:
    """What the scheduler does with its executor in one round, and the time it takes for the rest."""
    executor.sync()
    executor.get_event_buffer()
    clock.now += 0.1


def wait_long(executor: CalmLocalExecutor, clock: Clock) -> None:
    """Let rounds pass until the pause is at its longest."""
    while clock.pauses[-1:] != [calm.LONGEST_PAUSE_SECONDS]:
        round_of_the_loop(executor, clock)


def test_the_scheduler_goes_on_at_once_when_a_task_was_started_or_has_finished(
    executor: CalmLocalExecutor, clock: Clock
) -> None:
    clock.now += 100
    executor.running.add(TASK)
    round_of_the_loop(executor, clock)
    clock.now += 100
    executor.success(TASK)
    round_of_the_loop(executor, clock)
    assert clock.pauses == []


def test_two_rounds_follow_at_once_when_something_has_happened_and_then_one_after_a_pause(
    executor: CalmLocalExecutor, clock: Clock
) -> None:
    """The second one does what the first has made possible; many more would keep a busy machine busy."""
    executor.running.add(TASK)
    for _ in range(calm.ROUNDS_AT_ONCE):
        round_of_the_loop(executor, clock)
    assert clock.pauses == []
    round_of_the_loop(executor, clock)
    assert clock.pauses == [calm.SHORTEST_PAUSE_SECONDS]


@pytest.mark.parametrize("running", [True, False])
def test_the_scheduler_is_paused_longer_and_longer_while_nothing_happens(
    executor: CalmLocalExecutor, clock: Clock, running: bool
) -> None:
    if running:
        executor.running.add(TASK)
    for _ in range(40):
        round_of_the_loop(executor, clock)
    assert clock.pauses == sorted(clock.pauses)
    assert clock.pauses[-1] == calm.LONGEST_PAUSE_SECONDS


def test_a_task_that_finishes_ends_the_pause_and_is_taken_up_in_the_same_round(
    executor: CalmLocalExecutor, clock: Clock
) -> None:
    executor.running.add(TASK)
    wait_long(executor, clock)
    paused = len(clock.pauses)
    executor.result_queue.put((TASK, TaskInstanceState.SUCCESS, None))
    executor.sync()
    assert len(clock.pauses) == paused
    assert executor.get_event_buffer() == {TASK: (TaskInstanceState.SUCCESS, None)}


def test_a_notification_of_a_component_ends_the_pause_and_counts_as_something_that_happened(
    executor: CalmLocalExecutor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeup, "_pipe", None)
    wakeup.create()
    wait_long(executor, clock)
    paused = len(clock.pauses)
    for _ in range(3):
        wakeup.notify()
    round_of_the_loop(executor, clock)
    for _ in range(calm.ROUNDS_AT_ONCE - 1):
        round_of_the_loop(executor, clock)
    assert len(clock.pauses) == paused
    round_of_the_loop(executor, clock)
    assert clock.pauses[paused:] == [calm.SHORTEST_PAUSE_SECONDS]


def test_a_full_pipe_blocks_no_notifier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeup, "_pipe", None)
    wakeup.notify()
    wakeup.create()
    for _ in range(70_000):
        wakeup.notify()
    assert wait(wakeup.readers(), 0) == wakeup.readers()
    wakeup.drain()
    assert wait(wakeup.readers(), 0) == []


def test_a_component_notifies_of_commits_that_leave_something_to_schedule_only(tmp_path: Path) -> None:
    """In a process of its own: the listeners are for as long as a process lives."""
    told = subprocess.run(
        [sys.executable, "-c", TELLS, str(tmp_path / "airflow.sqlite")],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1] == "variable: no, run: yes, rolled back: no, ended: no"


def test_a_task_imports_neither_a_costly_library_nor_a_module_of_the_repository(tmp_path: Path) -> None:
    """The scheduler, which tasks are forked from, holds them."""
    found = tmp_path / "modules.json"
    subprocess.run([sys.executable, "-c", LOADED_BY_A_TASK, found], cwd=ROOT, check=True)
    modules = json.loads(found.read_text(encoding="utf-8"))
    before, after = (set(modules[when]) for when in ("before", "after"))
    used = {name.split(".")[0] for name in after}
    assert used >= COSTLY, "not used any more: strike it from the list"
    assert not (used - {name.split(".")[0] for name in before}) & COSTLY
    own = {name for name in after - before if name.startswith("lakehouse")}
    assert {name for name in own if not name.startswith(own_modules.NOT_FOR_TASKS)} == set()


EDITED = """
import os, sys
from pathlib import Path
from embedded.airflow import own_modules
folder = Path(sys.argv[1])
sys.path.insert(0, str(folder.parent))
own_modules.preload(folder.name, except_for=())
import shop.rates
def in_a_child():
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        from shop.rates import VAT
        from shop.deep.prices import gross
        print(VAT, gross(100), shop.rates is sys.modules["shop.rates"], flush=True)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
in_a_child()
(folder / "rates.py").write_text("VAT = 0.25")
in_a_child()
(folder / "rates.py").write_text("VAT = 0.50")
in_a_child()
print(shop.rates.VAT)
"""


def test_a_task_runs_the_code_as_it_is_when_it_starts(tmp_path: Path) -> None:
    """Loaded in advance and unchanged: not read again. Edited: read again, with all that imports it."""
    package = tmp_path / "shop"
    (package / "deep").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "deep" / "__init__.py").touch()
    (package / "rates.py").write_text("VAT = 0.2")
    (package / "deep" / "prices.py").write_text(
        "from shop.rates import VAT\ndef gross(net): return round(net * (1 + VAT))"
    )
    told = subprocess.run(
        [sys.executable, "-B", "-c", EDITED, str(package)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines() == ["0.2 120 True", "0.25 125 False", "0.5 150 False", "0.2"]
