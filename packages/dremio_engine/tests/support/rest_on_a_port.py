"""The REST API of an engine in this process, on a free port."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from dremio_engine.rest.app import create_app
from dremio_engine.rest.services import Services
from testing.ports import free_ports
from testing.waiting import wait_until


@contextmanager
def served(services: Services) -> Iterator[str]:
    """The address of the API while the block runs."""
    (port,) = free_ports(1)
    config = uvicorn.Config(create_app(services), host="127.0.0.1", port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        wait_until(lambda: server.started, "the API answers", 30)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


def logged_in(url: str, user: str, password: str) -> httpx.Client:
    """A client that sends a token with every call."""
    client = httpx.Client(base_url=url, timeout=60)
    answer = client.post("/apiv2/login", json={"userName": user, "password": password})
    answer.raise_for_status()
    client.headers["Authorization"] = "_dremio" + answer.json()["token"]
    return client
