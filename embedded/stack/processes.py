"""Processes of this platform, read from /proc: whose tree is whose, and what outlived its supervisor.

The standard library is all it uses: `down` has to end a platform whose environment lacks its packages.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAM = "LAKEHOUSE_PROGRAM"
STATE = "LAKEHOUSE_STATE_DIR"
"""Both are in every program's environment, and so in its children's: a process is recognised by them, whoever
is its parent now."""

POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Process:
    """A process, identified by its start as well: a later one with the same pid is another process."""

    pid: int
    started: int
    """Clock ticks since the machine's start."""
    parent: int
    name: str

    @property
    def running(self) -> bool:
        """False once it has ended, even if nobody has taken its exit code yet."""
        now = _stat(self.pid)
        return now is not None and now[0].started == self.started and now[1] not in "ZX"

    @property
    def words(self) -> tuple[str, ...]:
        """Its command line; empty when it has ended."""
        return tuple(_read(self.pid, "cmdline").rstrip("\0").split("\0"))

    @property
    def environment(self) -> dict[str, str]:
        """What it was started with; empty when only its owner may see it."""
        pairs = (entry.partition("=") for entry in _read(self.pid, "environ").split("\0"))
        return {name: value for name, separator, value in pairs if separator}

    def send(self, number: int) -> None:
        """Send a signal, unless it has ended or belongs to another user."""
        if self.running:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, number)


def mark(program: str, state_dir: Path) -> dict[str, str]:
    """The variables by which a program's processes are recognised."""
    return {PROGRAM: program, STATE: str(state_dir)}


def every_process() -> Iterator[Process]:
    """All processes that have not ended."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (found := _stat(int(folder.name))) and found[1] not in "ZX":
            yield found[0]


def tree(pid: int) -> list[Process]:
    """The process and all its descendants; empty when it is gone."""
    return descendants({pid}, list(every_process()))


def descendants(roots: set[int], processes: Sequence[Process]) -> list[Process]:
    """Those of `processes` that are one of the roots or descend from one."""
    children: dict[int, list[Process]] = {}
    for process in processes:
        children.setdefault(process.parent, []).append(process)
    found = {process.pid: process for process in processes if process.pid in roots}
    pending = list(found)
    while pending:
        for child in children.get(pending.pop(), []):
            if child.pid not in found:
                found[child.pid] = child
                pending.append(child.pid)
    return list(found.values())


def resident_bytes(pid: int) -> int:
    """Memory of the process and its descendants, shared pages counted once (proportional set size)."""
    return sum(_proportional_bytes(process.pid) for process in tree(pid))


def marked(state_dir: Path, commands: Mapping[str, Sequence[str]]) -> dict[Process, str]:
    """The processes started for this state folder, daemons of its tasks among them, and for which program.

    `commands` has the programs' command lines: a process that runs as another user hides its environment
    from a root without the capability to trace (containers), but not its command line.
    """
    by_command = {tuple(words): name for name, words in commands.items() if str(state_dir) in " ".join(words)}
    found = {}
    for process in every_process():
        if process.pid != os.getpid() and (name := _program_of(process, state_dir, by_command)):
            found[process] = name
    return found


def leftovers(state_dir: Path, commands: Mapping[str, Sequence[str]]) -> list[Process]:
    """The processes started for this state folder that still run, with all their descendants."""
    roots = {process.pid for process in marked(state_dir, commands)}
    return [process for process in descendants(roots, list(every_process())) if process.pid != os.getpid()]


def end(
    processes: Iterable[Process],
    grace_seconds: float,
    stop_signal: Callable[[Process], int | None] = lambda _: signal.SIGTERM,
) -> list[Process]:
    """Ask these processes to stop, kill those that have not after the grace; return what still runs.

    A process whose `stop_signal` is None is left to the one that started it, until the grace is over.
    """
    alive = [process for process in processes if process.running]
    for process in alive:
        if number := stop_signal(process):
            process.send(number)
    alive = wait_until_gone(alive, grace_seconds)
    for process in alive:
        process.send(signal.SIGKILL)
    return wait_until_gone(alive, 5)


def wait_until_gone(processes: Iterable[Process], seconds: float) -> list[Process]:
    """The processes that still run after `seconds`."""
    deadline = time.monotonic() + seconds
    alive = [process for process in processes if process.running]
    while alive and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        alive = [process for process in alive if process.running]
    return alive


def _program_of(process: Process, state_dir: Path, by_command: Mapping[tuple[str, ...], str]) -> str | None:
    environment = process.environment
    if PROGRAM in environment and environment.get(STATE) == str(state_dir):
        return environment[PROGRAM]
    words = process.words
    # The words before (setpriv and its options, an interpreter) are gone once they have become the program.
    return next((name for command, name in by_command.items() if words == command[-len(words) :]), None)


def _stat(pid: int) -> tuple[Process, str] | None:
    """The process and the letter of its state; None when there is none."""
    text = _read(pid, "stat")
    if not text:
        return None
    # The name is in brackets and may hold anything, brackets too.
    name = text[text.index("(") + 1 : text.rindex(")")]
    state, parent, *fields = text[text.rindex(")") + 2 :].split()
    return Process(pid, started=int(fields[17]), parent=int(parent), name=name), state


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text(errors="replace")
    except OSError:
        return ""


def _proportional_bytes(pid: int) -> int:
    """Without the right to see its pages: all that is resident, shared pages counted in full."""
    for line in _read(pid, "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    pages = _read(pid, "statm").split()
    return int(pages[1]) * os.sysconf("SC_PAGE_SIZE") if pages else 0
