"""Commands that a service runs once before it starts, with their output in a log of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from embedded.settings import ROOT, Settings
from embedded.stack.environment import base_environment
from embedded.stack.service import PreparationError

STEP_SECONDS = 900
"""Minutes on a busy machine, seconds on an idle one; its end is noticed at once."""


def run_step(
    title: str,
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    settings: Settings,
    log: Path,
    seconds: float = STEP_SECONDS,
) -> None:
    """Run the command in the checkout's folder, with nothing of the caller's environment.

    Raises PreparationError with the last line of its output, and where the rest is.
    """
    with log.open("w") as out:
        try:
            done = subprocess.run(
                command,
                cwd=ROOT,
                env=base_environment(settings) | dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise PreparationError(
                f"{title} did not end in {seconds:.0f} s: is this machine very busy?\n  log: {log}"
            ) from None
    if done.returncode != 0:
        last = "".join(log.read_text(errors="replace").strip().splitlines()[-1:])
        raise PreparationError(f"{title} failed: {last}\n  log: {log}")
