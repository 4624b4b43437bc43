"""The processes that a platform's dbt is forked from, seen from outside."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

import psutil

LOOK_SECONDS: Final = 0.02


def dbt_parents(home: Path) -> list[psutil.Process]:
    """Those of the checkout at `home`, without the runs that they have forked."""
    program = str(home / "plugins" / "lakehouse" / "dbt" / "forked" / "parent.py")
    found = {
        each.pid: each
        for each in psutil.process_iter(["ppid", "cmdline"])
        if program in (each.info["cmdline"] or [])
    }
    return [each for each in found.values() if each.info["ppid"] not in found]


def kill_a_busy_parent(home: Path, seconds: float) -> list[psutil.Process]:
    """Kill a parent as soon as it has a run; the runs it had, or nothing when none came within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for parent in dbt_parents(home):
            if runs := parent.children():
                parent.kill()
                return runs
        time.sleep(LOOK_SECONDS)
    return []
