"""Which processes are the platform's, and that they end: daemons that its tasks left behind among them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from embedded.settings import ROOT, Settings
from embedded.stack.environment import base_environment
from embedded.stack.processes import Process, end, every_process, leftovers, mark, marked, tree

WAIT = "print('runs', flush=True); import signal; signal.pause()"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + WAIT
DAEMON = """
import os, sys
if os.fork(): sys.exit()
os.setsid()
if os.fork(): sys.exit()
print(os.getpid(), flush=True)
os.close(1); os.close(2)
import signal; signal.pause()
"""


class Started:
    """Starts processes that wait; those that a test leaves are killed after it."""

    def __init__(self) -> None:
        self.pids: list[int] = []

    def waiting(
        self, environment: Mapping[str, str], program: str = WAIT, words: Sequence[str] = ()
    ) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", program, *words]
        process = subprocess.Popen(
            command, env=dict(environment), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        self.pids.append(process.pid)
        assert process.stdout
        assert process.stdout.readline() == "runs\n"
        return process

    def daemon(self, environment: Mapping[str, str]) -> int:
        """The pid of a process whose parents have ended, in a session of its own."""
        command = [sys.executable, "-c", DAEMON]
        done = subprocess.run(
            command, env=dict(environment), stdout=subprocess.PIPE, text=True, check=True, timeout=60
        )
        self.pids.append(int(done.stdout))
        return int(done.stdout)


@pytest.fixture
def started() -> Iterator[Started]:
    processes = Started()
    yield processes
    for process in every_process():
        if process.pid in processes.pids:
            process.send(signal.SIGKILL)


def pids(processes: Sequence[Process]) -> set[int]:
    return {process.pid for process in processes}


def test_a_daemon_that_a_task_left_behind_belongs_to_the_platform_and_ends(
    started: Started, tmp_path: Path
) -> None:
    """No supervisord knows it: its parents have ended, and its session is its own."""
    daemon = started.daemon(os.environ | mark("airflow-scheduler", tmp_path))
    found = leftovers(tmp_path, {})
    assert pids(found) == {daemon}
    assert set(marked(tmp_path, {}).values()) == {"airflow-scheduler"}
    assert end(found, 30) == []
    assert leftovers(tmp_path, {}) == []


def test_processes_of_another_platform_are_left_alone(started: Started, tmp_path: Path) -> None:
    started.waiting(os.environ | mark("dremio", tmp_path / "state2"))
    started.waiting(os.environ | {"LAKEHOUSE_STATE_DIR": str(tmp_path / "state")})  # a user's own shell
    started.waiting(
        os.environ, words=[str(tmp_path / "state" / "logs" / "dremio.log")]
    )  # a reader of its logs
    assert leftovers(tmp_path / "state", {"dremio": ("serve", str(tmp_path / "state"))}) == []


def test_a_child_without_the_environment_is_found_through_its_parent(
    started: Started, tmp_path: Path
) -> None:
    child = (
        "import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'input()'], "
        "stdin=subprocess.PIPE, env={}); print('runs', flush=True); child.wait()"
    )
    parent = started.waiting(os.environ | mark("shop", tmp_path), child)
    family = tree(parent.pid)
    assert len(family) == 2
    assert pids(leftovers(tmp_path, {})) == pids(family)
    assert end(family, 30) == []


def test_a_program_whose_environment_is_hidden_is_known_by_its_command(
    started: Started, tmp_path: Path
) -> None:
    """Root without the capability to trace (containers) may not read the environment of another user."""
    data = str(tmp_path / "postgres" / "data")
    process = started.waiting({}, words=["-D", data])
    command = ("setpriv", "--reuid=1", sys.executable, "-c", WAIT, "-D", data)
    assert {p.pid: name for p, name in marked(tmp_path, {"postgres": command}).items()} == {
        process.pid: "postgres"
    }
    assert leftovers(tmp_path, {"postgres": (*command, "--other")}) == []


def test_a_process_that_does_not_listen_is_killed(started: Started, tmp_path: Path) -> None:
    process = started.waiting(os.environ | mark("dremio", tmp_path), DEAF)
    assert end(leftovers(tmp_path, {}), 0.2) == []
    assert process.wait(30) == -signal.SIGKILL


def test_a_process_left_to_its_parent_is_killed_only_after_the_grace(
    started: Started, tmp_path: Path
) -> None:
    process = started.waiting(os.environ | mark("postgres", tmp_path))
    assert end(leftovers(tmp_path, {}), 0.2, lambda _: None) == []
    assert process.wait(30) == -signal.SIGKILL


def test_one_that_ended_and_that_nobody_has_waited_for_does_not_run(started: Started, tmp_path: Path) -> None:
    process = started.waiting(os.environ | mark("shop", tmp_path))
    [found] = leftovers(tmp_path, {})
    assert found.running
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not found.running
    assert leftovers(tmp_path, {}) == []


def test_another_process_with_the_same_pid_is_another_process(started: Started) -> None:
    process = started.waiting(os.environ)
    [found] = tree(process.pid)
    assert found.running
    earlier = Process(found.pid, found.started - 1, found.parent, found.name)
    assert not earlier.running
    earlier.send(signal.SIGKILL)
    assert found.running


def test_a_component_of_airflow_that_sets_its_title_is_still_recognised(
    started: Started, tmp_path: Path
) -> None:
    """The API server of a platform whose supervisor was killed outlived `make down`: setproctitle had written
    its title over the environment that names its platform."""
    python = ROOT / ".local" / "envs" / "airflow" / "bin" / "python"
    title = "import setproctitle; setproctitle.setproctitle('airflow api_server -- ' + 'x' * 3000); "
    process = subprocess.Popen(
        [python, "-c", title + WAIT],
        env=base_environment(Settings.from_environ({"LAKEHOUSE_STATE_DIR": str(tmp_path)}))
        | mark("airflow-api-server", tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    )
    started.pids.append(process.pid)
    assert process.stdout
    assert process.stdout.readline() == "runs\n"
    [found] = leftovers(tmp_path, {})
    assert found.pid == process.pid
    assert found.words[0].startswith("airflow api_server")
