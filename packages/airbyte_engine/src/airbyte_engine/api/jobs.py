"""Public API: jobs."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from airbyte_engine.api import BackendOf
from airbyte_engine.store.database import Row
from airbyte_engine.store.jobs import JobFilter

router = APIRouter()


class JobCreate(BaseModel):
    connectionId: UUID
    jobType: Literal["sync", "reset", "refresh", "clear"]


@router.post("/jobs")
def create_job(body: JobCreate, backend: BackendOf) -> dict[str, Any]:
    job_id = backend.supervisor.submit(body.connectionId, body.jobType)
    return job_response(backend.jobs.get(job_id))


@router.get("/jobs")
def list_jobs(
    backend: BackendOf,
    connectionId: UUID | None = None,
    status: str | None = None,
    jobType: str | None = None,
    createdAtStart: dt.datetime | None = None,
    createdAtEnd: dt.datetime | None = None,
    updatedAtStart: dt.datetime | None = None,
    updatedAtEnd: dt.datetime | None = None,
    orderBy: Annotated[str, Query(pattern=r"^(createdAt|updatedAt)\|(ASC|DESC)$")] = "createdAt|ASC",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> dict[str, Any]:
    chosen = JobFilter(
        connectionId,
        status,
        jobType,
        createdAtStart,
        createdAtEnd,
        updatedAtStart,
        updatedAtEnd,
        orderBy,
        limit,
        offset,
    )
    return {"data": [job_response(row) for row in backend.jobs.page(chosen)]}


@router.get("/jobs/{job_id}")
def get_job(job_id: int, backend: BackendOf) -> dict[str, Any]:
    return job_response(backend.jobs.get(job_id))


@router.delete("/jobs/{job_id}")
def cancel_job(job_id: int, backend: BackendOf) -> dict[str, Any]:
    backend.supervisor.cancel(job_id)
    return job_response(backend.jobs.get(job_id))


def job_response(row: Row) -> dict[str, Any]:
    """`startTime` is the creation's, as in Airbyte; rows and bytes are those stored with their state."""
    started = row["started_at"] or row["created_at"]
    ended = row["ended_at"] or dt.datetime.now(dt.UTC)
    return {
        "jobId": row["job_id"],
        "status": row["status"],
        "jobType": row["job_type"],
        "startTime": _iso(row["created_at"]),
        "connectionId": str(row["connection_id"]),
        "lastUpdatedAt": _iso(row["updated_at"]),
        "duration": iso_duration(ended - started),
        "bytesSynced": int(row["bytes"]),
        "rowsSynced": int(row["rows"]),
    }


def iso_duration(duration: dt.timedelta) -> str:
    """ISO 8601, in whole seconds: PT8M3S."""
    seconds = max(0, int(duration.total_seconds()))
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    text = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (rest, "S")) if n)
    return f"PT{text or '0S'}"


def _iso(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
