"""Worker processes, each forked for one attempt from a process that has done their imports.

That process is the fork server of `multiprocessing`: one thread, nothing of any sync, ends with this server,
and is started again if it has died. A worker is forked ahead of its attempt, so that its DuckDB is ready too.
It leads a session of its own and ends when its stdin does. See docs/decisions/0038.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import multiprocessing.util
import os
import shutil
import signal
import tempfile
import threading
import weakref
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

from airbyte_engine.worker.forked import READY, begin

PRELOADED: Final = "airbyte_engine.worker.preloaded"
_START_SECONDS: Final = 15
"""How long starts are tried. One fails while the fork server is dying: it still takes the request, and its
end cannot be told before that of its last thread. The next start finds it gone, and starts it again."""

log = logging.getLogger("airbyte_engine.sync")

_books = threading.RLock()
"""`multiprocessing` keeps account of all its processes, also when one is started or looked at."""


class Worker:
    """One worker process and its pipes; safe to use from several threads."""

    def __init__(self, ahead: bool) -> None:
        """Raises OSError or EOFError when there is none."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([PRELOADED])
        # Each a one-way pipe: what is read here or there, and what is written.
        orders, order = context.Pipe(duplex=False)
        messages, message = context.Pipe(duplex=False)
        complaints, complaint = context.Pipe(duplex=False)
        with orders, order, messages, message, complaints, complaint:
            self.stdin = os.fdopen(os.dup(order.fileno()), "w", encoding="utf-8")
            self.stdout = os.fdopen(os.dup(messages.fileno()), encoding="utf-8")
            self.stderr = os.fdopen(os.dup(complaints.fileno()), encoding="utf-8", errors="replace")
            self._process: ForkServerProcess = context.Process(
                target=begin, args=(ahead, orders, message, complaint), daemon=True
            )
            with _books:
                self._process.start()
        if self.stdout.readline() != READY:
            raise EOFError("a worker ended before it was one")
        if self._process.pid is None:
            raise EOFError("a worker has no process id")
        self.pid = self._process.pid
        # Its own end, and not that of the process that forks, which tells its exit code.
        self._ended = os.pidfd_open(self.pid)
        weakref.finalize(self, os.close, self._ended)

    def poll(self) -> int | None:
        """Its exit code, negative after a signal; None while it runs."""
        return self.wait(0)

    def wait(self, seconds: float | None = None) -> int | None:
        """Its exit code, as `poll` says it; None if it still runs after so long. 255 if nobody saw it end."""
        if not wait([self._ended], seconds):
            return None
        with _books:
            self._process.join()
            return self._process.exitcode

    def signal(self, number: signal.Signals) -> None:
        """To the worker and its connector; nothing happens if the worker has ended."""
        if not wait([self._ended], 0):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, number)

    def close(self) -> None:
        """Close its pipes. A worker that still runs ends, because its stdin does."""
        for pipe in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


class WorkerProcesses:
    """Gives each attempt a process of its own; safe to use from several threads."""

    def __init__(self, sockets: Path) -> None:
        """`sockets` is a folder for the fork server's socket alone: what lies there is deleted."""
        _keep_sockets_in(sockets)
        self._lock = threading.Lock()
        self._ahead: Worker | None = None
        self._closed = False

    def prepare(self) -> None:
        """Have a worker waiting, unless one is. Never raises: without one the next attempt starts its own."""
        with self._lock:
            if self._closed or (self._ahead is not None and self._ahead.poll() is None):
                return
            self._drop_the_dead_one()
            try:
                self._ahead = _start(ahead=True)
            except (OSError, EOFError) as error:
                log.warning("no worker is started ahead of its attempt: %s", error)

    def take(self) -> Worker:
        """A process that waits for its order, the leader of a process group of its own.

        Raises OSError or EOFError when none can be started.
        """
        with self._lock:
            worker, self._ahead = self._ahead, None
            if worker is not None and worker.poll() is None:
                return worker
            self._ahead = worker
            self._drop_the_dead_one()
        return _start(ahead=False)

    def close(self) -> None:
        """End the worker that waits; those that run are their attempts'."""
        with self._lock:
            worker, self._ahead, self._closed = self._ahead, None, True
        if worker is not None:
            worker.signal(signal.SIGKILL)
            worker.wait()
            worker.close()

    def _drop_the_dead_one(self) -> None:
        worker, self._ahead = self._ahead, None
        if worker is not None:
            log.warning("the worker started ahead has ended with code %s", worker.poll())
            worker.close()


def _keep_sockets_in(folder: Path) -> None:
    """Not in the temporary folder, where a server that is killed would leave one at each start."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    # An address by an open folder: a socket's own path may hold 107 bytes only.
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    before, tempfile.tempdir = tempfile.tempdir, f"/proc/self/fd/{place}"
    try:
        multiprocessing.util.get_temp_dir()  # kept for the rest of this process
    finally:
        tempfile.tempdir = before


@retry(
    retry=retry_if_exception_type((OSError, EOFError)),
    stop=stop_after_delay(_START_SECONDS),
    wait=wait_exponential(multiplier=0.01, max=1),
    reraise=True,
)
def _start(ahead: bool) -> Worker:
    return Worker(ahead)
