"""An HTTP proxy before a real service, which answers for it when a test says so: 500, 401, or never."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

HANG = 0
"""In place of a status: no answer until the proxy closes."""
CUT = -1
"""In place of a status: the connection is closed without an answer."""
_REFUSAL = b'{"detail": "a fault of the test"}'


@dataclass
class FaultProxy:
    """`fail` queues faults for the next requests whose line holds a text; `seen` lists the met ones."""

    url: str
    closing: threading.Event = field(default_factory=threading.Event)
    seen: list[tuple[str, int]] = field(default_factory=list)
    answers: list[tuple[str, int]] = field(default_factory=list)
    """What the service itself answered: request lines and statuses."""
    rewrite: Callable[[str, bytes], bytes] | None = None
    """Makes of a request line and the service's answer what the client gets."""
    _faults: list[tuple[str, int]] = field(default_factory=list)
    _lasting: list[tuple[str, int]] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def fail(self, text: str, *statuses: int) -> None:
        """One of the next requests with the text in its line meets each fault."""
        with self._lock:
            self._faults += [(text, status) for status in statuses]

    def fail_always(self, text: str, status: int) -> None:
        """All requests with the text in their line meet the fault."""
        with self._lock:
            self._lasting.append((text, status))

    def fault_of(self, line: str) -> int | None:
        with self._lock:
            for index, (text, status) in enumerate(self._faults):
                if text in line:
                    del self._faults[index]
                    self.seen.append((line, status))
                    return status
            for text, status in self._lasting:
                if text in line:
                    self.seen.append((line, status))
                    return status
        return None


@contextmanager
def fault_proxy(target: str, refusal: bytes = _REFUSAL) -> Iterator[FaultProxy]:
    """A proxy on a free port before `target` (scheme, host and port); faults have the body `refusal`."""
    client = httpx.Client(base_url=target, timeout=60)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            line = f"{self.command} {self.path}"
            fault = proxy.fault_of(line)
            if fault in (HANG, CUT):
                if fault == HANG:
                    proxy.closing.wait(60)
                self.close_connection = True
                return None
            if fault is not None:
                return self._answer(fault, refusal, "application/json")
            # The host that the client knows stays: it may have signed it.
            headers = {k: v for k, v in self.headers.items() if k.lower() != "content-length"}
            try:
                answer = client.request(self.command, self.path, content=body, headers=headers)
            except httpx.TransportError:
                self.close_connection = True
                return None
            proxy.answers.append((line, answer.status_code))
            content = proxy.rewrite(line, answer.content) if proxy.rewrite else answer.content
            return self._answer(answer.status_code, content, answer.headers.get("content-type", ""))

        def _answer(self, status: int, content: bytes, kind: str) -> None:
            # A client that has lost its patience is gone.
            with suppress(ConnectionError):
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(content)

        do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = do_HEAD = _forward

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
