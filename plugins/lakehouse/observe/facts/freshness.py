"""How old the data is that readers see: per gold table, and per model on the way there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from lakehouse.observe.facts.lineage import GOLD, Lineage, read_lineage, stage_of_layer
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql


@dataclass(frozen=True)
class ModelBuild:
    """A business date for which a model was built, by the newest run that did."""

    model: str
    business_date: date
    built_at: datetime
    changed_at: datetime | None
    """When a build for the date last changed rows; one whose count Dremio did not tell counts as a change."""
    rows: int | None
    """Rows that the newest build changed, where Dremio said so."""


@dataclass(frozen=True)
class DataAge:
    """How old a gold table's data is."""

    table: str
    business_date: date | None
    """The newest business date that has been published; None before the first."""
    published_at: datetime | None
    """When it was."""
    age: timedelta | None
    """From the start of that business date (00:00 UTC) until now; never below zero."""


def model_builds(postgres: PostgresConnections, stage_name: str | None = None) -> list[ModelBuild]:
    """For every model and business date the newest build that succeeded, in the order of the dates.

    Args:
        postgres: the platform's database.
        stage_name: only what this stage builds.
    """
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/facts/select_model_builds.sql"), {"stage": stage_name})
        return [ModelBuild(*row) for row in cursor.fetchall()]


def data_age(
    postgres: PostgresConnections, now: datetime, lineage: Lineage | None = None
) -> tuple[DataAge, ...]:
    """The age of every gold table, by name. Replaying an old date makes nothing younger or older."""
    newest = {build.model: build for build in model_builds(postgres, stage_of_layer(GOLD))}
    return tuple(
        _age(table, newest.get(table.removeprefix(f"{GOLD}.")), now)
        for table in (lineage or read_lineage()).gold_tables()
    )


def _age(table: str, build: ModelBuild | None, now: datetime) -> DataAge:
    if build is None:
        return DataAge(table, None, None, None)
    begins = datetime.combine(build.business_date, time(), tzinfo=UTC)
    return DataAge(table, build.business_date, build.built_at, max(now - begins, timedelta(0)))
