"""`make down`, `status`, `logs` and `env` build nothing and run on whatever Python there is."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.settings import HOST, ROOT

UNREACHABLE = f"http://{HOST}:9"
"""The discard port, where nothing listens."""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout that has never built anything."""
    for name in ("Makefile", "bin", "embedded", "requirements"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / name)
    return tmp_path


@pytest.fixture
def broken_environment(clone: Path) -> Iterator[Path]:
    """An embedded environment whose Python starts, and that has lost every package."""
    folder = clone / ".local" / "envs" / "embedded" / "bin"
    folder.mkdir(parents=True)
    python = folder / "python"
    python.write_text('#!/bin/sh\nexec python3 -S "$@"\n')
    python.chmod(0o755)
    return python


def environment() -> dict[str, str]:
    """Of somebody who has set nothing of the platform, and who has no package index in reach."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LAKEHOUSE_", "MAKE", "MFLAGS"))}
    return kept | dict.fromkeys(("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"), UNREACHABLE)


def make(clone: Path, *arguments: str, answer: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments],
        cwd=clone,
        env=environment(),
        input=answer,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def files(clone: Path) -> set[Path]:
    return {path for path in clone.rglob("*") if "__pycache__" not in path.parts}


@pytest.mark.parametrize("command", ["down", "status"])
def test_a_clone_that_never_built_anything_says_that_nothing_runs(clone: Path, command: str) -> None:
    before = files(clone)
    done = make(clone, command)
    assert "nothing runs: no platform was ever started" in done.stdout
    assert "`make up`" in done.stdout
    assert "Traceback" not in done.stderr
    assert (done.returncode == 0) == (command == "down"), "status is an error unless all are healthy"
    assert files(clone) == before


def test_logs_of_a_platform_that_never_ran_are_an_error_in_one_line(clone: Path) -> None:
    done = make(clone, "logs", "SERVICE=airflow")
    assert done.returncode != 0
    assert done.stderr.startswith("error: no log of airflow in ")
    assert not (clone / ".local" / "envs").exists()


@pytest.mark.usefixtures("broken_environment")
@pytest.mark.parametrize("command", ["down", "status", "env"])
def test_an_environment_without_packages_is_used_as_it_is(clone: Path, command: str) -> None:
    done = make(clone, command)
    assert "Traceback" not in done.stderr
    assert "No module named" not in done.stderr
    assert (done.returncode == 0) == (command != "status")
    assert [path.name for path in (clone / ".local" / "envs" / "embedded" / "bin").iterdir()] == ["python"]


def test_an_interpreter_that_is_gone_is_replaced_by_the_machines(
    clone: Path, broken_environment: Path
) -> None:
    broken_environment.unlink()
    broken_environment.symlink_to("/nowhere/python3.11")
    done = make(clone, "down")
    assert done.returncode == 0, done.stderr
    assert "nothing runs" in done.stdout


def test_env_prints_addresses_only(clone: Path) -> None:
    done = make(clone, "env")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert f"LAKEHOUSE_STATE_DIR={clone / '.local' / 'state'}" in lines
    assert all(line.split("=", 1)[0].isidentifier() for line in lines)


def test_the_reader_of_the_output_may_leave_early(clone: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        ["bin/platform", "env"],
        cwd=clone,
        env=environment(),
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert done.returncode == -signal.SIGPIPE
    assert done.stderr == b""


@pytest.mark.parametrize("answer", ["", "n\n", "no\n"])
def test_reset_deletes_nothing_unless_it_is_confirmed(clone: Path, answer: str) -> None:
    state = clone / ".local" / "state"
    assert make(clone, "env").returncode == 0  # makes the secrets
    done = make(clone, "reset", answer=answer)
    assert done.returncode != 0
    assert f"Delete all data and passwords in {state}? [y/N]" in done.stdout
    assert "Traceback" not in done.stderr
    assert (state / "secrets.env").exists()


def test_reset_deletes_the_state_when_it_is_confirmed(clone: Path) -> None:
    assert make(clone, "env").returncode == 0
    done = make(clone, "reset", answer="y\n")
    assert done.returncode == 0, done.stderr
    assert not (clone / ".local" / "state").exists()
