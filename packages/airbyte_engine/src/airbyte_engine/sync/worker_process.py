"""Worker processes. One is started ahead of its attempt: its start takes as long as to read 500,000 rows.

It has done its imports, holds nothing of any sync, and ends when its stdin does, with this server. Each runs
one attempt only; the next one is started when an attempt has ended, when no sync needs its processors.
"""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from typing import TypeAlias

Worker: TypeAlias = "subprocess.Popen[str]"

log = logging.getLogger("airbyte_engine.sync")


class WorkerProcesses:
    """Gives each attempt a process of its own; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ahead: Worker | None = None
        self._closed = False

    def prepare(self) -> None:
        """Have a worker waiting, unless one is. Never raises: without one the next attempt starts its own."""
        with self._lock:
            if self._closed or (self._ahead is not None and self._ahead.poll() is None):
                return
            try:
                self._ahead = _start("--ahead")
            except OSError as error:
                log.warning("no worker is started ahead of its attempt: %s", error)

    def take(self) -> Worker:
        """A process that waits for its order, the leader of a process group of its own."""
        with self._lock:
            worker, self._ahead = self._ahead, None
        if worker is not None and worker.poll() is None:
            return worker
        if worker is not None:
            log.warning("the worker started ahead has ended with code %s", worker.returncode)
            _close_pipes(worker)
        return _start()

    def close(self) -> None:
        """End the worker that waits; those that run are their attempts'."""
        with self._lock:
            worker, self._ahead, self._closed = self._ahead, None, True
        if worker is not None:
            worker.kill()
            worker.wait()
            _close_pipes(worker)


def _start(*arguments: str) -> Worker:
    return subprocess.Popen(
        [sys.executable, "-m", "airbyte_engine.worker", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _close_pipes(worker: Worker) -> None:
    for pipe in (worker.stdin, worker.stdout, worker.stderr):
        if pipe is not None:
            pipe.close()
