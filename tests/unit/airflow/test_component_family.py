"""Children forked from one process: started again when they end by themselves, all gone when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from testing.repository import ROOT
from testing.waiting import wait_until

FAMILY = """
import os, signal, sys, time
from pathlib import Path
from embedded.airflow import components

folder, behaviour = Path(sys.argv[1]), sys.argv[2]
components.STOP_SECONDS, components.RESTART_SECONDS = 1, 0

def member(name):
    def live():
        if behaviour == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if behaviour == "working" and os.fork() == 0:
            (folder / f"{name}-worker.{os.getpid()}").touch()
            time.sleep(600)
        (folder / f"{name}.{os.getpid()}").touch()
        if behaviour == "failing" and name == "second":
            sys.exit(3)
        time.sleep(600)
    return live

sys.exit(components.Family({name: member(name) for name in ("first", "second")}).run())
"""

Start = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """A family of two whose members behave so; whatever happens, nothing of it is left afterwards."""
    parents: list[subprocess.Popen[bytes]] = []

    def begin(behaviour: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", FAMILY, str(tmp_path), behaviour]
        parents.append(subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}))
        return parents[-1]

    yield begin
    for pid in [parent.pid for parent in parents] + [pid for _, pid in seen(tmp_path)]:
        if psutil.pid_exists(pid):
            os.kill(pid, signal.SIGKILL)
    for parent in parents:
        parent.wait()


def seen(folder: Path) -> list[tuple[str, int]]:
    """Name and pid of everybody who has lived."""
    return [(path.stem, int(path.suffix[1:])) for path in folder.iterdir()]


def pids(folder: Path, name: str) -> list[int]:
    return [pid for other, pid in seen(folder) if other == name]


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_member_that_is_killed_is_started_again_and_the_other_goes_on(start: Start, tmp_path: Path) -> None:
    parent = start("living")
    wait_until(lambda: len(seen(tmp_path)) == 2, "both live")
    [killed], [other] = pids(tmp_path, "first"), pids(tmp_path, "second")
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: len(pids(tmp_path, "first")) == 2, "the first lives again")
    assert pids(tmp_path, "second") == [other]
    assert alive(other)
    assert parent.poll() is None


def test_what_a_killed_member_had_forked_does_not_outlive_it(start: Start, tmp_path: Path) -> None:
    start("working")
    wait_until(lambda: len(seen(tmp_path)) == 4, "both live, with a worker each")
    [member], [worker] = pids(tmp_path, "first"), pids(tmp_path, "first-worker")
    os.kill(member, signal.SIGKILL)
    wait_until(lambda: not alive(worker), "its worker has ended")
    wait_until(lambda: len(pids(tmp_path, "first-worker")) == 2, "there is a new one")
    assert not alive(worker)
    assert sum(alive(pid) for pid in pids(tmp_path, "first-worker")) == 1


@pytest.mark.parametrize("behaviour", ["living", "working", "deaf"])
def test_when_told_to_end_all_end_and_the_deaf_are_killed(
    behaviour: str, start: Start, tmp_path: Path
) -> None:
    parent = start(behaviour)
    wait_until(lambda: len(seen(tmp_path)) == (4 if behaviour == "working" else 2), "all live")
    parent.terminate()
    assert parent.wait(timeout=60) == 0
    wait_until(lambda: not any(alive(pid) for _, pid in seen(tmp_path)), "all have ended")


def test_the_members_end_when_their_parent_is_killed(start: Start, tmp_path: Path) -> None:
    parent = start("living")
    wait_until(lambda: len(seen(tmp_path)) == 2, "both live")
    parent.kill()
    assert parent.wait(timeout=60) == -signal.SIGKILL
    wait_until(lambda: not any(alive(pid) for _, pid in seen(tmp_path)), "both have ended")


def test_a_member_that_cannot_be_kept_up_ends_them_all_with_an_error(start: Start, tmp_path: Path) -> None:
    parent = start("failing")
    assert parent.wait(timeout=60) == 1
    assert len(pids(tmp_path, "second")) == 3
    assert len(pids(tmp_path, "first")) == 1
    wait_until(lambda: not any(alive(pid) for _, pid in seen(tmp_path)), "all have ended")
