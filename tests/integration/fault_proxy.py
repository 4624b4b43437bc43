"""An HTTP proxy before a real service, which answers for it when a test says so: 500, 401, or never."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

HANG = 0
"""In place of a status: no answer until the proxy closes."""


@dataclass
class FaultProxy:
    """`fail` queues faults for the next requests whose line holds a text; `seen` lists the met ones."""

    url: str
    closing: threading.Event = field(default_factory=threading.Event)
    seen: list[tuple[str, int]] = field(default_factory=list)
    _faults: list[tuple[str, int]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, text: str, *statuses: int) -> None:
        with self._lock:
            self._faults += [(text, status) for status in statuses]

    def fault_of(self, line: str) -> int | None:
        with self._lock:
            for index, (text, status) in enumerate(self._faults):
                if text in line:
                    del self._faults[index]
                    self.seen.append((line, status))
                    return status
        return None


@contextmanager
def fault_proxy(target: str) -> Iterator[FaultProxy]:
    """A proxy on a free port before `target`, which is scheme, host and port."""
    client = httpx.Client(base_url=target, timeout=60)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = proxy.fault_of(f"{self.command} {self.path}")
            if fault == HANG:
                proxy.closing.wait(60)
                self.close_connection = True
                return None
            if fault is not None:
                return self._answer(fault, b'{"detail": "a fault of the test"}', "application/json")
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "content-length")}
            answer = client.request(self.command, self.path, content=body, headers=headers)
            return self._answer(answer.status_code, answer.content, answer.headers.get("content-type", ""))

        def _answer(self, status: int, content: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = _forward

        def log_message(self, *_: Any) -> None:
            """Nothing on the console."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    proxy = FaultProxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.closing.set()
        server.shutdown()
        server.server_close()
        client.close()
