"""bin/bootstrap: what is built again, what is kept, and what a failure says."""

from __future__ import annotations

import importlib.util
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

import pytest

from embedded.settings import ROOT


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module, with a folder of its own and a uv that only makes folders."""
    loader = SourceFileLoader("bootstrap", str(ROOT / "bin" / "bootstrap"))
    spec = importlib.util.spec_from_loader("bootstrap", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)

    def run(command: list[str], _: str) -> None:
        if command[1] == "venv":
            Path(command[-1], "bin").mkdir(parents=True)

    for name, value in {
        "ENVS": tmp_path,
        "run": run,
        "find_uv": lambda: "uv",
        "runs": lambda _: True,
        "moved": lambda _: False,
    }.items():
        monkeypatch.setattr(module, name, value)
    return module


def test_an_environment_whose_installation_was_killed_is_built_from_nothing(bootstrap: ModuleType) -> None:
    """uv takes a package for installed whose folder is there, though half of its files are missing."""
    half = bootstrap.ENVS / "dbt" / "half-a-package"
    half.mkdir(parents=True)
    bootstrap.build("dbt")
    assert not half.exists()
    assert (bootstrap.ENVS / "dbt" / bootstrap.STAMP).read_text() == bootstrap.fingerprint("dbt")


def test_an_environment_of_an_older_lock_keeps_its_packages(bootstrap: ModuleType) -> None:
    package = bootstrap.ENVS / "dbt" / "package"
    package.mkdir(parents=True)
    (bootstrap.ENVS / "dbt" / bootstrap.STAMP).write_text("of an older lock")
    bootstrap.build("dbt")
    assert package.exists()


def test_too_little_disk_names_the_folder_and_the_need(
    bootstrap: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAKEHOUSE_NEEDED_DISK_GIB", "1e9")
    with pytest.raises(SystemExit, match=f"free in {bootstrap.ENVS}, 1e\\+09 GiB needed"):
        bootstrap.check_disk()


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("error: Failed to fetch\n  Caused by: Connection refused (os error 111)\n", "Connection refused"),
        (
            "WARNING: Retrying\nERROR: No matching distribution found for uv==1\n\n",
            "No matching distribution",
        ),
        ("", "no reason given"),
    ],
)
def test_a_failure_is_told_in_one_line(bootstrap: ModuleType, output: str, line: str) -> None:
    reason = bootstrap.reason(output)
    assert line in reason
    assert "\n" not in reason
