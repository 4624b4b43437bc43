"""Processes of this platform: who holds a port, whose tree is whose, and what outlived its supervisor."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from embedded.settings import HOST
from embedded.stack.supervisor import MARK

GONE = (psutil.NoSuchProcess, psutil.ZombieProcess)
HIDDEN = (*GONE, psutil.AccessDenied, OSError)


@dataclass(frozen=True)
class Holder:
    """The process that listens on a port; `pid` is None when only its owner or root may see it."""

    pid: int | None
    command: str


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        # A port whose last connections are still in TIME_WAIT is free to listen on.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def holder_of(port: int) -> Holder:
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            with contextlib.suppress(*HIDDEN):
                words = psutil.Process(connection.pid).cmdline()
                return Holder(connection.pid, " ".join(words)[:120] or "a process without a command line")
    return Holder(None, "a process of another user")


def tree(pid: int) -> list[psutil.Process]:
    """The process and all its descendants; empty when it is gone."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except HIDDEN:
        return []


def resident_bytes(pid: int) -> int:
    """Memory of the process and its descendants, shared pages counted once (proportional set size)."""
    total = 0
    for process in tree(pid):
        with contextlib.suppress(*HIDDEN):
            total += _proportional_bytes(process)
    return total


def leftovers(state_dir: Path) -> list[psutil.Process]:
    """Processes started for this state folder that still run, whoever is their parent now."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        if process.pid != os.getpid() and _belongs(process, state_dir):
            found |= {member.pid: member for member in tree(process.pid)}
    found.pop(os.getpid(), None)
    return list(found.values())


def end(processes: Iterable[psutil.Process], grace_seconds: float) -> list[psutil.Process]:
    """Ask these processes to stop, kill those that have not after the grace; return what still runs."""
    alive = [process for process in processes if _running(process)]
    for process in alive:
        with contextlib.suppress(*HIDDEN):
            # PostgreSQL takes SIGTERM for "when the last client has left".
            process.send_signal(signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
    _, alive = psutil.wait_procs(alive, timeout=grace_seconds)
    for process in alive:
        with contextlib.suppress(*HIDDEN):
            process.kill()
    _, alive = psutil.wait_procs(alive, timeout=5)
    return [process for process in alive if _running(process)]


def wait_until_gone(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """The processes that still run after `seconds`."""
    deadline = time.monotonic() + seconds
    alive = list(processes)
    while alive and time.monotonic() < deadline:
        alive = [process for process in alive if _running(process)]
        if alive:
            time.sleep(0.1)
    return alive


def _belongs(process: psutil.Process, state_dir: Path) -> bool:
    """By its environment, or, where the process wrote its title over that (PostgreSQL, gunicorn,
    Airflow do), by the state folder in its command line."""
    with contextlib.suppress(*HIDDEN):
        environ = process.environ()
        if MARK in environ and environ.get("LAKEHOUSE_STATE_DIR") == str(state_dir):
            return True
    with contextlib.suppress(*HIDDEN):
        words = process.cmdline()
        data = str(state_dir / "postgres" / "data")
        return data in words and any(Path(word).name == "postgres" for word in words)
    return False


def _running(process: psutil.Process) -> bool:
    with contextlib.suppress(*HIDDEN):
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    return False


def _proportional_bytes(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except psutil.AccessDenied:
        return int(process.memory_info().rss)
