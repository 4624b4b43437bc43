"""The cafe's loyalty service: a small paging HTTP endpoint on 127.0.0.1, in a thread of the test."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

PATH: Final = "/v1/loyalty_events"


class LoyaltyService:
    """Events by id; each page has at most `limit` of them and the id to go on after."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.events: dict[int, dict[str, Any]] = {}
        self.pages_served = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def put(self, event_id: int, updated_at: str, **fields: Any) -> None:
        """Add an event, or replace what is known of it."""
        held = self.events.get(
            event_id, {"event_id": event_id, "points": None, "reason": None, "details": None}
        )
        self.events[event_id] = held | {"updated_at": updated_at} | fields

    def __enter__(self) -> LoyaltyService:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def page(self, query: dict[str, str]) -> dict[str, Any]:
        """What a request with these parameters gets."""
        limit, after = int(query.get("limit", "5")), int(query.get("after", "0"))
        wanted = sorted(
            (
                event
                for event in self.events.values()
                if event["updated_at"] >= query.get("updated_after", "")
            ),
            key=lambda event: int(event["event_id"]),
        )
        rest = [event for event in wanted if event["event_id"] > after]
        shown = rest[:limit]
        self.pages_served += 1
        return {"events": shown, "next": str(shown[-1]["event_id"]) if len(rest) > limit else None}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                if self.headers.get("Authorization") != f"Bearer {service.token}":
                    self._answer(401, {"error": "unknown token"})
                elif parts.path != PATH:
                    self._answer(404, {"error": f"only {PATH} is here"})
                else:
                    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                    self._answer(200, service.page(query))

            def _answer(self, status: int, body: dict[str, Any]) -> None:
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing: the test's output is not a server's log."""

        return Handler
