"""The observer from start to stop."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector

from lakehouse.observe.incidents.alertmanager import receive
from lakehouse.observe.metrics.exposition import StoredMetrics
from lakehouse.observe.process.loops import Loop, Loops
from lakehouse.observe.process.server import ObserverServer
from lakehouse.observe.process.table import at_the_end, loops
from lakehouse.platform.connections import ConnectionUnknownError, direct_postgres
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.stop_event import StopEvent

log = logging.getLogger(__name__)

DEFAULT_ADDRESS: Final = "127.0.0.1:9187"


def main(environment: Mapping[str, str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; 0 then, 2 for an environment that lacks what is needed."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s")
    # Each request of a client is otherwise a line.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = os.environ if environment is None else environment
    try:
        postgres = direct_postgres(settings)
        host, port = address(settings.get("OBSERVER_ADDRESS") or DEFAULT_ADDRESS)
    except (ConnectionUnknownError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    stopped = StopEvent()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    serve(postgres, (host, port), loops(postgres, settings), stopped, lambda sent: receive(postgres, sent))
    if leave := at_the_end(postgres, settings):
        try:
            leave()
        except LakehouseError as error:
            log.warning("left without saying so: %s", error)
    return 0


def serve(
    postgres: PostgresConnections,
    where: tuple[str, int],
    table: list[Loop],
    stopped: threading.Event,
    take_alerts: Callable[[object], Any],
) -> None:
    """Answer HTTP and run the loops until `stopped` is set."""
    registry = CollectorRegistry()
    registry.register(StoredMetrics(postgres))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    running = Loops(table)
    with ObserverServer(where, registry, running.states, take_alerts, lambda: is_up(postgres)) as server:
        thread = threading.Thread(target=server.serve_forever, name="http", daemon=True)
        thread.start()
        running.start()
        log.info("observing on http://%s:%d: %s", *where, ", ".join(each.name for each in table))
        stopped.wait()
        log.info("stopping")
        server.shutdown()
        running.stop()


def address(text: str) -> tuple[str, int]:
    """`host:port`. Raises ValueError that says what is wrong."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 <= int(port) <= 65535:
        raise ValueError(f"OBSERVER_ADDRESS={text!r} is not host:port")
    return host.strip("[]"), int(port)


def is_up(postgres: PostgresConnections) -> bool:
    """Does PostgreSQL answer?"""
    try:
        with transaction(postgres) as cursor:
            cursor.execute("select 1")
    except Exception:  # noqa: BLE001  whatever it does, the question is answered
        return False
    return True
