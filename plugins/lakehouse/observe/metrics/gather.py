"""Reads every source of metrics. Each fails alone: a service that is away costs its own metrics only."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lakehouse.observe.metrics.days import keep_day
from lakehouse.observe.metrics.observation import Found
from lakehouse.observe.metrics.readings import replace_readings
from lakehouse.observe.metrics.totals import begin_at_zero, increase, observe, prune
from lakehouse.platform.database import (
    Lock,
    PlatformDatabaseUnavailableError,
    PostgresConnections,
    transaction,
)
from lakehouse.platform.sql_files import read_sql

log = logging.getLogger(__name__)

MOST_LOOKS: Final = 20
"""At one source in one gathering: what is left is read by the next one."""
LONGEST_ERROR: Final = 500


class Source(Protocol):
    """A place that metrics come from."""

    @property
    def name(self) -> str:
        """A label of the exporter's own metrics."""

    def look(self, position: Mapping[str, Any]) -> Found:
        """What is new since that position, and what holds now. May raise anything."""


@dataclass(frozen=True)
class SourceState:
    """How a source's last readings went; durations in seconds."""

    source: str
    position: Mapping[str, Any]
    error: str | None
    failures: int
    seconds: float
    age_seconds: float | None


@dataclass(frozen=True)
class Gathered:
    """What one gathering did to a source."""

    source: str
    counted: int
    error: str | None


def gather(postgres: PostgresConnections, sources: Sequence[Source]) -> list[Gathered]:
    """Read each source once. May run in several processes: they take turns at each source.

    Raises:
        PlatformDatabaseUnavailableError: PostgreSQL is away; nothing was counted that is not stored.
    """
    with transaction(postgres) as cursor:
        positions = {state.source: state.position for state in source_states(cursor)}
    done = [_gather_one(postgres, source, positions.get(source.name, {})) for source in sources]
    with transaction(postgres) as cursor:
        keep_day(cursor)
        prune(cursor)
    return done


def source_states(cursor: Any) -> list[SourceState]:
    """Every source that was ever read."""
    cursor.execute(read_sql("postgres/observe/metrics/select_metric_sources.sql"))
    return [SourceState(*row) for row in cursor.fetchall()]


def _gather_one(postgres: PostgresConnections, source: Source, begin: Mapping[str, Any]) -> Gathered:
    began = time.monotonic()
    counted = 0
    position = begin
    for _ in range(MOST_LOOKS):
        try:
            found = source.look(position)
            counted += _store(postgres, source.name, position, found, time.monotonic() - began)
        except PlatformDatabaseUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001  the other sources go on, and this one's metric says so
            words = f"{type(error).__name__}: {' '.join(str(error).split())}"[:LONGEST_ERROR]
            log.warning("%s cannot be read: %s", source.name, words)
            _store_failure(postgres, source.name, time.monotonic() - began, words)
            return Gathered(source.name, counted, words)
        if not found.more:
            break
        position = found.position
    return Gathered(source.name, counted, None)


def _store(
    postgres: PostgresConnections, source: str, position: Mapping[str, Any], found: Found, seconds: float
) -> int:
    """Counts, values and the new position together; another gatherer that was faster wins the position."""
    with transaction(postgres, Lock("metrics", source)) as cursor:
        states = {state.source: state.position for state in source_states(cursor)}
        if states.get(source, {}) != position:
            return 0
        begin_at_zero(cursor, found.series)
        counted = observe(cursor, found.observations)
        increase(cursor, found.increments)
        replace_readings(cursor, source, found.readings)
        row = {"source": source, "position": json.dumps(dict(found.position)), "seconds": seconds}
        cursor.execute(read_sql("postgres/observe/metrics/upsert_metric_source_read.sql"), row)
    return counted


def _store_failure(postgres: PostgresConnections, source: str, seconds: float, error: str) -> None:
    with transaction(postgres) as cursor:
        row = {"source": source, "seconds": seconds, "error": error}
        cursor.execute(read_sql("postgres/observe/metrics/upsert_metric_source_failed.sql"), row)
