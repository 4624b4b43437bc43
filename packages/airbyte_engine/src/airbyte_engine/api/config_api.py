"""Config API, the part the specification uses: connections/sync and /get, jobs/get and /cancel. Times are
epoch seconds.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from airbyte_engine.api import Backend, BackendOf
from airbyte_engine.api.connections import connection_response
from airbyte_engine.store.database import Row

router = APIRouter()

_LOG_LINES = 1000
"""The newest lines of each attempt that jobs/get returns."""


class ConnectionId(BaseModel):
    connectionId: UUID


class JobId(BaseModel):
    id: int


@router.post("/connections/sync")
def sync_connection(body: ConnectionId, backend: BackendOf) -> dict[str, Any]:
    return _job_info(backend, backend.supervisor.submit(body.connectionId, "sync"))


@router.post("/connections/get")
def get_connection(body: ConnectionId, backend: BackendOf) -> dict[str, Any]:
    """The connection with its streams as the Config API calls them: `syncCatalog`."""
    row = backend.connections.get(body.connectionId)
    shown = connection_response(row)
    del shown["configurations"]
    return shown | {"syncCatalog": {"streams": [_catalog_entry(stream) for stream in row["streams"]]}}


@router.post("/jobs/get")
def get_job(body: JobId, backend: BackendOf) -> dict[str, Any]:
    return _job_info(backend, body.id)


@router.post("/jobs/cancel")
def cancel_job(body: JobId, backend: BackendOf) -> dict[str, Any]:
    backend.supervisor.cancel(body.id)
    return _job_info(backend, body.id)


def _catalog_entry(stream: dict[str, Any]) -> dict[str, Any]:
    mode, _, destination = stream["syncMode"].rpartition("_")
    return {
        "stream": {"name": stream["name"]},
        "config": {
            "selected": True,
            "syncMode": mode,
            "destinationSyncMode": destination,
            "cursorField": stream.get("cursorField", []),
            "primaryKey": stream.get("primaryKey", []),
        },
    }


def _job_info(backend: Backend, job_id: int) -> dict[str, Any]:
    job = backend.jobs.get(job_id)
    attempts = backend.jobs.attempts(job_id)
    return {
        "job": {
            "id": job["job_id"],
            "configType": {"reset": "reset_connection", "clear": "clear"}.get(
                job["job_type"], job["job_type"]
            ),
            "configId": str(job["connection_id"]),
            "createdAt": _epoch(job["created_at"]),
            "updatedAt": _epoch(job["updated_at"]),
            "startedAt": _epoch(job["started_at"]),
            "status": job["status"],
            "aggregatedStats": _stats(int(job["rows"]), int(job["bytes"])),
        },
        "attempts": [
            {
                "attempt": _attempt(attempt),
                "logType": "formatted",
                "logs": {"logLines": _last_lines(backend.orders.log_file(job_id, attempt["attempt_number"]))},
            }
            for attempt in attempts
        ],
    }


def _attempt(row: Row) -> dict[str, Any]:
    """As in Airbyte; `replicationSlot` is an addition: how far a CDC attempt left its slot behind."""
    streams = row["stream_stats"]
    rows = sum(stats["rows"] for stats in streams.values())
    size = sum(stats["bytes"] for stats in streams.values())
    shown: dict[str, Any] = {
        "id": row["attempt_number"],
        "status": row["status"],
        "createdAt": _epoch(row["created_at"]),
        "updatedAt": _epoch(row["updated_at"]),
        "endedAt": _epoch(row["ended_at"]),
        "bytesSynced": size,
        "recordsSynced": rows,
        "totalStats": _stats(rows, size),
        "streamStats": [
            {"streamName": name, "stats": _stats(stats["rows"], stats["bytes"])}
            for name, stats in sorted(streams.items())
        ],
    }
    if row["replication_slot"]:
        shown["replicationSlot"] = row["replication_slot"]
    if row["failure"]:
        shown["failureSummary"] = {"failures": [row["failure"]], "partialSuccess": rows > 0}
    return shown


def _stats(rows: int, size: int) -> dict[str, int]:
    """Only stored rows are counted here, so what was emitted and what was committed are the same."""
    return {"recordsEmitted": rows, "recordsCommitted": rows, "bytesEmitted": size, "bytesCommitted": size}


def _epoch(moment: dt.datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _last_lines(file: Path) -> list[str]:
    if not file.exists():
        return []
    return file.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
