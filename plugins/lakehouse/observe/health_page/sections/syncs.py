"""How the newest sync of every Airbyte connection went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from lakehouse.night.plan import NIGHT
from lakehouse.observe.facts.lineage import Lineage, read_lineage
from lakehouse.observe.health_page.reading import Asked
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql

EXTRACTS: Final = tuple(stage.name for stage in NIGHT if not stage.waits_for)


@dataclass(frozen=True)
class Sync:
    """The newest sync of a connection for a night."""

    connection: str
    state: str
    """success, failed, running, up_for_retry, or unknown: none yet."""
    business_date: date | None = None
    at: datetime | None = None
    """When it ended, or started if it runs."""
    seconds: float | None = None
    rows: int | None = None
    bytes: int | None = None
    reused: bool = False
    """The date had landed before, so the source was not asked."""
    attempts: int = 0
    error: str | None = None
    stage: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    streams: tuple[str, ...] = ()


def read(postgres: PostgresConnections, asked: Asked) -> list[Sync]:
    """Every declared connection, and any other that was synced."""
    with transaction(postgres) as cursor:
        values = {"stages": list(EXTRACTS), "night": asked.night}
        cursor.execute(read_sql("postgres/observe/health_page/select_health_syncs.sql"), values)
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return shaped(rows, read_lineage(), asked)


def shaped(rows: Iterable[dict[str, Any]], lineage: Lineage, asked: Asked) -> list[Sync]:
    """The section's data from the newest task of each sync; those in trouble first, then by name."""
    streams: dict[str, list[str]] = {}
    for stream in lineage.streams():
        streams.setdefault(stream.connection, []).append(stream.stream)
    found = {name: Sync(name, "unknown", streams=tuple(own)) for name, own in streams.items()}
    for row in rows:
        name = str(row["connection"] or row["task_id"])
        found[name] = _sync(name, row, tuple(streams.get(name, ())), asked)
    return sorted(found.values(), key=lambda each: (each.state in ("success", "unknown"), each.connection))


def _sync(name: str, row: dict[str, Any], streams: tuple[str, ...], asked: Asked) -> Sync:
    ended: datetime | None = row["ended_at"]
    until = ended or asked.now
    return Sync(
        connection=name,
        state=row["state"],
        business_date=row["business_date"],
        at=ended or row["started_at"],
        seconds=max((until - row["started_at"]).total_seconds(), 0.0),
        rows=row["rows"],
        bytes=row["bytes"],
        reused=bool(row["reused"]),
        attempts=row["attempts"],
        error=row["error"] if row["state"] != "success" else None,
        stage=row["stage"],
        run_id=row["run_id"],
        task_id=row["task_id"],
        streams=streams,
    )
