"""Nights as they stand in the receipts, written without running any: for what reads many of them."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final

from lakehouse.airbyte.cadence import by_the_clock
from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.night.plan import NIGHT, Stage
from lakehouse.observe.facts.lineage import read_lineage
from lakehouse.platform.connections import direct_postgres
from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.metadata_tables import create_metadata_tables
from lakehouse.receipts.report import StageReport, empty_report
from lakehouse.receipts.store import TaskRecord

PACE: Final = 0.6
"""How much of its planned time a stage takes, about."""


@dataclass(frozen=True)
class PlantedNight:
    """One night that ran by the clock.

    Args:
        business_date: its date.
        fails_at: the stage whose task fails; those behind it are not started.
        until: what is later than this has not happened yet.
        error: of the failed task.
        slow: stages that take longer, by this factor.
    """

    business_date: date
    fails_at: str | None = None
    until: datetime | None = None
    error: str = "PermanentError: it broke"
    slow: dict[str, float] = field(default_factory=dict)

    def records(self) -> list[TaskRecord]:
        """One per task, as the receipts hold them; the same for the same night."""
        chance = random.Random(self.business_date.toordinal())
        found: list[TaskRecord] = []
        ended: dict[str, datetime] = {}
        for stage in NIGHT:
            if any(name not in ended for name in stage.waits_for):
                break
            start = max([stage.starts_at(self.business_date), *(ended[name] for name in stage.waits_for)])
            if not stage.waits_for:
                start = stage.starts_at(self.business_date) + timedelta(seconds=2)
            else:
                start = max(ended[name] for name in stage.waits_for) + timedelta(seconds=8)
            seconds = stage.minutes * 60 * PACE * chance.uniform(0.85, 1.15) * self.slow.get(stage.name, 1.0)
            tasks = list(self._stage(stage, start, seconds, chance))
            shown = [cut for task in tasks if (cut := self._cut(task))]
            found += shown
            if len(shown) == len(tasks) and all(task.state == "success" for task in shown):
                ended[stage.name] = max(task.ended_at for task in shown if task.ended_at)
        return found

    def _stage(
        self, stage: Stage, start: datetime, seconds: float, chance: random.Random
    ) -> Iterator[TaskRecord]:
        names = list(_tasks(stage, chance))
        for number, (task_id, report) in enumerate(names):
            is_last = number == len(names) - 1
            begins = start if not is_last else start + timedelta(seconds=seconds * 0.98)
            share = 1.0 if is_last else chance.uniform(0.5, 0.97)
            failed = stage.name == self.fails_at and number == 0
            if stage.name == self.fails_at and number > 0:
                return  # a stage's first task is the one that the others wait for
            run_id = f"scheduled__{start.isoformat()}"
            yield TaskRecord(
                self.business_date, stage.name, run_id, task_id, -1, "failed" if failed else "success",
                4 if failed else 1, begins, start + timedelta(seconds=seconds * share), is_last,
                None if failed else report, self.error if failed else None,
                f"dag_id={stage.name}/run_id={run_id}/task_id={task_id}/attempt=1.log",
            )  # fmt: skip

    def _cut(self, task: TaskRecord) -> TaskRecord | None:
        """The task as it stands at the time `until`."""
        if self.until is None or (task.ended_at and task.ended_at <= self.until):
            return task
        if task.started_at > self.until:
            return None
        values = task.__dict__ | {"state": "running", "ended_at": None, "report": None, "error": None}
        return TaskRecord(**values)


def a_year(newest: date, nights: int = 365) -> list[PlantedNight]:
    """Nights without a fault up to the newest date."""
    return [PlantedNight(newest - timedelta(days=back)) for back in reversed(range(nights))]


def plant(postgres: PostgresConnections, nights: list[PlantedNight]) -> int:
    """Write the nights' receipts and the accounts of their bronze partitions; how many records that is."""
    records = [record for night in nights for record in night.records()]
    loads = [load for record in records for load in _loads(record)]
    with closing(postgres.get_conn()) as connection, connection.cursor() as cursor:
        with cursor.copy("copy night_receipts from stdin") as copy:
            for each in records:
                report = json.dumps(each.report) if each.report else None
                copy.write_row([*(v for k, v in each.__dict__.items() if k not in ("report", "error", "log")),
                                report, each.error, each.log])  # fmt: skip
        cursor.executemany(
            "insert into bronze_loads (source, stream, business_date, state, rows_in, rows_loaded,"
            " rows_deduplicated, rows_quarantined, landing_files, bytes, run_id, loaded_at)"
            " values (%s, %s, %s, 'loaded', %s, %s, 0, %s, 1, %s, %s, %s)",
            loads,
        )
        connection.commit()
    return len(records)


def _tasks(stage: Stage, chance: random.Random) -> Iterator[tuple[str, StageReport | None]]:
    """The stage's tasks and their reports; the last one emits the asset."""
    lineage = read_lineage()
    if stage.name.startswith("extract_"):
        for name in _connections():
            streams = [
                each for each in lineage.streams() if each.connection == name and each.stage == stage.name
            ]
            if streams:
                rows = chance.randint(40_000, 60_000) * len(streams)
                yield f"sync_{name}", _report(rows, connection=name, reused=False)
        yield "announce", None
    elif stage.name == "load_bronze":
        for stream in lineage.streams():
            rows = chance.randint(40_000, 60_000)
            quarantined = chance.choice([0, 0, 0, 0, 0, 3])
            yield (
                f"load_{stream.stream}",
                _report(rows, quarantined, stream=stream.stream, source=stream.source),
            )
        yield "refresh_catalogue", empty_report(not_loaded=[])
    elif stage.name == "refresh_reflections":
        yield "wait_for_reflections", empty_report(reflections=[])
    elif stage.name == "warm_dashboards":
        for board in lineage.dashboards():
            charts = [
                {"chart": f"Chart {number}", "cold_ms": chance.randint(300, 2_400),
                 "hit_ms": chance.randint(40, 190), "rows": 9}
                for number in range(12)
            ]  # fmt: skip
            yield (
                f"warm_{board.slug}",
                empty_report(
                    dashboard=board.title, charts=charts, charts_warmed=12, hits=12, milliseconds=4_200
                ),
            )
        yield "dashboards_are_served", None
    else:
        layer = "gold" if stage.name == "test_data_quality" else stage.produces
        if layer == "gold":
            yield "audit_marts", empty_report(tests={"run": 30, "passed": 30, "warned": 0}, models={})
        for model in [each for each in lineage.models() if each.layer == layer]:
            rows = chance.randint(900, 60_000)
            models: dict[str, Any] = {model.name: {"rows": rows, "seconds": 12.0}}
            yield f"{layer}.build_{model.name}", _report(rows, models=models)
        yield "announce", None


@cache
def _connections() -> tuple[str, ...]:
    return tuple(each.name for each in by_the_clock(read_all_connection_files()))


def _report(rows: int, quarantined: int = 0, **detail: Any) -> StageReport:
    counts = {"rows_in": rows + quarantined, "rows_out": rows, "rows_quarantined": quarantined}
    return StageReport(**(empty_report(**detail) | counts | {"bytes": rows * 44}))  # type: ignore[typeddict-item]


def _loads(record: TaskRecord) -> Iterator[tuple[Any, ...]]:
    if record.stage != "load_bronze" or not record.report or "stream" not in record.report["detail"]:
        return
    detail = record.report["detail"]
    yield (
        detail["source"], detail["stream"], record.business_date, record.report["rows_in"],
        record.report["rows_out"], record.report["rows_quarantined"], record.report["bytes"],
        record.run_id, record.ended_at or datetime.now(UTC),
    )  # fmt: skip


def main() -> None:
    """Plant a year of nights up to yesterday in the PostgreSQL that the environment names."""
    postgres = direct_postgres()
    create_metadata_tables(postgres)
    records = plant(postgres, a_year(datetime.now(UTC).date() - timedelta(days=1)))
    print(f"{records} records of a year of nights")


if __name__ == "__main__":
    main()
