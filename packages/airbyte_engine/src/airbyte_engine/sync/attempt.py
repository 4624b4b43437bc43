"""One attempt: a worker process, its messages, its log, its end."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import shutil
import signal
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

from airbyte_engine.connectors.configuration import MASK, secret_values
from airbyte_engine.connectors.registry import connector_of
from airbyte_engine.store.commits import Commit
from airbyte_engine.store.jobs import JobStore
from airbyte_engine.sync.worker_process import Worker, WorkerProcesses
from airbyte_engine.worker.protocol import Order, Part

_KILL_AFTER_SECONDS = 5


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended; `failure` in the words of Airbyte's failure reasons, None after success."""

    failure: dict[str, Any] | None

    @property
    def succeeded(self) -> bool:
        return self.failure is None

    @property
    def hopeless(self) -> bool:
        """Another attempt would fail in the same way."""
        return self.failure is not None and self.failure["failureType"] == "config_error"


def failure_reason(
    message: str, failure_type: str = "system_error", origin: str = "airbyte_platform"
) -> dict[str, Any]:
    """A failure in the form of Airbyte's `failureSummary.failures`; the time is in epoch milliseconds."""
    return {
        "failureOrigin": origin,
        "failureType": failure_type,
        "externalMessage": message,
        "timestamp": int(dt.datetime.now(dt.UTC).timestamp() * 1000),
    }


class Attempt:
    """Runs a worker for an order. `run` blocks; `kill` may be called from another thread at any time."""

    def __init__(
        self, jobs: JobStore, workers: WorkerProcesses, connection_id: UUID, order: Order, log_file: Path
    ) -> None:
        self._jobs = jobs
        self._workers = workers
        self._connection_id = connection_id
        self._order = order
        self._log_file = log_file
        self._process: Worker | None = None
        self._killed = threading.Event()
        self._log_lock = threading.Lock()
        source = connector_of("source", order.connector, order.manifest)
        self._secrets = secret_values(source, order.source)
        self._secrets += secret_values(connector_of("destination", "s3"), order.destination)

    def run(self) -> Outcome:
        """Until the worker ends; everything it stored is committed as it reports it."""
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("w", encoding="utf-8") as log:
            try:
                outcome = self._run(log)
            finally:
                # A killed worker cannot clean up, and its scratch holds rows and a connector's secrets.
                shutil.rmtree(self._order.scratch, ignore_errors=True)
            if outcome.failure:
                self._write(log, "ERROR", outcome.failure["externalMessage"])
        return outcome

    def kill(self) -> None:
        """End the worker and its connector, politely and then not."""
        self._killed.set()
        process = self._process
        if process is None:
            return
        for number, patience in ((signal.SIGTERM, _KILL_AFTER_SECONDS), (signal.SIGKILL, 10)):
            process.signal(number)
            if process.wait(patience) is not None:
                return

    def _run(self, log: TextIO) -> Outcome:
        self._process = process = self._workers.take()
        if self._killed.is_set():
            self.kill()
        complaints = threading.Thread(target=self._copy_complaints, args=(process.stderr, log), daemon=True)
        complaints.start()
        failure: dict[str, Any] | None = None
        complete = False
        try:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(self._order.to_json() + "\n")
                process.stdin.flush()
            for line in process.stdout:
                message = json.loads(line)
                if message["type"] == "FAILURE":
                    failure = failure_reason(
                        self._without_secrets(message["externalMessage"]),
                        message["failureType"],
                        message["failureOrigin"],
                    )
                elif message["type"] == "COMPLETE":
                    complete = True
                else:
                    self._take(message, log)
        finally:
            # Whatever went wrong here (the platform database may be gone), no worker is left behind.
            if sys.exc_info()[0] is not None:
                self.kill()
            code = process.wait()
            complaints.join(timeout=5)
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
        if self._killed.is_set():
            return Outcome(failure_reason("The sync was cancelled", "manual_cancellation"))
        if failure is None and not (complete and code == 0):
            how = f"was killed by signal {-code}" if code and code < 0 else f"ended with code {code}"
            failure = failure_reason(f"The worker {how} before it was done; see the log")
        return Outcome(failure)

    def _take(self, message: dict[str, Any], log: TextIO) -> None:
        job, attempt = self._order.job_id, self._order.attempt
        match message["type"]:
            case "LOG":
                self._write(log, message["level"], message["message"])
            case "FILE":
                self._jobs.announce_file(job, attempt, message["stream"], message["key"])
            case "STATE":
                part = Part(
                    message["stream"], message["state"], message["rows"], message["bytes"], message["keys"]
                )
                self._commit(Commit([part]))
            case "CHECKPOINT":
                parts = [Part(**part) for part in message["parts"]]
                self._commit(Commit(parts, message["sharedState"], message["active"]))
            case "REPLICATION":
                self._jobs.remember_slot(job, attempt, message["slot"])
            case unknown:
                self._write(log, "WARN", f"unknown message of the worker: {unknown}")

    def _commit(self, commit: Commit) -> None:
        """Store, then tell the worker: it lets go of the source's log only after that."""
        self._jobs.commit(self._connection_id, self._order.job_id, self._order.attempt, commit)
        if self._process is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.write("committed\n")
                self._process.stdin.flush()

    def _copy_complaints(self, stderr: TextIO, log: TextIO) -> None:
        for line in stderr:
            self._write(log, "ERROR", line.rstrip("\n"))

    def _without_secrets(self, text: str) -> str:
        """Connectors hide what they write themselves, but not what a source says of a wrong token."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def _write(self, log: TextIO, level: str, message: str) -> None:
        with self._log_lock:
            log.write(_stamped(level, self._without_secrets(message)))
            log.flush()


def append_line(file: Path, level: str, message: str) -> None:
    """Add to the log of an attempt whose server died, if there is one."""
    if file.exists():
        with file.open("a", encoding="utf-8") as log:
            log.write(_stamped(level, message))


def _stamped(level: str, message: str) -> str:
    """Each line with the time (UTC) and the level before it."""
    moment = dt.datetime.now(dt.UTC).strftime("%Y-%m-%d %H:%M:%S")
    return "".join(f"{moment} {level} {line}\n" for line in message.splitlines() or [""])
