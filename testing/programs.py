"""The programs of one embedded platform as processes of this machine: found by their marks, and killed.

Tests of both environments use it, so it needs only the standard library.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from testing.waiting import wait_until

AIRBYTE: Final = r" -m airbyte_engine$"
AIRBYTE_WORKERS: Final = r"'airbyte_engine\.worker\.preloaded'"
"""What they are forked from, the one that waits and those that sync: all have one command line."""
DREMIO: Final = r" -m dremio_engine$"
OBJECT_STORE: Final = r"/swift-(proxy|object|container|account)-server "
SUPERSET: Final = r" superset\.app:create_app"
SCHEDULERS_WORKER: Final = r"^airflow worker -- LocalExecutor: "
"""What Airflow's scheduler starts: its own process is not named."""
_GONE_SECONDS: Final = 60


class Programs:
    """What runs for one state folder, whoever started it."""

    def __init__(self, state_dir: str | Path) -> None:
        self._mark = f"LAKEHOUSE_STATE_DIR={state_dir}".encode()
        self._postmaster = Path(state_dir, "postgres", "data", "postmaster.pid")

    def running(self, pattern: str) -> list[int]:
        """Processes of this platform whose command line holds the regular expression."""
        return [pid for pid in self._processes() if re.search(pattern, _command(pid))]

    def every(self) -> list[str]:
        """The command line of each process of this platform but this one."""
        return [_command(pid) for pid in self._processes()]

    def kill(self, pattern: str) -> int:
        """Kill -9 those processes, without any chance to say goodbye; how many there were."""
        return self._kill(self.running(pattern), pattern)

    def kill_parent_of(self, pattern: str) -> int:
        """Kill -9 what has started those processes, where its own command line tells nothing."""
        return self._kill(sorted({_parent(pid) for pid in self.running(pattern)}), f"parent of {pattern}")

    def _kill(self, pids: list[int], pattern: str) -> int:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(_runs(pid) for pid in pids), f"{pattern} is gone", _GONE_SECONDS)
        return len(pids)

    def crash_postgres(self) -> None:
        """Kill -9 the PostgreSQL server: its supervisor starts it again, and it recovers from its log.

        The sessions' processes notice that their server is gone and end; it cannot come back before.
        """
        postmaster = int(self._postmaster.read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGKILL)
        wait_until(lambda: not _runs(postmaster), "the server is gone", _GONE_SECONDS)

    def _processes(self) -> Iterator[int]:
        for folder in Path("/proc").iterdir():
            if not folder.name.isdigit() or int(folder.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                environment = (folder / "environ").read_bytes().split(b"\0")
                if self._mark in environment and _runs(int(folder.name)):
                    yield int(folder.name)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def _parent(pid: int) -> int:
    text = Path(f"/proc/{pid}/stat").read_text()
    return int(text[text.rindex(")") + 2 :].split()[1])


def _runs(pid: int) -> bool:
    """False once it has ended, even if nobody has taken its exit code yet."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text[text.rindex(")") + 2] not in "ZX"
