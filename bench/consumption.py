"""What the programs of a running platform use: processor seconds and memory."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import psutil

from embedded.composition.platform import Platform
from embedded.stack.processes import resident_bytes, tree

SUPERVISOR = "supervisor"


@dataclass(frozen=True)
class Use:
    """Of a program with all it has started: processor seconds so far, bytes as `make status` counts them."""

    seconds: float
    memory: int


def uses(platform: Platform) -> dict[str, Use]:
    """By program, and the supervisor's own."""
    states = platform.supervisor.states()
    pids = {name: state.pid for name, state in states.items() if state.pid}
    found = {
        name: Use(_seconds([member.pid for member in tree(pid)]), resident_bytes(pid))
        for name, pid in pids.items()
    }
    own = platform.supervisor.pid()
    found[SUPERVISOR] = Use(_seconds([own], reaped=False), psutil.Process(own).memory_info().rss)
    return found


def spent(before: dict[str, Use], after: dict[str, Use]) -> dict[str, float]:
    """Processor seconds between two looks, by program; one started between them counts from its start."""
    return {
        name: use.seconds - (before[name].seconds if name in before else 0.0) for name, use in after.items()
    }


def _seconds(pids: list[int], reaped: bool = True) -> float:
    """Of the processes and, unless they are not `reaped`, of their children that have ended."""
    seconds = 0.0
    for pid in pids:
        with contextlib.suppress(psutil.Error):
            times = psutil.Process(pid).cpu_times()
            seconds += times.user + times.system
            seconds += times.children_user + times.children_system if reaped else 0.0
    return seconds
