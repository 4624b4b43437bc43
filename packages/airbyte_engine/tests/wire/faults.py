"""A slow source, and a look at the workers of a server."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import psutil
from tests.wire.conftest import Landing

from airbyte_engine.worker.forked import PARENT, RUNNING, WAITING
from testing.ingestion_stack import AirbyteServer


@contextmanager
def slow_api(target: str, seconds_per_page: float) -> Iterator[str]:
    """The shop's API behind a proxy that takes its time; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(seconds_per_page)
            headers = {"Authorization": self.headers.get("Authorization", "")}
            answer = httpx.get(target + self.path, headers=headers, timeout=30)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            try:
                self.wfile.write(answer.content)
            except BrokenPipeError:
                return

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def full_store() -> Iterator[str]:
    """An S3 server that knows every bucket and has no room in any; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(200)
            self.end_headers()

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = b"<Error><Code>InsufficientStorage</Code><Message>The disk is full</Message></Error>"
            self.send_response(507)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_DELETE = do_PUT

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def workers_of(airbyte: AirbyteServer) -> list[psutil.Process]:
    """Worker and connector processes that this server, alive or dead, has started and given an attempt."""
    return _processes_of(airbyte, lambda process: process.name() == RUNNING or _is_connector(process))


def waiting_workers_of(airbyte: AirbyteServer) -> list[psutil.Process]:
    """Those that were started ahead and have no attempt yet."""
    return _processes_of(airbyte, lambda process: process.name() == WAITING)


def parents_of_workers(airbyte: AirbyteServer) -> list[psutil.Process]:
    """The process that workers are forked from, once it has done its imports."""
    return _processes_of(airbyte, lambda process: process.name() == PARENT)


def _is_connector(process: psutil.Process) -> bool:
    return "source-declarative-manifest" in " ".join(process.cmdline())


def _processes_of(airbyte: AirbyteServer, wanted: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
    mark = airbyte.environ["AIRBYTE_WORKSPACE_ROOT"]
    found = []
    for process in psutil.process_iter():
        try:
            if wanted(process) and process.environ().get("AIRBYTE_WORKSPACE_ROOT") == mark:
                found.append(process)
        except psutil.Error:
            continue
    return found


def details(airbyte: AirbyteServer, job: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = airbyte.config_api("/jobs/get", {"id": job["jobId"]})
    return answer


def stored_log(landing: Landing, service: str, job: dict[str, Any], attempt: int) -> list[dict[str, Any]]:
    """The documents of an attempt's log in the lake; empty while it is not there."""
    today = dt.datetime.now(dt.UTC).date()
    name = f"job-{job['jobId']}-attempt-{attempt}.json.gz"
    for day in (today, today - dt.timedelta(days=1)):
        found = landing.read(f"logs/airbyte/service={service}/date={day}/{name}")
        for body in found.values():
            return [json.loads(line) for line in gzip.decompress(body).splitlines()]
    return []
