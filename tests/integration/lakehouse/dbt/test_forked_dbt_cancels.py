"""A killed task leaves no job in Dremio, however it was killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from lakehouse.dremio.states import JobState
from testing.dbt_parents import gone
from tests.integration.forked_dbt.processes import (
    SECONDS,
    ForkedDbt,
    ended,
    forked_dbt,
    signal_group,
    until,
)
from tests.integration.lakehouse.dbt.conftest import Lake

ENDLESS = """
with digits as (select * from (values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)) t(n))
select '{{ env_var("ENDLESS_NAME") }}' as told, sum(a.n * k.n % 7) as s from digits a
""" + " ".join(f"cross join digits {name}" for name in "bcdefghijk")


@pytest.fixture(scope="module")
def dbt(wire: dict[str, str], lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedDbt]:
    """A forked dbt on the provisioned lake, whose only model takes forever."""
    made = forked_dbt(tmp_path_factory.mktemp("endless"), os.environ | wire)
    made.write("models/first.sql", ENDLESS)
    yield made
    made.stop()


@pytest.mark.parametrize("killed", ["SIGINT", "SIGTERM", "SIGKILL", "parent"])
def test_killing_the_task_cancels_its_job(dbt: ForkedDbt, lake: Lake, killed: str) -> None:
    name = f"endless_{killed.lower()}"
    process = dbt.start("run", ENDLESS_NAME=name)
    job = until(lambda: _running(lake, name))
    child = dbt.child()
    if killed == "parent":
        dbt.parent().kill()
    else:
        signal_group(process, signal.Signals[killed])
    ended(process)
    until(lambda: gone(child))
    assert lake.client.wait(job, SECONDS).state is JobState.CANCELED
    assert not _running(lake, name)


def test_a_job_that_dremio_cancels_ends_its_run(dbt: ForkedDbt, lake: Lake) -> None:
    """dbt-dremio waits forever: it looks for CANCELLED, Dremio says CANCELED (dremio/dbt-dremio#322)."""
    process = dbt.start("run", ENDLESS_NAME="endless_elsewhere")
    job = until(lambda: _running(lake, "endless_elsewhere"))
    lake.client.cancel(job)
    done = ended(process)
    assert done.code == 1
    assert "Job was cancelled" in done.out


def _running(lake: Lake, name: str) -> Any:
    """The job of the model, while it runs."""
    rows = lake.rows(
        f"select job_id from sys.jobs where query like '%create table%{name}%'"
        " and query not like '%sys.jobs%'"
    )
    return rows and rows[0]["job_id"]
