"""Whoever reads a command may leave, and whoever typed it may press Ctrl-C: neither is a fault to be told."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from testing.repository import ROOT

BIN: Final = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "bin").iterdir())}
NO_PYTHON: Final = frozenset({"lint", "lock"})
"""Bash, which SIGPIPE ends as it is."""
BUILDERS: Final = frozenset({"bootstrap", "calcite", "prometheus", "elasticsearch"})
"""They fetch and build, and take nothing that makes them only print."""
PRINTING: Final = {
    **dict.fromkeys(BIN.keys() - NO_PYTHON - BUILDERS, ("--help",)),
    "airflow": ("version",),
    "doctor": ("--only", "nothing-of-that-name"),
    "psql": ("platform", "--help"),
}
"""What makes each command print without a platform."""
GONE: Final = -signal.SIGPIPE
INTERRUPTED: Final = -signal.SIGINT


@contextmanager
def no_reader() -> Iterator[int]:
    """An output that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


def told_to_nobody(*command: str, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Exit code and standard error of a command whose output has no reader."""
    with no_reader() as output:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.PIPE, text=True, timeout=120, check=False,
        )  # fmt: skip
    return done.returncode, done.stderr


@pytest.fixture(scope="module")
def printed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[tuple[int, str]]]]:
    """All of them started, a few at a time: each takes a second or two to import what it needs."""
    state = tmp_path_factory.mktemp("state")
    own = os.environ | {"LAKEHOUSE_STATE_DIR": str(state), "AIRFLOW_HOME": str(state / "airflow")}
    own.pop("PYTHONUNBUFFERED", None)
    # The first one makes the platform's passwords.
    told_to_nobody(str(ROOT / "bin" / "platform"), "env", environment=own)
    with ThreadPoolExecutor(3) as beside:
        yield {
            name: beside.submit(told_to_nobody, str(ROOT / "bin" / name), *words, environment=own)
            for name, words in PRINTING.items()
        }


@pytest.mark.parametrize("name", sorted(PRINTING))
def test_a_command_whose_reader_has_left_ends_without_a_word(
    name: str, printed: Mapping[str, Future[tuple[int, str]]]
) -> None:
    code, complaint = printed[name].result()
    if name == "doctor":  # it complains, and to somebody who listens
        assert (code, complaint.splitlines()[0][:6]) == (2, "error:")
    else:
        assert (code, complaint) == (GONE, "")


@pytest.mark.parametrize("name", sorted(BIN.keys() - NO_PYTHON))
def test_every_command_that_is_python_starts_as_a_command(name: str) -> None:
    if BIN[name].startswith("#!/usr/bin/env python3"):
        assert BIN[name].endswith('if __name__ == "__main__":\n    as_command(main)\n')
        return
    started = re.findall(r"-m ([\w.]+)", BIN[name])
    assert started
    assert set(started) == {"embedded.command"}


SCRIPT: Final = [sys.executable, "-m", "embedded.command", "script"]
"""Runs the module that a test has written."""


@pytest.fixture(autouse=True)
def interruptible() -> Iterator[None]:
    """What is started hears Ctrl-C, also if these tests were started in the background of a script."""
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, earlier)


def written(folder: Path, text: str) -> dict[str, str]:
    (folder / "script.py").write_text(text, encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return kept | {"PYTHONPATH": f"{folder}:{ROOT}"}


@pytest.mark.parametrize(
    "text",
    [
        "print('little, and flushed at the end only')",
        "for number in range(100_000): print(number)",
        "import sys; print('x'); sys.exit(1)",
        "import sys; print('x', flush=True)\nsys.exit('never reached')",
        "import sys; sys.stdout.buffer.write(b'x' * 1_000_000)",
    ],
)
def test_it_makes_no_difference_when_the_reader_left(text: str, tmp_path: Path) -> None:
    assert told_to_nobody(*SCRIPT, environment=written(tmp_path, text)) == (GONE, "")


def test_a_shell_shows_141(tmp_path: Path) -> None:
    environment = written(tmp_path, "for number in range(100_000): print(number)")
    shell = f'set -o pipefail; "{sys.executable}" -m embedded.command script | head -2'
    done = subprocess.run(
        ["bash", "-c", shell], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (141, "0\n1\n", "")


def test_a_server_that_breaks_off_is_told(tmp_path: Path) -> None:
    text = "import socket; here, there = socket.socketpair(); there.close(); here.sendall(b'x')"
    done = subprocess.run(
        SCRIPT, cwd=ROOT, env=written(tmp_path, text), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "BrokenPipeError" in done.stderr


@pytest.mark.parametrize(
    ("text", "code", "complaint"),
    [
        ("import sys; sys.exit(3)", 3, ""),
        ("import sys; sys.exit('error: no')", 1, "error: no\n"),
        ("import sys; assert sys.argv[1:] == ['a', '-b']; print(__name__)", 0, ""),
    ],
)
def test_all_else_is_as_without_it(text: str, code: int, complaint: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*SCRIPT, "a", "-b"],
        cwd=ROOT,
        env=written(tmp_path, text),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, complaint)
    assert done.stdout == ("__main__\n" if code == 0 else "")


@pytest.mark.parametrize(
    "text",
    [
        "import time; print('before', flush=True); time.sleep(60)",
        "import sys, time; print('before'); print('now', file=sys.stderr, flush=True); time.sleep(60)",
        "import time\ntry:\n    print('before', flush=True); time.sleep(60)\nfinally: print('tidied')",
    ],
    ids=["while it works", "unflushed", "with something to tidy"],
)
def test_ctrl_c_leaves_no_traceback(text: str, tmp_path: Path) -> None:
    running = subprocess.Popen(
        SCRIPT,
        cwd=ROOT,
        env=written(tmp_path, text),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout
    assert running.stderr
    said = (running.stderr if "stderr" in text else running.stdout).readline()
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)
    assert running.returncode == INTERRUPTED
    assert said in ("before\n", "now\n")
    assert out == {"now\n": "before\n"}.get(said, "tidied\n" if "finally" in text else "")
    assert err == ""


def test_a_shell_s_loop_ends_with_the_command_that_was_interrupted(tmp_path: Path) -> None:
    """A command that exits with 130 by itself would leave `for ... do bin/stage ...; done` running."""
    text = "import os, signal; os.kill(os.getppid(), signal.SIGINT); os.kill(os.getpid(), signal.SIGINT)"
    environment = written(tmp_path, text)
    shell = f'for each in 1 2 3; do echo $each; "{sys.executable}" -m embedded.command script; done'
    done = subprocess.run(
        ["bash", "-c", shell], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (INTERRUPTED, "1\n", "")
