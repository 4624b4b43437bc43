"""Databases that did not answer when the lake was opened: tried again until they do, then attached.

DuckDB attaches nothing once it is hardened, so the lake is opened again, in a moment when no statement
runs. A database that goes away later needs none of this: every statement connects again.
"""

import logging
import threading
from collections.abc import Callable

import duckdb

from dremio_engine.errors import EngineError
from dremio_engine.lake.connection import extension_file
from dremio_engine.lake.lake import Lake
from dremio_engine.lake.storage import PostgresAddress
from dremio_engine.sql.quoting import literal

LOG = logging.getLogger(__name__)
RETRY_SECONDS = 5.0
LONGEST_PATIENCE = 10.0


class SourceWatch:
    """A thread that calls `reopen(patience)` when a missing database answers, until closed."""

    def __init__(self, lake: Lake, reopen: Callable[[float], None]) -> None:
        self._lake = lake
        self._reopen = reopen
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="source watch", daemon=True)

    def start(self) -> None:
        """Start; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop; a probe that runs ends by its own timeout."""
        self._closing.set()
        self._thread.join(1)

    def _run(self) -> None:
        patience = 0.5
        while not self._closing.wait(RETRY_SECONDS):
            back = [s for s in self._lake.unreachable_databases() if s.postgres and answers(s.postgres)]
            if not back or self._closing.is_set():
                patience = 0.5
                continue
            names = ", ".join(source.name for source in back)
            try:
                self._reopen(patience)
                LOG.info("source %s answers again and is attached", names)
            except (EngineError, duckdb.Error) as error:
                # Statements run: new ones wait a little longer for them the next time.
                patience = min(patience * 2, LONGEST_PATIENCE)
                LOG.info("source %s answers again, but cannot be attached yet: %s", names, error)


def answers(address: PostgresAddress) -> bool:
    """Whether the database lets the engine in, asked from an instance that is thrown away."""
    with duckdb.connect() as probe:
        try:
            probe.execute(f"load {literal(str(extension_file('postgres_scanner')))}")
            probe.execute(f"attach {literal(address.dsn)} as probed (type postgres, read_only)")
        except duckdb.Error:
            return False
    return True
