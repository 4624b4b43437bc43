"""How far the live chart is behind the source, hop by hop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from lakehouse.observe.metrics.observation import Found, Increment, Reading
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql
from lakehouse.stream.hops import EVERY_HOP, TOTAL
from lakehouse.stream.lag import HopLag, Lag, read_lag

TRACERS_AT_A_LOOK: Final = 1000


class StreamLag:
    """Tracers that the chart has come to show, and where the others wait; nothing if there are none."""

    name = "stream lag"

    def __init__(self, postgres: PostgresConnections, now: Callable[[], datetime] | None = None) -> None:
        self._postgres = postgres
        self._now = now

    def look(self, position: Mapping[str, Any]) -> Found:
        """What the chart has shown since the position, and the lag as it is now."""
        counted = int(position.get("number", 0))
        with transaction(self._postgres) as cursor:
            values = {"after": counted, "most": TRACERS_AT_A_LOOK}
            cursor.execute(read_sql("postgres/observe/metrics/select_charted_tracers.sql"), values)
            tracers = cursor.fetchall()
        found = Found(more=len(tracers) == TRACERS_AT_A_LOOK)
        for number, *seconds in tracers:
            counted = int(number)
            for hop, took in zip(EVERY_HOP, seconds, strict=True):
                found.increments.append(Increment("lakehouse_stream_hop_seconds", {"hop": str(hop)}, took))
        found.position = {"number": counted}
        lag = read_lag(self._postgres, self._now().astimezone(UTC) if self._now else None)
        if lag.since is not None:
            found.readings = _readings(lag)
        return found


def _readings(lag: Lag) -> list[Reading]:
    readings = [
        Reading("lakehouse_stream_paused", {}, float(lag.paused)),
        Reading("lakehouse_stream_lag_measured", {}, float(lag.measured)),
        Reading("lakehouse_stream_tracers_lost", {}, lag.lost),
    ]
    if lag.seconds is not None:
        readings.append(Reading("lakehouse_stream_lag_seconds", {}, lag.seconds))
    if lag.clock_offset is not None:
        readings.append(Reading("lakehouse_stream_clock_offset_seconds", {}, lag.clock_offset))
    for hop in lag.hops:
        readings += _quantiles(hop)
        if hop.hop != TOTAL:
            labels = {"hop": hop.hop}
            readings.append(Reading("lakehouse_stream_tracers_waiting", labels, hop.waiting))
            readings.append(Reading("lakehouse_stream_waiting_seconds", labels, hop.waiting_seconds))
    return readings


def _quantiles(hop: HopLag) -> list[Reading]:
    readings = []
    for window, found in (("5m", hop.five_minutes), ("1h", hop.hour)):
        if found is not None:
            for quantile, value in (("0.5", found.p50), ("0.95", found.p95), ("0.99", found.p99)):
                labels = {"hop": hop.hop, "window": window, "quantile": quantile}
                readings.append(Reading("lakehouse_stream_lag_quantile_seconds", labels, value))
    return readings
