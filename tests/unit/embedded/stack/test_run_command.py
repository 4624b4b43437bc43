"""What a command sees that the platform runs: `python -m embedded.cli run -- ...`, and so most of bin/."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from embedded.commands import running


@pytest.fixture
def become(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], dict[str, str]]:
    """The environment of the command that this process would become."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAKEHOUSE_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("LAKEHOUSE_ENV_FILE", raising=False)
    told: list[dict[str, str]] = []
    given: list[tuple[int, object]] = []
    monkeypatch.setattr(os, "execvpe", lambda _, __, environment: told.append(environment))
    monkeypatch.setattr(signal, "signal", lambda number, action: given.append((number, action)))

    def run() -> dict[str, str]:
        running.run(["true"], airflow=False)
        assert given == [(signal.SIGPIPE, signal.SIG_DFL)], "psql and bash end by it, too"
        return told[-1]

    return run


def test_a_platform_without_an_env_file_names_none(become: Callable[[], dict[str, str]]) -> None:
    """A command that starts another one, such as `make night`, met a file that "is not there"."""
    environment = become()
    assert environment["PLATFORM_PG_PASSWORD"]
    assert "LAKEHOUSE_ENV_FILE" not in environment


def test_an_env_file_that_was_named_is_named_whole(
    become: Callable[[], dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "my.env"
    own.touch(0o600)
    monkeypatch.setenv("LAKEHOUSE_ENV_FILE", str(own))
    assert become()["LAKEHOUSE_ENV_FILE"] == str(own)
