"""The parent: shared by all who may, started once, gone when nobody needs it, replaced when it is old."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

from lakehouse.dbt.project import dbt_environment
from tests.integration.forked_dbt.conftest import Waiting
from tests.integration.forked_dbt.processes import (
    SECRET,
    ForkedDbt,
    ended,
    forked_dbt,
    until,
)


def test_clients_that_start_together_share_one_parent_also_in_a_deep_folder(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*[f"a folder with spaces {n}" for n in range(8)])
    assert len(str(deep)) > 150, "longer than a socket's path may be"
    dbt = forked_dbt(deep, dict(os.environ))
    try:
        processes = [dbt.start("ls", "--quiet", "--target-path", f"target{n}") for n in range(4)]
        for process in processes:
            done = ended(process)
            assert (done.code, done.out.split(), done.err) == (0, ["small.first"], "")
        assert dbt.parent().is_running()
    finally:
        dbt.stop()


def test_the_parent_has_one_thread_and_keeps_nothing_of_a_run(waiting: Waiting) -> None:
    assert waiting.dbt.run("ls", "--quiet").code == 0
    parent = waiting.dbt.parent()
    until(lambda: not parent.children())
    descriptors = parent.num_fds()
    process = waiting.start()
    assert [thread.name for thread in Path(f"/proc/{parent.pid}/task").iterdir()] == [str(parent.pid)]
    assert parent.num_fds() > descriptors
    process.terminate()
    assert ended(process).code == -signal.SIGTERM
    until(lambda: not parent.children())
    until(lambda: parent.num_fds() <= descriptors)
    assert SECRET not in parent.environ().values()


def test_a_run_starts_no_helper_process_and_nothing_warns_of_a_leak(waiting: Waiting) -> None:
    process = waiting.start()
    assert waiting.dbt.child().children() == []
    process.send_signal(signal.SIGINT)
    done = ended(process)
    waiting.dbt.parent().terminate()
    until(lambda: not waiting.dbt.parents())
    (log,) = waiting.dbt.runtime.glob("*.log")
    said = done.out + done.err + log.read_text()
    assert "leaked" not in said
    assert "Traceback" not in log.read_text()
    assert log.read_text().endswith("ended\n")


def test_a_parent_ends_when_it_is_idle_and_not_while_a_run_goes_on(own_waiting: Waiting) -> None:
    dbt = own_waiting.dbt
    dbt.environment["LAKEHOUSE_DBT_IDLE_SECONDS"] = "0.2"
    process = own_waiting.start()
    parent = dbt.parent()
    woken = parent.num_ctx_switches().voluntary
    until(lambda: parent.num_ctx_switches().voluntary > woken + 2)
    assert dbt.parent() == parent, "it has waited for longer than it waits when idle"
    process.terminate()
    assert ended(process).code == -signal.SIGTERM
    until(lambda: not dbt.parents())
    assert list(dbt.runtime.glob("*.sock")) == []


def test_a_used_up_parent_sees_its_last_run_out_while_another_takes_over(own_waiting: Waiting) -> None:
    dbt = own_waiting.dbt
    dbt.environment["LAKEHOUSE_DBT_MOST_RUNS"] = "1"
    last = own_waiting.start()
    old = dbt.parent()
    next_ = dbt.run("ls", "--quiet")
    assert (next_.code, next_.out.split(), next_.err) == (0, ["small.first"], "")
    assert old in dbt.parents()
    last.terminate()
    assert ended(last).code == -signal.SIGTERM
    until(lambda: old not in dbt.parents())


def test_another_time_zone_is_another_parent(own_dbt: ForkedDbt) -> None:
    assert own_dbt.run("ls", "--quiet", TZ="UTC").code == 0
    first = own_dbt.parent()
    assert own_dbt.run("ls", "--quiet", TZ="Europe/Paris").code == 0
    assert len(own_dbt.parents()) == 2
    assert first in own_dbt.parents()


def test_without_a_parent_dbt_runs_plainly_and_says_so(own_dbt: ForkedDbt, tmp_path: Path) -> None:
    environment = _environment_without_python(tmp_path / "environment")
    own_dbt.environment["LAKEHOUSE_DBT_ENVIRONMENT"] = str(environment)
    done = own_dbt.run("ls", "--quiet")
    assert (done.code, done.out.split()) == (0, ["small.first"])
    assert done.err.splitlines() == [
        "lakehouse: dbt starts by itself, without its parent: it ended before it started anything"
    ]


def test_a_folder_that_others_may_enter_is_not_used(own_dbt: ForkedDbt) -> None:
    own_dbt.runtime.mkdir()
    own_dbt.runtime.chmod(0o755)
    done = own_dbt.run("ls", "--quiet")
    assert (done.code, done.out.split()) == (0, ["small.first"])
    assert "mode 700" in done.err
    assert own_dbt.parents() == []


def test_folder_and_socket_are_their_owners_alone(dbt: ForkedDbt) -> None:
    assert dbt.run("ls", "--quiet").code == 0
    assert dbt.runtime.stat().st_mode & 0o777 == 0o700
    (path,) = dbt.runtime.glob("*.sock")
    assert path.is_socket()


def test_a_connection_that_says_nothing_holds_up_nobody(dbt: ForkedDbt) -> None:
    assert dbt.run("ls", "--quiet").code == 0
    (path,) = dbt.runtime.glob("*.sock")
    folder = os.open(dbt.runtime, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(f"/proc/self/fd/{folder}/{path.name}")
        dbt.child()
        done = dbt.run("ls", "--quiet")
        assert (done.code, done.err) == (0, "")
    os.close(folder)
    until(lambda: not dbt.parent().children())


def _environment_without_python(folder: Path) -> Path:
    """An environment with dbt's command, whose interpreter cannot be started as a parent."""
    real = dbt_environment()
    (packages,) = real.glob("lib/python3.*/site-packages")
    (folder / packages.relative_to(real)).mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to("/bin/false")
    (folder / "bin" / "dbt").symlink_to(real / "bin" / "dbt")
    return folder
