"""POST /api/v3/sql and the jobs that come of it."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from dremio_engine.errors import EngineError, Unsupported
from dremio_engine.jobs.history import JobRecord
from dremio_engine.jobs.job import FINAL, JobState
from dremio_engine.jobs.jobs import QUEUE
from dremio_engine.jobs.profile import profile
from dremio_engine.rest.json_rows import rows_json
from dremio_engine.rest.login import CurrentUser
from dremio_engine.rest.services import CurrentServices
from dremio_engine.sql.data_types.types import rest_type

ROUTES = APIRouter()
MAX_PAGE = 500


class Statement(BaseModel):
    """A statement and the path its short names start from."""

    sql: str = Field(min_length=1)
    context: list[str] | None = None
    engineName: str | None = None
    references: dict[str, Any] | None = None


@ROUTES.post("/api/v3/sql")
def submit(body: Statement, services: CurrentServices, user: CurrentUser) -> dict[str, str]:
    """Start a job, on the one engine there is. 429 when too many of this user's wait."""
    if body.references:
        raise Unsupported(
            "References to branches, tags and commits are not supported by the embedded engine."
        )
    return {"id": services.jobs.submit(body.sql, tuple(body.context or ()), user).id}


@ROUTES.get("/api/v3/job/{job_id}")
async def status(job_id: str, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """A job's state, held for a moment while it runs: dbt-dremio sleeps 0.2 s after every other answer.

    Nothing but the event loop waits meanwhile, so any number of clients may ask at once.
    """
    record = services.jobs.record(job_id, user)
    if record.state not in FINAL:
        job = services.jobs.get(job_id, user)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(
                asyncio.shield(asyncio.wrap_future(job.done)), services.settings.long_poll_seconds
            )
        record = services.jobs.record(job_id, user)
    return _shown(record)


@ROUTES.get("/api/v3/job/{job_id}/results")
def results(
    job_id: str,
    services: CurrentServices,
    user: CurrentUser,
    offset: int = Query(0, ge=0),
    limit: int = Query(100, ge=0),
) -> Response:
    """A page of a completed job's rows."""
    if limit > MAX_PAGE:
        raise EngineError(f"limit can not exceed {MAX_PAGE} rows")
    record = services.jobs.record(job_id, user)
    if record.state is not JobState.COMPLETED:
        raise EngineError(f"Can not fetch details for a job that is in [{record.state}] state.")
    expired = EngineError(f"The results of job [{job_id}] have expired; run the statement again.")
    try:
        table = services.jobs.get(job_id, user).rows.table()
    except EngineError as error:
        raise expired from error
    if table is None:
        raise expired
    schema = [{"name": f.name, "type": rest_type(f.type)} for f in table.schema]
    body = (
        f'{{"rowCount":{table.num_rows},"schema":{json.dumps(schema)},'
        f'"rows":{rows_json(table.slice(offset, limit))}}}'
    )
    return Response(body, media_type="application/json")


@ROUTES.post("/api/v3/job/{job_id}/cancel")
def cancel(job_id: str, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """Stop a job; one that has ended stays as it is."""
    if services.jobs.record(job_id, user).state not in FINAL:
        services.jobs.cancel(services.jobs.get(job_id, user))
    return {}


@ROUTES.get("/apiv2/profiles/{job_id}.json")
@ROUTES.get("/apiv2/queryProfile/{job_id}/JobProfile")
def job_profile(job_id: str, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """Where a job's time went, what it read, and what reflections were to it; see `jobs/profile.py`."""
    return profile(services.jobs.record(job_id, user))


def _shown(record: JobRecord) -> dict[str, Any]:
    state = record.state
    queued, planned = record.entered(JobState.QUEUED), record.entered(JobState.PLANNING)
    found: dict[str, Any] = {
        "jobState": state,
        "errorMessage": record.error if state is JobState.FAILED else "",
        "startedAt": moment(record.states[0][1]),
        "acceleration": {
            "reflectionRelationships": [
                {
                    "datasetId": r.dataset_id,
                    "reflectionId": r.reflection_id,
                    "relationship": r.relationship,
                }
                for r in record.relationships
            ]
        },
        "queryType": record.query_type,
        "queueName": QUEUE,
        "queueId": QUEUE,
        "cancellationReason": record.cancellation_reason if state is JobState.CANCELED else "",
    }
    if queued is not None:
        found["resourceSchedulingStartedAt"] = moment(queued)
    if planned is not None:
        found["resourceSchedulingEndedAt"] = moment(planned)
    if state in FINAL:
        found["endedAt"] = moment(record.states[-1][1])
    if record.row_count is not None:
        found["rowCount"] = record.row_count
    return found


def moment(seconds: float) -> str:
    """A time as Dremio's REST API writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
