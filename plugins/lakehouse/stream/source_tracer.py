"""The source's side of a tracer: the row that is committed there, and whether the source is busy."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.sql_files import read_sql
from lakehouse.stream.clocks import ClockLook, look_at_clock

log = logging.getLogger(__name__)

SOURCE_KEEPS_SECONDS: Final = 3600.0
"""How long a tracer stays at the source after the chart has shown it."""
PRUNED_AT_ONCE: Final = 20
"""With each new tracer: more than one, so that what a pause has left goes; few: batches stay small."""
_REFUSED: Final = {"42501": "has no right to write to it", "42P01": "finds no such table"}
_NO_TRACER: Final = 2**62


@dataclass(frozen=True)
class Committed:
    """A new tracer, and what the source's clock said just before."""

    tracer_id: int
    committed_at: datetime
    """By the source's clock, UTC without a zone."""
    clock: ClockLook


class SourceTracer:
    """Keeps one connection to the source while it works.

    Args:
        source: the database whose tables are streamed.
        watched: the tables whose changes make it busy.
    """

    def __init__(self, source: PostgresConnections, watched: Sequence[str]) -> None:
        self._source = source
        self._watched = list(watched)
        self._connection: Any = None
        self._changes: int | None = None
        self.problem: str | None = None
        """Why no tracer can be committed, since the last attempt."""
        self.refused = False
        """A person has to put that right; else the source may be back in a moment."""

    def close(self) -> None:
        """Give the connection back; a later call opens another."""
        if self._connection is not None:
            with suppress(Exception):
                self._connection.close()
        self._connection = None

    def has_changed(self) -> bool | None:
        """Whether rows of the watched tables have changed since the last look; None when nobody answers."""
        try:
            with self._cursor() as cursor:
                values = {"tables": self._watched}
                cursor.execute(read_sql("postgres/stream/source_count_changes.sql"), values)
                changes = int(cursor.fetchone()[0])
        except Exception as error:  # noqa: BLE001  whatever the driver says, the stream goes on
            self._failed(error)
            return None
        before, self._changes = self._changes, changes
        return before is not None and changes != before

    def commit(self, oldest_unseen: int | None) -> Committed | None:
        """Commit a tracer, and let go of old ones that the chart has shown; None when it cannot be.

        Args:
            oldest_unseen: the oldest tracer that the chart has not shown; those before it may go.
        """
        values = {
            "keep_from": _NO_TRACER if oldest_unseen is None else oldest_unseen,
            "keep_seconds": SOURCE_KEEPS_SECONDS,
            "most": PRUNED_AT_ONCE,
        }
        try:
            with self._cursor() as cursor:
                clock = look_at_clock(cursor)
                cursor.execute(read_sql("postgres/stream/source_write_tracer.sql"), values)
                tracer_id, committed_at = cursor.fetchone()
        except Exception as error:  # noqa: BLE001  whatever the driver says, the stream goes on
            self._failed(error)
            return None
        self.problem, self.refused = None, False
        return Committed(int(tracer_id), committed_at, clock)

    def _cursor(self) -> Any:
        if self._connection is None:
            self._connection = self._source.get_conn()
            self._connection.autocommit = True
        return self._connection.cursor()

    def _failed(self, error: Exception) -> None:
        self.close()
        state = getattr(error, "pgcode", None) or getattr(error, "sqlstate", None)
        said = " ".join(str(error).split())
        self.refused = state in _REFUSED
        problem = (
            f"no tracer can be committed to stream_tracer: the source's user {_REFUSED[state]} ({said})"
            if state in _REFUSED
            else f"no tracer can be committed, the source does not answer: {said}"
        )
        if self.problem is None:
            log.warning("the lag is not measured: %s", problem)
        self.problem = problem
