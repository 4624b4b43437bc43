"""However a run ends, its caller ends the same way, its job is cancelled, and nobody else notices."""

from __future__ import annotations

import signal
import subprocess

import pytest

from lakehouse.dbt.forked.client import PARENT_LOST
from testing.dbt_parents import gone
from tests.integration.forked_dbt.conftest import Waiting
from tests.integration.forked_dbt.processes import ended, signal_group, until

DBT_FAILED = 2
"""dbt's exit code for an error that is not a model's or a test's."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_the_client_ends_its_dbt_and_itself(waiting: Waiting, number: signal.Signals) -> None:
    process = waiting.start()
    child = waiting.dbt.child()
    signal_group(process, number)
    assert ended(process).code == -number
    assert gone(child)
    assert waiting.dremio.cancelled == waiting.jobs


def test_an_interrupt_ends_dbt_with_its_own_exit_code(waiting: Waiting) -> None:
    """Plain dbt does not end: it waits for the threads that wait for the job."""
    process = waiting.start()
    signal_group(process, signal.SIGINT)
    assert ended(process).code == DBT_FAILED
    assert waiting.dremio.cancelled == waiting.jobs


def test_a_quit_ends_dbt_at_once(waiting: Waiting) -> None:
    process = waiting.start()
    child = waiting.dbt.child()
    signal_group(process, signal.SIGQUIT)
    assert ended(process).code == -signal.SIGQUIT
    assert gone(child)


def test_a_killed_client_takes_its_dbt_with_it(waiting: Waiting) -> None:
    process = waiting.start()
    child = waiting.dbt.child()
    process.kill()
    assert ended(process).code == -signal.SIGKILL
    until(lambda: gone(child))
    assert waiting.dremio.cancelled == waiting.jobs
    assert waiting.dbt.run("ls", "--quiet").code == 0


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGKILL])
def test_a_crash_of_one_run_touches_no_other(waiting: Waiting, number: signal.Signals) -> None:
    crashed = waiting.start()
    child = waiting.dbt.child()
    parent = waiting.dbt.parent()
    other = waiting.start()
    child.send_signal(number)
    assert ended(crashed).code == -number
    assert waiting.dbt.parent() == parent
    third = waiting.dbt.run("ls", "--quiet")
    assert (third.code, third.out.split()) == (0, ["small.first"])
    assert other.poll() is None
    assert waiting.dremio.cancelled == []
    other.terminate()
    assert ended(other).code == -signal.SIGTERM


def test_a_killed_parent_is_named_and_the_next_run_is_sound(waiting: Waiting) -> None:
    runs: list[subprocess.Popen[str]] = [waiting.start(), waiting.start()]
    parent = waiting.dbt.parent()
    children = parent.children()
    assert len(children) == 2
    parent.kill()
    for run in runs:
        done = ended(run)
        assert done.code == PARENT_LOST
        assert "was forked from has been killed, and dbt was interrupted" in done.err.splitlines()[-1]
    assert all(gone(child) for child in children), "no dbt outlives its client"
    assert sorted(waiting.dremio.cancelled) == sorted(waiting.jobs)
    again = waiting.dbt.run("ls", "--quiet")
    assert (again.code, again.out.split(), again.err) == (0, ["small.first"], "")


def test_a_parent_that_is_stopped_ends_its_runs(waiting: Waiting) -> None:
    process = waiting.start()
    parent = waiting.dbt.parent()
    parent.terminate()
    assert ended(process).code == -signal.SIGTERM
    assert waiting.dremio.cancelled == waiting.jobs
    until(lambda: gone(parent))
    assert list(waiting.dbt.runtime.glob("*.sock")) == []
