"""The night, as data: the specification's Gantt table (SPEC.md section 6, model 1), held once.

Cron times, deadlines, assets, the live progress table and the documentation all come from here; a test
compares it with the specification. All times are UTC.
"""

# ruff: noqa: E501 - the plan is a table: one row per line.

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final


@dataclass(frozen=True)
class Stage:
    """One row of the plan: a stage is one DAG, one file in dags/, and one asset."""

    name: str
    """The DAG's id and its file's name."""
    section: str
    title: str
    start: time
    """When the plan has the stage begin, UTC. Only the first two stages start by the clock."""
    minutes: int
    """Planned duration."""
    waits_for: tuple[str, ...]
    """Names of the stages whose assets must be there for the same date."""
    produces: str
    """Name of the asset the stage's last task emits."""

    @property
    def minutes_after_midnight(self) -> int:
        return self.start.hour * 60 + self.start.minute

    @property
    def end(self) -> time:
        """When the plan has the stage finished, UTC: its deadline."""
        total = self.minutes_after_midnight + self.minutes
        return time(hour=total // 60, minute=total % 60)

    @property
    def cron(self) -> str:
        """The stage's start as a cron line, every night, UTC."""
        return f"{self.start.minute} {self.start.hour} * * *"

    def starts_at(self, night: date) -> datetime:
        """The planned start in the night of that date."""
        return datetime.combine(night, self.start, tzinfo=UTC)

    def ends_at(self, night: date) -> datetime:
        """The planned end in the night of that date."""
        return self.starts_at(night) + timedelta(minutes=self.minutes)


NIGHT: Final[tuple[Stage, ...]] = (
    # name, section, title, planned start (UTC), minutes, waits for, produces
    Stage("extract_postgres", "Ingestion", "Airbyte extract (PostgreSQL)", time(1, 0), 30, (), "extracted/postgres"),
    Stage("extract_apis", "Ingestion", "Airbyte extract (APIs)", time(1, 30), 45, (), "extracted/apis"),
    Stage("load_bronze", "Loading", "load to bronze MinIO", time(2, 15), 15, ("extract_postgres", "extract_apis"), "bronze"),
    Stage("transform_staging", "Transformation", "dbt staging models", time(2, 30), 20, ("load_bronze",), "staging"),
    Stage("transform_intermediate", "Transformation", "dbt intermediate models", time(2, 50), 30, ("transform_staging",), "intermediate"),
    Stage("transform_marts", "Transformation", "dbt mart models", time(3, 20), 40, ("transform_intermediate",), "marts"),
    Stage("test_data_quality", "Tests", "dbt data-quality tests", time(4, 0), 15, ("transform_marts",), "gold"),
    Stage("refresh_reflections", "Optimisation", "Dremio reflection refresh", time(4, 15), 20, ("test_data_quality",), "accelerated"),
    Stage("warm_dashboards", "Presentation", "dashboard cache warm-up", time(4, 35), 10, ("refresh_reflections",), "served"),
)  # fmt: skip

_BY_NAME: Final[dict[str, Stage]] = {each.name: each for each in NIGHT}


def stage(name: str) -> Stage:
    """The stage of that name.

    Raises:
        KeyError: no such stage; the message lists those there are.
    """
    try:
        return _BY_NAME[name]
    except KeyError:
        raise KeyError(
            f"no stage named {name!r} in the night plan; there are: {', '.join(_BY_NAME)}"
        ) from None


def night_window(night: date) -> tuple[datetime, datetime]:
    """From the first planned start to the last planned end in the night of that date."""
    return NIGHT[0].starts_at(night), NIGHT[-1].ends_at(night)
