"""The night's own account: stages against the plan, rows per layer, quarantine. From PostgreSQL alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from lakehouse.night.plan import NIGHT, Stage, night_window
from lakehouse.observe.metrics.observation import Found, Observation, Reading, seconds_between
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql

LAYERS: Final = {
    "extract_postgres": "landing",
    "extract_apis": "landing",
    "load_bronze": "bronze",
    "transform_staging": "staging",
    "transform_intermediate": "intermediate",
    "transform_marts": "marts",
    "test_data_quality": "gold",
}
"""The layer that a stage writes."""


class Nights:
    """Receipts and bronze's own account. `now` is the clock that the plan is compared with."""

    name = "night"

    def __init__(self, postgres: PostgresConnections, now: Callable[[], datetime] | None = None) -> None:
        self._postgres = postgres
        self._now = now or (lambda: datetime.now(UTC))

    def look(self, position: Mapping[str, Any]) -> Found:
        """Everything that has ended and was not counted, and where tonight stands."""
        now = self._now()
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/observe/metrics/select_ended_stage_runs.sql"))
            runs = cursor.fetchall()
            cursor.execute(read_sql("postgres/observe/metrics/select_bronze_load_quarantine.sql"))
            loads = cursor.fetchall()
            cursor.execute(read_sql("postgres/observe/metrics/select_warm_ups.sql"))
            warm_ups = cursor.fetchall()
            cursor.execute(
                read_sql("postgres/observe/metrics/select_stage_starts.sql"),
                {"since": now.date() - timedelta(days=1)},
            )
            starts = {
                (night, stage): (first, succeeded) for night, stage, first, succeeded in cursor.fetchall()
            }
        found = Found(position=position)
        newest: dict[str, tuple[datetime, float]] = {}
        for night, stage, run_id, outcome, started_at, ended_at, rows in runs:
            seconds = seconds_between(started_at, ended_at)
            event = f"{night} {stage} {run_id} {outcome}"
            labels = {"stage": stage, "outcome": outcome}
            found.observations.append(
                Observation("lakehouse_stage_duration_seconds", event, labels, seconds, ended_at)
            )
            if outcome == "success" and stage in LAYERS:
                layer = {"layer": LAYERS[stage]}
                found.observations.append(
                    Observation("lakehouse_layer_rows_total", event, layer, max(0, rows), ended_at)
                )
            newest[stage] = max(newest.get(stage, (started_at, seconds)), (started_at, seconds))
        for source, stream, night, quarantined, loaded_at, content in loads:
            labels = {"source": source, "stream": stream}
            event = f"{source} {stream} {night} {content}"
            found.observations.append(
                Observation("lakehouse_quarantined_rows_total", event, labels, quarantined, loaded_at)
            )
        for night, stage, run_id, task_id, index, ended_at, dashboard, slowest_ms in warm_ups:
            labels = {"dashboard": dashboard, "seen_by": "warm-up"}
            event = f"{night} {stage} {run_id} {task_id} {index}"
            seconds = max(0.0, slowest_ms) / 1000
            found.observations.append(
                Observation("superset_dashboard_load_time", event, labels, seconds, ended_at)
            )
        found.readings += _quarantine(loads) + _plan() + _late(starts, now)
        found.readings += [
            Reading("lakehouse_stage_latest_seconds", {"stage": stage}, seconds)
            for stage, (_, seconds) in newest.items()
        ]
        return found


def _quarantine(loads: list[tuple[Any, ...]]) -> list[Reading]:
    newest: dict[tuple[str, str], tuple[date, float]] = {}
    for source, stream, night, quarantined, _, _ in loads:
        key, value = (source, stream), (night, float(quarantined))
        newest[key] = max(newest.get(key, value), value)
    return [
        Reading("lakehouse_quarantined_rows", {"source": source, "stream": stream}, rows)
        for (source, stream), (_, rows) in newest.items()
    ]


def _plan() -> list[Reading]:
    return [
        Reading("lakehouse_stage_planned_seconds", {"stage": each.name}, each.minutes * 60.0)
        for each in NIGHT
    ]


def _late(starts: Mapping[tuple[date, str], tuple[datetime | None, bool]], now: datetime) -> list[Reading]:
    tonight = now.date()
    expected = is_night_expected(tonight, starts)
    return [
        Reading(
            "lakehouse_stage_late_seconds",
            {"stage": each.name},
            seconds_late(each, tonight, now, starts.get((tonight, each.name))) if expected else 0.0,
        )
        for each in NIGHT
    ]


def is_night_expected(night: date, starts: Mapping[tuple[date, str], tuple[datetime | None, bool]]) -> bool:
    """Whether that night runs by the clock: it began in its window or, not started yet, follows one that did.

    A night that is started by hand during the day is late for nobody, nor is a platform's first day.
    """

    def by_the_clock(which: date) -> bool | None:
        first = [starts.get((which, each.name), (None, False))[0] for each in NIGHT if not each.waits_for]
        begun = [moment for moment in first if moment is not None]
        opens, closes = night_window(which)
        return any(opens <= moment <= closes for moment in begun) if begun else None

    tonight = by_the_clock(night)
    return bool(by_the_clock(night - timedelta(days=1))) if tonight is None else tonight


def seconds_late(
    planned: Stage, night: date, now: datetime, run: tuple[datetime | None, bool] | None
) -> float:
    """How long a stage is past its planned end without success."""
    succeeded = run is not None and run[1]
    return 0.0 if succeeded else seconds_between(planned.ends_at(night), now)
