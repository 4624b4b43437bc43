"""The stream as a process that a test may kill: the loop that the DAG's task runs, without Airflow."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from testing.lakehouse.stream_platform import StreamPlatform
from testing.repository import ROOT
from testing.waiting import wait_until

STOP_SECONDS = 120


class StreamProcess:
    """Runs the loop; started again by `keep`, as Airflow starts the next run."""

    def __init__(self, platform: StreamPlatform) -> None:
        self._platform = platform
        self._process: subprocess.Popen[bytes] | None = None
        self.log = Path(platform.wire["LAKEHOUSE_STATE_DIR"]) / "logs" / "stream.log"
        self.exits: list[int] = []
        """Exit codes of the processes that ended by themselves."""

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._process is not None:
            return
        path = f"{ROOT / 'plugins'}:{ROOT}"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.stream.one_loop"],
                cwd=ROOT, env=self._platform.environ | {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def keep(self) -> None:
        """Start it again if it has ended."""
        if self.has_ended():
            self.start()

    def has_ended(self) -> bool:
        """Has it ended by itself, or never been started?"""
        if self._process is not None and (code := self._process.poll()) is not None:
            self.exits.append(code)
            self._process = None
        return self._process is None

    def kill(self) -> None:
        """Kill -9, with everything that it has started."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """SIGTERM: it ends between two batches."""
        if self._process is None:
            return
        self._process.terminate()
        wait_until(self.has_ended, "the stream ends when it is told to", STOP_SECONDS)

    def words(self, characters: int = 4_000) -> str:
        """The last words of its log."""
        return self.log.read_text(errors="replace")[-characters:] if self.log.exists() else ""
