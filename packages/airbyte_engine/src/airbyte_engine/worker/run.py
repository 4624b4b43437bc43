"""Run one attempt: the order comes on stdin, messages go to stdout."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from airbyte_engine.worker.declarative import DeclarativeSource
from airbyte_engine.worker.files.source import FileSource
from airbyte_engine.worker.landing import Landing
from airbyte_engine.worker.postgres.snapshot import prepare_duckdb
from airbyte_engine.worker.postgres.source import PostgresSource
from airbyte_engine.worker.protocol import Order, Outbox, WorkerError
from airbyte_engine.worker.stall import watch

SOURCES: dict[str, type[PostgresSource] | type[DeclarativeSource] | type[FileSource]] = {
    "postgres": PostgresSource,
    "declarative": DeclarativeSource,
    "files": FileSource,
}


def run(ahead: bool, begins: Callable[[], None]) -> int:
    """Exit code 0 after COMPLETE, or when the server ends before it gives an order; 1 after FAILURE.

    Args:
        ahead: no order is due yet, so there is time for what takes long and is the same for all of them.
        begins: called when the order has come.
    """
    outbox = Outbox()
    if ahead:
        prepare_duckdb()
    line = sys.stdin.readline()
    if not line:
        return 0
    begins()
    order = Order.from_json(line)
    threading.Thread(target=_listen_to_the_server, args=(outbox,), daemon=True).start()
    watch(outbox, order.patience_seconds)
    scratch = Path(order.scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        landing = Landing(order, outbox, dt.datetime.now(dt.UTC))
        landing.check()
        landing.delete_orphans()
        try:
            SOURCES[order.connector](order, outbox, landing).read()
        finally:
            landing.give_up()
    except WorkerError as error:
        outbox.failure(error)
        return 1
    except Exception as error:
        outbox.failure(WorkerError(f"{type(error).__name__}: {error}", "system_error", "airbyte_platform"))
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    outbox.complete()
    return 0


def _listen_to_the_server(outbox: Outbox) -> None:
    """A line for each commit. stdin ends when the server does; nobody could hear this worker then. Takes its
    connector along.
    """
    for _ in sys.stdin:
        outbox.confirm()
    os.killpg(os.getpgid(0), signal.SIGKILL)
