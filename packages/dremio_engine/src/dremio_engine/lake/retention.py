"""Old versions of tables: DuckLake keeps every one until it is told to let go; here they end after a while.

A version stays readable until it was replaced `kept_seconds` ago; VACUUM TABLE gives it up sooner. Only
files that DuckLake itself wrote and no table has any more are deleted, and what writes that a kill cut
short have left (`sweep.py`).
"""

import logging
import threading
import time
from collections.abc import Callable

import duckdb

from dremio_engine.errors import EngineError
from dremio_engine.lake.cursors import Cancelled, Cursor, Interruptible, count
from dremio_engine.lake.lake import Lake
from dremio_engine.lake.messages import first_line
from dremio_engine.lake.sweep import sweep
from dremio_engine.lake.versions import give_up_all_before
from dremio_engine.lake.writer import Writer

LOG = logging.getLogger(__name__)


class Retention:
    """A thread that lets old versions go at once and then every `kept_seconds`, until closed.

    Two steps, each `kept_seconds` after the event: a version is given up, then its files are deleted. A
    statement that started in between goes on reading them.
    """

    def __init__(self, lake: Lake, kept_seconds: int) -> None:
        self._lake = lake
        self._writer = Writer(lake)
        self._kept_seconds = kept_seconds
        self._closing = threading.Event()
        self._stop = Interruptible()
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)

    def start(self) -> None:
        """Start; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Stop, in the middle of a deletion if need be: the next start takes it up again."""
        self._closing.set()
        self._stop.cancel()
        self._thread.join(2)

    def clean(self) -> tuple[int, int]:
        """Let go of what is old now; gives (versions, files). Raises duckdb.Error, Cancelled, EngineError."""
        versions = self._run_alone(lambda cursor: give_up_all_before(cursor, self._kept_seconds))
        clean = (
            "select count(*) from ducklake_cleanup_old_files('lake',"
            f" older_than => now() - interval '{self._kept_seconds} seconds')"
        )
        return versions, self._run_alone(lambda cursor: count(cursor.execute(clean)))

    def sweep(self) -> int:
        """Delete what writes of an earlier process left; gives the number of files."""
        try:
            return sweep(self._lake, self._writer, self._stop)
        finally:
            self._stop.attach(None)

    def _run_alone(self, work: Callable[[Cursor], int]) -> int:
        try:
            return self._writer.run("old versions", work, self._stop)
        finally:
            self._stop.attach(None)  # a closed cursor cannot be interrupted

    def _run(self) -> None:
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                self.sweep()
                versions, files = self.clean()
                LOG.info(
                    "old versions: %d given up, %d files deleted in %.1f s",
                    versions,
                    files,
                    time.monotonic() - began,
                )
            except Cancelled:
                return
            except (duckdb.Error, EngineError) as error:
                LOG.warning("old versions were not cleaned, the next try follows: %s", first_line(error))
            self._closing.wait(self._kept_seconds)
