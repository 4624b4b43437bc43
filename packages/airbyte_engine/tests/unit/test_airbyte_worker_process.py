"""Workers are forked from a process that has done their imports, and are processes of their own."""

from __future__ import annotations

import errno
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from airbyte_engine.sync import worker_process
from airbyte_engine.sync.worker_process import PRELOADED, Worker, WorkerProcesses
from airbyte_engine.worker.forked import PARENT, WAITING

SECONDS = 60


@pytest.fixture
def worker() -> Iterator[Worker]:
    worker = Worker(ahead=False)
    yield worker
    worker.signal(signal.SIGKILL)
    assert worker.wait(SECONDS) is not None
    worker.close()


def parent_of(worker: Worker) -> psutil.Process:
    parent = psutil.Process(worker.pid).parent()
    assert parent is not None
    return parent


def test_a_worker_leads_a_session_of_its_own_and_does_no_imports(worker: Worker) -> None:
    process = psutil.Process(worker.pid)
    assert (process.name(), parent_of(worker).name()) == (WAITING, PARENT)
    assert worker.poll() is None
    sessions = subprocess.check_output(["ps", "-o", "sid=,pgid=", "-p", str(worker.pid)], text=True).split()
    assert sessions == [str(worker.pid)] * 2
    # Its imports take half a second of processor time in a process that is started for it alone.
    used = process.cpu_times()
    assert used.user + used.system < 0.25


def test_what_forks_has_no_thread_that_a_fork_would_lack() -> None:
    program = f"""
import {PRELOADED}, pathlib
print(*((task / "comm").read_text().strip() for task in pathlib.Path("/proc/self/task").iterdir()))
"""
    told = subprocess.check_output([sys.executable, "-c", program], text=True).split()
    assert PARENT in told
    # Arrow's allocator starts this one, and takes care of it in pthread_atfork.
    assert [name for name in told if name not in (PARENT, "jemalloc_bg_thd")] == []
    assert told.count(PARENT) == 1


def test_a_worker_that_nobody_hears_ends(worker: Worker) -> None:
    worker.close()
    assert worker.wait(SECONDS) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_its_end_is_told_as_it_was(worker: Worker, number: signal.Signals) -> None:
    assert worker.wait(0.1) is None
    worker.signal(number)
    assert worker.wait(SECONDS) == -number
    worker.signal(number)
    assert worker.poll() == -number


def test_what_it_cannot_run_is_said_where_its_complaints_are_read(worker: Worker) -> None:
    worker.stdin.write("no order\n")
    worker.stdin.close()
    assert "JSONDecodeError" in worker.stderr.read()
    assert worker.wait(SECONDS) == 1


def test_a_worker_outlives_what_it_was_forked_from_and_its_end_is_still_seen(tmp_path: Path) -> None:
    workers = WorkerProcesses(tmp_path / "sockets")
    worker = workers.take()
    first = parent_of(worker)
    first.kill()
    # At once: what was killed may still take requests, for as long as one of its threads is there.
    other = workers.take()
    assert parent_of(other).pid != first.pid
    assert worker.poll() is None
    worker.signal(signal.SIGKILL)
    assert worker.wait(SECONDS) == 255
    worker.close()
    other.close()
    assert other.wait(SECONDS) == 0


def test_a_start_is_tried_until_what_forks_has_ended(
    tmp_path: Path, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many requests the dying one still takes: each ends as if the fork had failed."""
    answers = iter([EOFError(), ConnectionResetError(), BrokenPipeError(), EOFError(), worker])

    def start(ahead: bool) -> Worker:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(worker_process, "Worker", start)
    assert WorkerProcesses(tmp_path / "sockets").take() is worker


def test_a_start_that_never_succeeds_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def start(ahead: bool) -> Worker:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(worker_process, "Worker", start)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(time, "monotonic", itertools.count(step=1).__next__)
    with pytest.raises(OSError, match="Resource temporarily unavailable"):
        WorkerProcesses(tmp_path / "sockets").take()


def test_one_waits_ahead_each_attempt_has_its_own_and_none_stays(tmp_path: Path) -> None:
    workers = WorkerProcesses(tmp_path / "sockets")
    workers.prepare()
    workers.prepare()
    first, second = workers.take(), workers.take()
    assert first.pid != second.pid
    workers.prepare()
    workers.close()
    workers.prepare()
    waiting = [child for child in psutil.Process().children(recursive=True) if child.name() == WAITING]
    assert {child.pid for child in waiting} == {first.pid, second.pid}
    for worker in (first, second):
        worker.close()
        assert worker.wait(SECONDS) == 0


def test_one_that_died_while_it_waited_is_not_given_to_an_attempt(tmp_path: Path) -> None:
    workers = WorkerProcesses(tmp_path / "sockets")
    workers.prepare()
    (waiting,) = (child for child in psutil.Process().children(recursive=True) if child.name() == WAITING)
    waiting.kill()
    psutil.wait_procs([waiting], timeout=SECONDS)
    taken = workers.take()
    assert taken.pid != waiting.pid
    assert taken.poll() is None
    taken.close()
    assert taken.wait(SECONDS) == 0
    workers.close()


def test_a_server_that_is_killed_leaves_nothing_but_in_its_own_folder(tmp_path: Path) -> None:
    """However long the folder's name is: a socket's own path may hold 107 bytes."""
    sockets, temporary = tmp_path / ("long" * 30) / "sockets", tmp_path / "temporary"
    temporary.mkdir()
    program = """
import os, pathlib, signal, sys
from airbyte_engine.sync import worker_process
from airbyte_engine.sync.worker_process import WorkerProcesses
if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    workers = WorkerProcesses(folder)
    assert workers.take().poll() is None
    print(*(path.name for path in folder.iterdir()), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    left = []
    for _ in range(2):
        ended = subprocess.run(
            [sys.executable, "-c", program, sockets],
            env=os.environ | {"TMPDIR": str(temporary)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        left.append(ended.stdout.split())
    assert [len(names) for names in left] == [1, 1]
    assert left[0] != left[1]
    assert list(temporary.iterdir()) == []
