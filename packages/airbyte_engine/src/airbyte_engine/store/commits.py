"""What becomes true together when a worker has stored rows: files, counters, state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from airbyte_engine.store.connections import read_document, state_document
from airbyte_engine.store.database import Row
from airbyte_engine.worker.protocol import Part


@dataclass(frozen=True)
class Commit:
    """Parts of streams that are safely stored, and what continues after them."""

    parts: list[Part]
    shared_state: dict[str, Any] | None = None
    """None: the streams have nothing in common, or it stays as it is."""
    active: list[str] = field(default_factory=list)
    """With a shared state: the streams whose states are kept."""


def count_parts(connection: psycopg.Connection[Row], job_id: int, attempt: int, parts: list[Part]) -> None:
    """Files and counters of an attempt, in the caller's transaction."""
    connection.execute(
        "update airbyte.files set committed = true where job_id = %s and s3_key = any(%s)",
        (job_id, [key for part in parts for key in part.keys]),
    )
    row = connection.execute(
        "select stream_stats from airbyte.attempts where job_id = %s and attempt_number = %s for update",
        (job_id, attempt),
    ).fetchone()
    stats: dict[str, dict[str, int]] = row["stream_stats"] if row else {}
    for part in parts:
        before = stats.get(part.stream, {"rows": 0, "bytes": 0})
        stats[part.stream] = {"rows": before["rows"] + part.rows, "bytes": before["bytes"] + part.bytes}
    connection.execute(
        "update airbyte.attempts set stream_stats = %s, updated_at = clock_timestamp()"
        " where job_id = %s and attempt_number = %s",
        (Jsonb(stats), job_id, attempt),
    )


def save_state(connection: psycopg.Connection[Row], connection_id: UUID, commit: Commit) -> None:
    """The state after the parts, in the caller's transaction."""
    row = connection.execute(
        "select state from airbyte_state where connection_id = %s for update", (connection_id,)
    ).fetchone()
    shared, streams = read_document(row["state"] if row else None)
    streams |= {part.stream: part.state for part in commit.parts}
    if commit.shared_state is not None:
        shared = commit.shared_state
        streams = {name: state for name, state in streams.items() if name in commit.active}
    connection.execute(
        """
        insert into airbyte_state (connection_id, state, updated_at) values (%s, %s, now())
        on conflict (connection_id) do update set state = excluded.state, updated_at = excluded.updated_at
        """,
        (connection_id, Jsonb(state_document(streams, shared))),
    )
