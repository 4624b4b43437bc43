"""The process that has imported dbt: forks once for every connection, and says how each run ended.

    python -P parent.py <listening socket's descriptor> <socket's path>

It reads no project and holds no manifest, so nothing in it grows old; it runs nothing itself, so nothing in
it grows. It has one thread, because a fork copies only the thread that forks: a lock that another one held
would stay locked forever.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import multiprocessing
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple, NoReturn

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).resolve().parents[3]))

from lakehouse.dbt.forked import artifacts, dremio_adapter, protocol
from lakehouse.dbt.forked.run import run
from lakehouse.dbt.forked.warming import WarmingError, warm

IDLE_SECONDS: Final = 600.0
"""It ends after so long without a run: between a night's stages it stays, until the next night it goes."""
MOST_RUNS: Final = 1000
"""It ends after so many, whatever may have piled up by then, and the next client starts another."""
INTERRUPT_SECONDS: Final = 10.0
"""How long a run that was interrupted may take to cancel its jobs before it is killed."""

ALONE_SECONDS: Final = 30.0
WITHOUT_WARMING: Final = "--without-warming"
IMPORTED: Final = ("dbt.cli.main", "dbt.adapters.dremio")
"""What every run needs."""


class Run(NamedTuple):
    """One forked dbt, the client that waits for it, and when it is killed (monotonic; nothing: never)."""

    pid: int
    process: int
    connection: socket.socket
    kill_at: float | None = None


class Parent:
    """Forks for the connections of one listening socket until nobody has connected for a while."""

    def __init__(self, listener: socket.socket, path: Path, idle_seconds: float, most_runs: int) -> None:
        self._listener = listener
        self._path = path
        self._inode = path.stat().st_ino
        self._idle_seconds = idle_seconds
        self._runs_left = most_runs
        self._runs: dict[int, Run] = {}
        self._watched: dict[int, Callable[[], None]] = {}
        self._poll = select.epoll()
        self._stopping = False
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def serve(self) -> None:
        """Answer until idle, used up or told to stop; then see the last runs out."""
        listener = self._listener
        listener.setblocking(False)
        signal.set_wakeup_fd(self._wake_write)
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        self._watch(listener.fileno(), select.EPOLLIN, self._accept)
        self._watch(self._wake_read, select.EPOLLIN, self._woken)
        while not self._stopping and self._runs_left > 0:
            if not self._turn(self._idle_seconds) and not self._runs:
                break
        self._retire()
        while self._runs:
            self._turn(INTERRUPT_SECONDS)

    def _turn(self, seconds: float) -> bool:
        """Wait at most so long and do what is due; False when nothing was."""
        now = time.monotonic()
        for run_ in [
            each for each in self._runs.values() if each.kill_at is not None and each.kill_at <= now
        ]:
            _send(run_.process, signal.SIGKILL)
            self._runs[run_.pid] = run_._replace(kill_at=None)
        kills = [each.kill_at for each in self._runs.values() if each.kill_at is not None]
        ready = self._poll.poll(max(0.0, min([now + seconds, *kills]) - now))
        for descriptor, _ in ready:
            if descriptor in self._watched:
                self._watched[descriptor]()
        return bool(ready or kills)

    def _watch(self, descriptor: int, event: int, act: Callable[[], None]) -> None:
        self._watched[descriptor] = act
        self._poll.register(descriptor, event)

    def _forget(self, descriptor: int) -> None:
        if self._watched.pop(descriptor, None):
            self._poll.unregister(descriptor)

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        self._runs_left -= 1
        self._fork(connection)

    def _fork(self, connection: socket.socket) -> None:
        """A new process for the connection. It waits until the client has been told of it: what the client
        was not told of never ran.
        """
        if (threads := _threads()) != 1:
            raise RuntimeError(f"dbt's parent has {threads} threads: it must not fork")
        gate_read, gate_write = os.pipe()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            os.close(gate_write)
            self._become_run(connection, gate_read, parent)
        os.close(gate_read)
        process = os.pidfd_open(pid)
        self._runs[pid] = Run(pid, process, connection)
        self._watch(process, select.EPOLLIN, lambda: self._end(pid))
        # Only the end of the other side: what the client says is for the forked process to read.
        self._watch(connection.fileno(), select.EPOLLRDHUP, lambda: self._client_gone(pid))
        with contextlib.suppress(OSError), os.fdopen(gate_write, "wb") as gate:
            protocol.send_started(connection, pid, process)
            gate.write(b"g")

    def _become_run(self, connection: socket.socket, gate: int, parent: int) -> NoReturn:
        """In the forked process: let go of what is the parent's, then run dbt."""
        signal.set_wakeup_fd(-1)
        for run_ in self._runs.values():
            run_.connection.close()
            os.close(run_.process)
        self._poll.close()
        self._listener.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
        run(connection, gate, parent)

    def _client_gone(self, pid: int) -> None:
        """Nobody waits for this run any more: interrupt it, so that it cancels its jobs."""
        self._forget(self._runs[pid].connection.fileno())
        self._interrupt(pid)

    def _interrupt(self, pid: int) -> None:
        run_ = self._runs[pid]
        _send(run_.process, signal.SIGTERM)
        self._runs[pid] = run_._replace(kill_at=time.monotonic() + INTERRUPT_SECONDS)

    def _end(self, pid: int) -> None:
        _, status = os.waitpid(pid, 0)
        run_ = self._runs.pop(pid)
        self._forget(run_.process)
        os.close(run_.process)
        self._forget(run_.connection.fileno())
        with contextlib.suppress(OSError):
            protocol.send_ended(run_.connection, status)
        run_.connection.close()

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def _woken(self) -> None:
        """A signal has come. What it means is done by its handler; here every run is interrupted by it."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._wake_read, 512)
        if self._stopping:
            for pid in list(self._runs):
                self._interrupt(pid)

    def _retire(self) -> None:
        """Let new clients start another parent, and answer those that are already in the queue."""
        with contextlib.suppress(FileNotFoundError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
        waiting = not self._stopping
        while waiting:
            before = self._runs_left
            self._accept()
            waiting = self._runs_left != before
        self._forget(self._listener.fileno())
        self._listener.close()


def main(listener: int, path: str) -> None:
    """Import dbt, then serve."""
    began = time.monotonic()
    _take_locks_that_need_no_tracker()
    for module in IMPORTED:
        importlib.import_module(module)
    dremio_adapter.correct()
    artifacts.write_at_once()
    imported = time.monotonic()
    if WITHOUT_WARMING not in sys.argv and os.environ.get("LAKEHOUSE_DBT_WARMED") != "0":
        try:
            warm()
            _wait_until_alone()
        except WarmingError as error:
            # What a command that failed has left behind is not to be in every run: begin again, without it.
            _say(f"every run will be slower: {error}")
            os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], WITHOUT_WARMING])  # noqa: S606
    # What was imported lives as long as the parent: a collection in a forked process that visited it would
    # write into its pages, and so copy them.
    gc.collect()
    gc.freeze()
    _say(
        f"imported dbt in {imported - began:.1f} s, warmed it in {time.monotonic() - imported:.1f} s,"
        f" listening on {path}"
    )
    with socket.socket(fileno=listener) as server:
        idle_seconds = float(os.environ.get("LAKEHOUSE_DBT_IDLE_SECONDS") or IDLE_SECONDS)
        most_runs = int(os.environ.get("LAKEHOUSE_DBT_MOST_RUNS") or MOST_RUNS)
        Parent(server, Path(path), idle_seconds, most_runs).serve()
    _say("ended")


def _threads() -> int:
    """Threads of this process, also those that Python does not know."""
    return sum(1 for _ in Path("/proc/self/task").iterdir())


def _wait_until_alone() -> None:
    """Wait for threads that have been joined and take a moment until they are gone.

    Raises:
        WarmingError: one stays.
    """
    deadline = time.monotonic() + ALONE_SECONDS
    while _threads() != 1:
        if time.monotonic() > deadline:
            raise WarmingError(f"it leaves {_threads()} threads")
        time.sleep(0.01)


def _take_locks_that_need_no_tracker() -> None:
    """dbt makes its locks for processes that it never spawns. They would cost the run a helper process, which
    warns of leaked semaphores where the run is killed; a lock for forked processes has no name to leak.
    """
    from dbt import mp_context

    mp_context._MP_CONTEXT = multiprocessing.get_context("fork")


def _send(process: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(process, number)


def _say(text: str) -> None:
    print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {os.getpid()} {text}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
