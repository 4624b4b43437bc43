"""The live shop as a process beside the test: changes at a rate, which may be told to be another one."""

from __future__ import annotations

import subprocess
from pathlib import Path

from testing.lakehouse.stream_platform import StreamPlatform
from testing.repository import PYTHON, ROOT

STOP_SECONDS = 30


class LiveShop:
    """`bin/shop live`; it ends when its database crashes, and `keep` starts it again."""

    def __init__(self, platform: StreamPlatform, seed: int) -> None:
        self._platform = platform
        self._seed = seed
        self._rate = 0
        self._log = Path(platform.wire["LAKEHOUSE_STATE_DIR"]) / "logs" / "live-shop.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def rate(self) -> int:
        """Changes per second that it is told to make."""
        return self._rate

    def at(self, rate: int) -> None:
        """Go on at another rate; 0 stops it."""
        if rate == self._rate and self._runs():
            return
        self.stop()
        self._rate = rate
        self.keep()

    def keep(self) -> None:
        """Start it again if it has ended, with other random numbers."""
        if self._rate == 0 or self._runs():
            return
        self._seed += 1
        command = [str(PYTHON), "-m", "embedded.shop", "live", "--rate", str(self._rate)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--seed", str(self._seed)],
                cwd=ROOT, env=self._platform.environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    def stop(self) -> None:
        """End it between two of its transactions."""
        self._rate = 0
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _runs(self) -> bool:
        return self._process is not None and self._process.poll() is None
