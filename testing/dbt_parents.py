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


def gone(process: psutil.Process) -> bool:
    """It has ended, whether or not its new parent has looked."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # between the two
        return True


def kill_a_busy_parent(home: Path, seconds: float) -> list[psutil.Process]:
    """Kill a parent as soon as a run of it is under way; those runs, or nothing when none came in time.

    The parent is stopped before its runs are looked at: it can neither fork another nor report an end between
    the look and its death.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for parent in dbt_parents(home):
            if not parent.children():
                continue
            parent.suspend()
            runs = [run for run in parent.children() if _under_way(run, parent)]
            if runs:
                parent.kill()
                return runs
            parent.resume()
        time.sleep(LOOK_SECONDS)
    return []


def _under_way(child: psutil.Process, parent: psutil.Process) -> bool:
    """It has gone to its client's folder: a run does so once the client knows of it.

    A run that still waits, and the `uname` that Python starts while dbt is imported, are where the parent is.
    """
    try:
        return not gone(child) and child.cwd() != parent.cwd()
    except psutil.NoSuchProcess:
        return False
