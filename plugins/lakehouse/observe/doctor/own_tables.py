"""The platform's own tables: are they those of this code, and what do they say is wrong?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Any, Final

from lakehouse.observe.doctor.finding import Finding, NotConfiguredError, error, warn
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.observe.incidents.heartbeats import PATIENCE, SCHEDULER, WATCH
from lakehouse.platform.metadata_tables import declared_tables

UNKNOWN_PATIENCE: Final = timedelta(minutes=15)
"""For a part that the table of the dead man's switch does not name."""


def tables_look(around: Surroundings) -> Iterator[Finding]:
    """Tables and columns that this code expects and the database has not."""
    held: dict[str, set[str]] = {}
    rows = around.postgres().rows(
        "select table_name, column_name from information_schema.columns where table_schema = current_schema()"
    )
    for table, column in rows:
        held.setdefault(table, set()).add(column)
    command = around.trigger_command("provision_platform")
    declared = declared_tables()
    if missing := sorted(declared.keys() - held.keys()):
        what = f"tables are missing: {', '.join(missing)}; the database is older than the code"
        yield error(what, "information_schema.columns", command)
    for table, columns in sorted(declared.items()):
        if table in held and (lacking := sorted(columns - held[table])):
            what = f"the table {table} lacks columns: the database is older than the code"
            yield error(what, ", ".join(lacking), command)


def heartbeats_look(around: Surroundings) -> Iterator[Finding]:
    """Parts of the platform that watch the others and have fallen silent."""
    for name, beaten_at in _rows(
        around, "heartbeats", "select name, beaten_at from heartbeats order by name"
    ):
        silent = around.now() - beaten_at.astimezone(UTC)
        if silent > PATIENCE.get(name, UNKNOWN_PATIENCE):
            minutes = silent.total_seconds() / 60
            what = f"{name} has been silent for {minutes:.0f} min"
            yield error(what, f"last heartbeat {beaten_at.isoformat()}", _reviving(around, name))


def incidents_look(around: Surroundings) -> Iterator[Finding]:
    """Incidents that nobody has closed."""
    rows = _rows(
        around,
        "incidents",
        "select summary, command, opened_at, acknowledged_by from incidents"
        " where resolved_at is null order by opened_at",
    )
    for summary, command, opened_at, by in rows:
        seen = f"open since {opened_at.isoformat()}, {f'acknowledged by {by}' if by else 'not acknowledged'}"
        yield warn(f"open incident: {summary}", seen, command or around.library_command("incidents", "list"))


def _rows(around: Surroundings, table: str, sql: str) -> list[Any]:
    postgres = around.postgres()
    if postgres.rows("select to_regclass(%s)", (table,)) == [(None,)]:
        raise NotConfiguredError(f"there is no table {table} yet")
    return postgres.rows(sql)


def _reviving(around: Surroundings, name: str) -> str:
    if name == WATCH:
        return around.airflow_command("dags unpause watch_platform")
    if name == SCHEDULER:
        return around.start_command("airflow")
    return around.start_command("observer")
