"""What the observer does again and again, and how often: one row for each loop."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

from lakehouse.observe.incidents.delivery import deliver_alerts
from lakehouse.observe.metrics.gather import Gathered, Source, gather
from lakehouse.observe.metrics.reach import sources_of
from lakehouse.observe.process.loops import Loop
from lakehouse.platform.connections import connection
from lakehouse.platform.database import PostgresConnections

GATHER_SECONDS: Final = 30.0
"""Half of what an alert waits at least; a gathering of a quiet platform takes about a second."""
DELIVER_SECONDS: Final = 10.0


class NothingReadError(Exception):
    """Not one source of metrics could be read."""


def loops(postgres: PostgresConnections, environment: Mapping[str, str] | None = None) -> list[Loop]:
    """Every loop of the process."""
    settings = os.environ if environment is None else environment
    sources = sources_of(postgres, lambda conn_id: connection(conn_id, settings), settings)
    return [
        Loop("gather metrics", GATHER_SECONDS, lambda: gather_all(postgres, sources)),
        Loop("deliver alerts", DELIVER_SECONDS, lambda: deliver_alerts(postgres)),
    ]


def gather_all(postgres: PostgresConnections, sources: list[Source]) -> list[Gathered]:
    """Read every source.

    Raises:
        NothingReadError: none could be read, so it is the observer that is ill.
    """
    done = gather(postgres, sources)
    failed = [each for each in done if each.error]
    if done and len(failed) == len(done):
        raise NothingReadError(f"no source can be read; the first: {failed[0].source}: {failed[0].error}")
    return done
