"""The object store is ready when every server of it listens: the proxy lists buckets before the others do."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from embedded.object_store.layout import STORES
from embedded.object_store.service import object_store
from embedded.settings import HOST, Settings
from embedded.stack.service import NotReadyError
from testing.ports import free_platform_ports, port_variables

NO_BUCKETS = b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"


class Answering(BaseHTTPRequestHandler):
    """A server of the object store, seen from outside: healthy, and the proxy has no bucket."""

    def do_GET(self) -> None:
        body = b"OK" if self.path == "/healthcheck" else NO_BUCKETS
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quietly."""


@contextmanager
def listening(port: int) -> Iterator[None]:
    with ThreadingHTTPServer((HOST, port), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environ(
        {"LAKEHOUSE_STATE_DIR": str(tmp_path), **port_variables(free_platform_ports())}
    )


def complaint(settings: Settings, servers: list[str]) -> str:
    """What the check says while these servers listen; nothing when it finds the store ready."""
    with ExitStack() as stack:
        for server in servers:
            stack.enter_context(listening(settings.port(server)))
        try:
            object_store(settings, {"LAKE_S3_SECRET_KEY": "secret"}).check()
        except NotReadyError as error:
            return str(error)
    return ""


def test_it_is_ready_when_all_servers_listen(settings: Settings) -> None:
    assert complaint(settings, ["S3", *(f"SWIFT_{store.upper()}" for store in STORES)]) == ""


@pytest.mark.parametrize("late", STORES)
def test_a_server_that_does_not_listen_yet_is_named(settings: Settings, late: str) -> None:
    others = [f"SWIFT_{store.upper()}" for store in STORES if store != late]
    assert f":{settings.port(f'SWIFT_{late.upper()}')}/" in complaint(settings, ["S3", *others])
