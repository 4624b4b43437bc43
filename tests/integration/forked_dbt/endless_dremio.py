"""As much of Dremio's REST API as a run of dbt needs to wait forever: logins, and jobs that never end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Final

from tests.integration.forked_dbt.processes import until

POLLED_TWICE: Final = 2


@dataclass
class EndlessDremio:
    """What its clients asked for."""

    port: int = 0
    polls: dict[str, int] = field(default_factory=dict)
    """By job, how often its state was asked for."""
    cancelled: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def next_waiting(self, known: set[str]) -> str:
        """A job that is not among the known ones, once its run waits for it."""
        return until(
            lambda: next(
                (job for job, polls in self.polls.items() if job not in known and polls >= POLLED_TWICE), ""
            )
        )

    def answer(self, method: str, path: str) -> dict[str, Any]:
        """The body of the answer to a request."""
        parts = path.strip("/").split("/")
        if parts[-1] == "login":
            return {"token": "any"}
        if parts[-1] == "sql":
            job = f"job{next(self._numbers)}"
            self.polls[job] = 0
            return {"id": job}
        if parts[-1] == "cancel":
            self.cancelled.append(parts[-2])
            return {}
        self.polls[parts[-1]] += 1
        return {"jobState": "CANCELED" if parts[-1] in self.cancelled else "RUNNING"}


@contextmanager
def endless_dremio() -> Iterator[EndlessDremio]:
    """Serve until the end of the block."""
    dremio = EndlessDremio()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.dumps(dremio.answer(self.command, self.path)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = _answer
        do_POST = _answer

        def log_message(self, *_: Any) -> None:
            """Nothing: pytest shows what matters."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        dremio.port = server.server_port
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield dremio
        finally:
            server.shutdown()
            serving.join()
