"""SQL statements as tasks on the real engine: each is run once, whatever happens to who started it."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse.dremio.errors import DremioJobCanceledError, DremioJobFailedError, DremioJobTimeoutError
from lakehouse.dremio.operators import DremioSqlOperator
from lakehouse.dremio.sources import load_sources, provision
from lakehouse.dremio.states import JobState
from lakehouse.dremio.triggers import DremioJobTrigger
from testing.lakehouse.task_memory import kept
from testing.repository import ROOT
from tests.integration.lakehouse.bronze.night_rows import context
from tests.integration.lakehouse.bronze.sql_worker import MOMENTS, FileStore

DAY = date(2025, 3, 1)
TWENTY = " union all ".join("select 1 as n" for _ in range(20))
ENDLESS = "select count(*) from " + ", ".join(f"({TWENTY}) t{number}" for number in range(12))


def test_a_statement_reports_its_job_and_a_wrong_one_fails_with_the_engines_words(lake: Any) -> None:
    store: dict[str, Any] = {}
    report = DremioSqlOperator(task_id="sql", sql="select 1 as n").execute(context(DAY, store))
    [job] = report["external_jobs"]
    assert job["id"] == store["external_job"]["handle"]
    with pytest.raises(DremioJobFailedError, match=r"Dremio job [0-9a-f-]+ failed: .*nowhere"):
        DremioSqlOperator(task_id="sql", sql="select * from nowhere.x").execute(context(DAY))


def test_a_retry_attaches_to_the_running_job_and_the_deadline_cancels_it(lake: Any) -> None:
    running = lake.dremio.submit(ENDLESS)
    operator = DremioSqlOperator(task_id="sql", sql=ENDLESS, timeout=timedelta(seconds=1))
    with pytest.raises(DremioJobTimeoutError, match=running):
        operator.execute(context(DAY, kept(running)))
    assert lake.dremio.wait(running, 10).state is JobState.CANCELED


def test_a_canceled_job_fails_the_task_and_names_the_job(lake: Any) -> None:
    operator = DremioSqlOperator(task_id="sql", sql=ENDLESS)
    running = lake.dremio.submit(ENDLESS)
    store = kept(running)
    over = threading.Event()

    def insist() -> None:
        """A task that comes late finds its job canceled already, and rightly starts another one."""
        while not over.wait(0.5):
            if found := store.get("external_job"):
                lake.dremio.cancel(found["handle"])

    threading.Thread(target=insist, daemon=True).start()
    with pytest.raises(DremioJobCanceledError, match=r"Dremio job [0-9a-f-]+ was canceled"):
        operator.execute(context(DAY, store))
    over.set()
    assert store == {}, "what was canceled is not taken up again"


def test_a_success_reported_before_the_task_was_cleared_is_not_taken_up(lake: Any) -> None:
    finished = lake.dremio.run("select 1 as n").id
    store = kept(finished, reported=True)
    DremioSqlOperator(task_id="sql", sql="select 2 as two").execute(context(DAY, store, cleared=1))
    assert store["external_job"]["handle"] != finished


@pytest.fixture
def table(lake: Any) -> Callable[[], int]:
    """An empty table `gold.counted`; how many rows it has."""
    provision(lake.dremio, load_sources(), lake.access)
    lake.dremio.run("drop table if exists gold.counted")
    lake.dremio.run("create table gold.counted as select n from (values (1)) as v(n) where 1 = 0")
    return lambda: int(lake.dremio.query("select count(*) as n from gold.counted")[0]["n"])


INSERT = "insert into gold.counted select 1 as n"


def worker(store: Path, moment: str) -> subprocess.CompletedProcess[str]:
    module = "tests.integration.lakehouse.bronze.sql_worker"
    command = [sys.executable, "-m", module, str(store), moment, INSERT]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_insert_whose_worker_was_killed_is_done_once(
    table: Callable[[], int], tmp_path: Path, moment: str
) -> None:
    store = tmp_path / "store.json"
    died = worker(store, moment)
    assert died.returncode == -signal.SIGKILL, died.stderr
    first = FileStore(store)["external_job"]["handle"]
    report = DremioSqlOperator(task_id="insert", sql=INSERT).execute(context(DAY, FileStore(store)))
    assert table() == 1
    assert first in (None, report["external_jobs"][0]["id"])


def test_an_insert_whose_worker_and_triggerer_were_killed_while_it_was_deferred_is_done_once(
    table: Callable[[], int], tmp_path: Path
) -> None:
    store = tmp_path / "store.json"
    deferred = worker(store, "deferred")
    assert deferred.returncode == 0, deferred.stderr
    arguments, kwargs = json.loads(deferred.stdout.splitlines()[-1])

    async def killed_triggerer() -> None:
        """Airflow starts a trigger again from its row when the triggerer that had it is gone."""
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(DremioJobTrigger(**arguments).run()), 0.5)

    async def fired() -> Any:
        trigger = DremioJobTrigger(**arguments)
        trigger.poll_seconds = 0.2
        return (await anext(trigger.run())).payload

    asyncio.run(killed_triggerer())
    event = asyncio.run(fired())
    assert event["outcome"] == "ended"
    operator = DremioSqlOperator(task_id="insert", sql=INSERT)
    operator.resume(context(DAY, FileStore(store)), event, **kwargs)
    assert table() == 1
    # The worker that came back was killed before Airflow had its answer: the next attempt starts over.
    DremioSqlOperator(task_id="insert", sql=INSERT).execute(context(DAY, FileStore(store)))
    assert table() == 1
