"""bin/bootstrap: what makes an environment unusable, and that none is rebuilt under those who run from it.

Seen on a bare Debian 12: the set-up installed python3.11-venv, which patched the system's Python, and `make
down` then tried to rebuild the embedded environment under the running platform, without an index in reach.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest
from psutil import _psutil_linux

from embedded.settings import ROOT

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module on a folder of its own, in which `dbt` and `airflow` are real environments that
    are up to date; what it builds is only written down."""
    loader = SourceFileLoader("bootstrap", str(ROOT / "bin" / "bootstrap"))
    spec = importlib.util.spec_from_loader("bootstrap", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "ENVS", tmp_path / "envs")
    monkeypatch.setattr(module, "check_disk", lambda: None)
    module.built = []
    monkeypatch.setattr(module, "build", module.built.append)
    for name in ("airflow", "dbt"):
        venv.create(tmp_path / "envs" / name, symlinks=True)
        stamp(module, name)
    return module


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a process that waits, and has certainly started to; it is ended after the test."""
    with ExitStack() as running:

        def begin(words: Sequence[str], **options: object) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                **options,  # type: ignore[call-overload]
            )
            running.callback(process.wait)
            running.callback(process.kill)
            assert process.stdout.readline() == "runs\n"
            return process

        yield begin


WAIT = "print('runs', flush=True); input()"


def stamp(bootstrap: ModuleType, name: str, text: str | None = None) -> None:
    (bootstrap.ENVS / name / bootstrap.STAMP).write_text(text or bootstrap.fingerprint(name))


def bootstrap_main(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, *names: str) -> list[str]:
    monkeypatch.setattr(sys, "argv", ["bootstrap", *names])
    bootstrap.main()
    return bootstrap.built


def refusal(bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, *names: str) -> str:
    with pytest.raises(SystemExit) as refused:
        bootstrap_main(bootstrap, monkeypatch, *names)
    return str(refused.value)


@pytest.mark.parametrize(
    "version",
    [
        "3.11.2 (main, Apr 28 2025, 14:11:48) [GCC 12.2.0]",
        "3.11.2 (main, Nov 30 2024, 21:22:50) [GCC 12.2.0]",
        "3.11.9 (main, Nov 30 2024, 21:22:50) [GCC 13.1.0]",
    ],
)
def test_a_python_that_was_only_built_anew_or_patched_leaves_environments_valid(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(sys, "version", version)
    assert bootstrap_main(bootstrap, monkeypatch, "airflow", "dbt") == []


@pytest.mark.parametrize("changed", ["SOABI", "platform", "implementation", "lock", "path"])
def test_what_breaks_an_environment_makes_it_stale(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, changed: str
) -> None:
    if changed == "SOABI":
        values = {"SOABI": "cpython-312-x86_64-linux-gnu"}
        monkeypatch.setattr(sysconfig, "get_config_var", values.get)
    elif changed == "platform":
        monkeypatch.setattr(sysconfig, "get_platform", lambda: "linux-riscv64")
    elif changed == "implementation":
        monkeypatch.setattr(sys.implementation, "name", "pypy")
    elif changed == "lock":
        shutil.copytree(bootstrap.REQUIREMENTS, tmp_path / "requirements")
        with (tmp_path / "requirements" / "dbt.lock").open("a") as lock:
            lock.write("one-more==1\n")
        monkeypatch.setattr(bootstrap, "REQUIREMENTS", tmp_path / "requirements")
    else:
        moved = bootstrap.ENVS.rename(tmp_path / "moved")
        monkeypatch.setattr(bootstrap, "ENVS", moved)
    assert bootstrap_main(bootstrap, monkeypatch, "dbt") == ["dbt"]


@pytest.mark.parametrize("interpreter", ["/nowhere/python3.11", "/bin/false"])
def test_an_interpreter_that_does_not_start_makes_it_stale(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, interpreter: str
) -> None:
    """An environment's python is a link to the machine's, which an upgrade of the system takes away."""
    link = bootstrap.ENVS / "dbt" / "bin" / "python"
    link.unlink()
    link.symlink_to(interpreter)
    assert bootstrap_main(bootstrap, monkeypatch, "airflow", "dbt") == ["dbt"]


def test_an_interpreter_of_another_version_makes_it_stale(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the link is to `python3`, an upgrade of the system puts another Python under that name."""
    link = bootstrap.ENVS / "dbt" / "bin" / "python"
    link.unlink()
    link.write_text("#!/bin/sh\necho cpython cpython-313-x86_64-linux-gnu linux-x86_64\n")
    link.chmod(0o755)
    assert bootstrap_main(bootstrap, monkeypatch, "dbt") == ["dbt"]


def test_a_stale_environment_that_a_process_runs_from_is_left_alone_and_both_are_named(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    process = start([str(bootstrap.ENVS / "dbt" / "bin" / "python"), "-c", WAIT])
    stamp(bootstrap, "dbt", "of an older lock")
    message = refusal(bootstrap, monkeypatch, "airflow", "dbt")
    assert "the environment dbt is out of date" in message
    assert "but running services need it, 1 process (" in message
    assert str(process.pid) in message
    assert "Run `make down` first" in message
    assert "nothing was changed" in message
    assert bootstrap.built == []


def test_none_is_built_when_one_of_them_is_in_use(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    start([str(bootstrap.ENVS / "dbt" / "bin" / "python"), "-c", WAIT])
    stamp(bootstrap, "airflow", "of an older lock")
    stamp(bootstrap, "dbt", "of an older lock")
    assert "the environment dbt" in refusal(bootstrap, monkeypatch, "airflow", "dbt")
    assert bootstrap.built == []


def test_another_environment_is_built_while_one_is_in_use(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    start([str(bootstrap.ENVS / "dbt" / "bin" / "python"), "-c", WAIT])
    stamp(bootstrap, "airflow", "of an older lock")
    assert bootstrap_main(bootstrap, monkeypatch, "airflow", "dbt", "lint") == ["airflow", "lint"]


def test_the_environment_that_a_running_service_starts_programs_from_is_in_use(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    """No dbt runs between two tasks, but Airflow starts the next one at any moment."""
    start([str(bootstrap.ENVS / "airflow" / "bin" / "python"), "-c", WAIT])
    stamp(bootstrap, "dbt", "of an older lock")
    assert "the environment dbt is out of date" in refusal(bootstrap, monkeypatch, "dbt")
    assert bootstrap.built == []


def test_an_environment_whose_installation_was_cut_short_is_never_in_use(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    start([str(bootstrap.ENVS / "dbt" / "bin" / "python"), "-c", WAIT])
    (bootstrap.ENVS / "dbt" / bootstrap.STAMP).unlink()
    assert bootstrap_main(bootstrap, monkeypatch, "dbt") == ["dbt"]


def test_a_process_started_by_a_relative_path_through_a_link_is_found(
    bootstrap: ModuleType, start: Start, tmp_path: Path
) -> None:
    """As the Makefile of a second checkout does that shares the environments of a first."""
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "envs").symlink_to(bootstrap.ENVS)
    process = start(["envs/dbt/bin/python", "-c", WAIT], cwd=tmp_path / "second")
    assert list(bootstrap.processes_of("dbt")) == [process.pid]
    assert bootstrap.processes_of("airflow") == {}


def test_a_process_that_wrote_its_title_over_its_command_line_is_found(
    bootstrap: ModuleType, start: Start
) -> None:
    """Airflow's components do; the libraries that they have loaded still lie in the environment."""
    library = bootstrap.ENVS / "dbt" / "lib" / "loaded.so"
    shutil.copy(_psutil_linux.__file__, library)
    load = f"import ctypes; ctypes.PyDLL({str(library)!r}); "
    process = start(["airflow scheduler", "-c", load + WAIT], executable=sys.executable)
    assert list(bootstrap.processes_of("dbt")) == [process.pid]


def test_the_platforms_in_the_way_are_named_with_their_state_folders(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch, start: Start
) -> None:
    python = str(bootstrap.ENVS / "dbt" / "bin" / "python")
    for folder in (ROOT / ".local" / "state", Path("/srv/other")):
        start([python, "-c", WAIT], env=os.environ | {"LAKEHOUSE_STATE_DIR": str(folder)})
    stamp(bootstrap, "dbt", "of an older lock")
    message = refusal(bootstrap, monkeypatch, "dbt")
    assert "2 processes" in message
    assert "`make down` and `LAKEHOUSE_STATE_DIR=/srv/other make down`" in message
