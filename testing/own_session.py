"""A command in a session of its own, of which nothing is left when it takes too long.

What the command leaves running on purpose, in sessions of their own (`make up`), is not touched.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

GRACE_SECONDS: Final = 3.0
"""Between asking all processes of the session to end and ending them."""


def run_in_own_session(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], timeout: float
) -> tuple[int, str]:
    """The exit code, and standard output and error together.

    Both go to a file, so that no daemon can hold a pipe open.

    Args:
        command: the program and its arguments.
        folder: where it runs.
        environment: all of its variables.
        timeout: seconds.

    Raises:
        subprocess.TimeoutExpired: it took longer; holds what was printed until then.
    """
    with tempfile.TemporaryFile("w+") as output:
        running = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            code = running.wait(timeout)
        except BaseException as error:
            # Also when the tests are interrupted: the terminal's Ctrl-C does not reach another session.
            _end_session(running)
            if isinstance(error, subprocess.TimeoutExpired):
                output.seek(0)
                raise subprocess.TimeoutExpired(command, timeout, output.read()) from None
            raise
        output.seek(0)
        return code, output.read()


def _end_session(leader: subprocess.Popen[bytes]) -> None:
    """End every process of the group: what the command has started, and what that has."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        leader.wait(GRACE_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader.pid, signal.SIGKILL)
    leader.wait()
