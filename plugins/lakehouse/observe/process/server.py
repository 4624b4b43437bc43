"""The observer's HTTP: GET /metrics for Prometheus, GET /health, POST /alerts for Alertmanager's web hook."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from lakehouse.observe.incidents.alertmanager import BadPayloadError
from lakehouse.observe.process.loops import LoopState

log = logging.getLogger(__name__)

LONGEST_BODY: Final = 4 * 2**20
IDLE_SECONDS: Final = 30
"""A client that says nothing for so long is let go."""

Receive = Callable[[object], Any]


class ObserverServer(ThreadingHTTPServer):
    """Answers from what it was given; a request that fails is a 5xx to its own client only."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(
        self,
        address: tuple[str, int],
        registry: CollectorRegistry,
        states: Callable[[], list[LoopState]],
        receive_alerts: Receive,
        is_database_up: Callable[[], bool],
    ) -> None:
        self.registry = registry
        self.states = states
        self.receive_alerts = receive_alerts
        self.is_database_up = is_database_up
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: ObserverServer
    server_version = "lakehouse-observer"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:
        match urlsplit(self.path).path:
            case "/metrics":
                self._answering(self._metrics)
            case "/health":
                self._answering(self._health)
            case _:
                self._say(HTTPStatus.NOT_FOUND, {"error": "there are /metrics, /health and POST /alerts"})

    def do_POST(self) -> None:
        if urlsplit(self.path).path != "/alerts":
            self._refuse(HTTPStatus.NOT_FOUND, "only /alerts takes a POST")
            return
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "a Content-Length is needed")
        elif int(length) > LONGEST_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"at most {LONGEST_BODY} bytes")
        else:
            body = self.rfile.read(int(length))
            self._answering(lambda: self._alerts(body))

    def _metrics(self) -> None:
        self._send(HTTPStatus.OK, CONTENT_TYPE_PLAIN_0_0_4, generate_latest(self.server.registry))

    def _health(self) -> None:
        """200 while the process does its work; a PostgreSQL that is away is told, and not its fault."""
        states = self.server.states()
        stuck = [state.name for state in states if state.is_stuck]
        self._say(
            HTTPStatus.SERVICE_UNAVAILABLE if stuck else HTTPStatus.OK,
            {
                "database": "up" if self.server.is_database_up() else "down",
                "stuck": stuck,
                "loops": [asdict(state) for state in states],
            },
        )

    def _alerts(self, body: bytes) -> None:
        """Alertmanager sends again what is not answered with 2xx."""
        try:
            payload = json.loads(body)
        except ValueError as error:
            self._say(HTTPStatus.BAD_REQUEST, {"error": f"not JSON: {error}"})
            return
        try:
            self.server.receive_alerts(payload)
        except BadPayloadError as error:
            self._say(HTTPStatus.BAD_REQUEST, {"error": str(error)})
        else:
            self._say(HTTPStatus.OK, {"received": True})

    def _answering(self, answer: Callable[[], None]) -> None:
        try:
            answer()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        except Exception as error:  # noqa: BLE001  this client is told, all others are served on
            log.warning("%s %s failed: %s: %s", self.command, self.path, type(error).__name__, error)
            self._say(HTTPStatus.SERVICE_UNAVAILABLE, {"error": f"{type(error).__name__}: {error}"})

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        # What the client goes on to send is not read: the next request would begin in the middle of it.
        self.close_connection = True
        self._say(status, {"error": why})

    def _say(self, status: HTTPStatus, content: dict[str, Any]) -> None:
        self._send(status, "application/json", json.dumps(content, indent=1).encode() + b"\n")

    def _send(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Successful requests come every few seconds: only what fails is logged."""
