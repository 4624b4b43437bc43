"""What the tests of incidents share: an empty record, and notifiers that a test can watch and break."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lakehouse.observe.notify.channel import AlertsChannel, channel_of
from lakehouse.platform.connections import Connection, DirectPostgres
from lakehouse.platform.database import transaction


@pytest.fixture(autouse=True)
def _nothing_known(postgres: DirectPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests look at all that is open, so they begin with nothing; the database is the suite's own."""
    monkeypatch.setenv("LAKEHOUSE_SPOOL_DIR", str(tmp_path / "spool"))
    monkeypatch.setenv("ALERTS_URLS", (tmp_path / "alerts.jsonl").as_uri())
    with transaction(postgres) as cursor:
        cursor.execute(
            "truncate incidents, alert_outbox, heartbeats, morning_reports, night_receipts "
            "restart identity cascade"
        )


@dataclass
class WebHook:
    """A notifier on a real socket: what it has taken, and what it answers."""

    url: str
    answers: int = 200
    taken: list[dict[str, Any]] = field(default_factory=list)
    asked: int = 0

    @property
    def titles(self) -> list[str]:
        return [str(each["title"]) for each in self.taken]

    def channel(self) -> AlertsChannel:
        return channel_of(Connection(password=self.url))


@pytest.fixture
def web_hook() -> Iterator[WebHook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            hook.asked += 1
            if hook.answers == 200:
                hook.taken.append(json.loads(content))
            self.send_response(hook.answers)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Not on the test's screen."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hook = WebHook(f"json://127.0.0.1:{server.server_port}/hook")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield hook
    server.shutdown()
    server.server_close()
