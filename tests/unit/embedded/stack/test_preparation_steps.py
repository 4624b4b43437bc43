"""A command that a service runs before it starts: what its failure says, and where its output is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from embedded.settings import Settings
from embedded.stack.service import PreparationError
from embedded.stack.steps import run_step


def settings(tmp_path: Path) -> Settings:
    return Settings.from_environ({"LAKEHOUSE_STATE_DIR": str(tmp_path)})


def test_output_goes_to_the_log_and_the_callers_environment_stays_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THE_CALLER", "1")
    log = tmp_path / "step.log"
    program = "import os; print(os.environ.get('OF_THE_CALLER'), os.environ['OF_THE_STEP'], os.environ['TZ'])"
    run_step("a step", [sys.executable, "-c", program], {"OF_THE_STEP": "2"}, settings(tmp_path), log)
    assert log.read_text() == "None 2 UTC\n"


def test_a_failure_is_named_with_its_last_words_and_its_log(tmp_path: Path) -> None:
    log = tmp_path / "step.log"
    with pytest.raises(PreparationError) as failed:
        run_step(
            "a step",
            [sys.executable, "-c", "print('first', flush=True); exit('the last words')"],
            {},
            settings(tmp_path),
            log,
        )
    assert str(failed.value).splitlines() == ["a step failed: the last words", f"  log: {log}"]


def test_a_step_that_hangs_is_ended_and_named(tmp_path: Path) -> None:
    """On an overloaded machine Superset's first start took more than its limit, and `make up` a traceback."""
    log = tmp_path / "step.log"
    waiting = [sys.executable, "-c", "import signal; signal.pause()"]
    with pytest.raises(PreparationError, match=r"a step did not end in 0 s") as hung:
        run_step("a step", waiting, {}, settings(tmp_path), log, seconds=0.1)
    assert str(log) in str(hung.value)
