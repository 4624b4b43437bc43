"""POST /api/v3/sql and the jobs that come of it."""

import asyncio
import contextlib
import json
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from embedded.dremio.engine import Engine
from embedded.dremio.errors import EngineError
from embedded.dremio.jobs.jobs import FINAL, Job, JobState
from embedded.dremio.rest.json_rows import rows_json
from embedded.dremio.rest.login import CurrentEngine, CurrentUser
from embedded.dremio.sql.types import rest_type

ROUTES = APIRouter(prefix="/api/v3")
MAX_PAGE = 500


class Statement(BaseModel):
    """A statement and the path its short names start from."""

    sql: str = Field(min_length=1)
    context: list[str] | None = None


@ROUTES.post("/sql")
def submit(body: Statement, engine: CurrentEngine, user: CurrentUser) -> dict[str, str]:
    """Start a job."""
    return {"id": engine.jobs.submit(body.sql, tuple(body.context or ()), user).id}


@ROUTES.get("/job/{job_id}")
async def status(job_id: str, engine: CurrentEngine, user: CurrentUser) -> dict[str, Any]:
    """A job's state, held for a moment while it runs: dbt-dremio sleeps 0.2 s after every other answer."""
    job = engine.jobs.get(job_id, user)
    if job.state not in FINAL:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(
                asyncio.shield(asyncio.wrap_future(job.done)), engine.settings.long_poll_seconds
            )
    return _job(job, engine)


@ROUTES.get("/job/{job_id}/results")
def results(
    job_id: str,
    engine: CurrentEngine,
    user: CurrentUser,
    offset: int = Query(0, ge=0),
    limit: int = Query(100, ge=0),
) -> Response:
    """A page of a completed job's rows."""
    if limit > MAX_PAGE:
        raise EngineError(f"limit can not exceed {MAX_PAGE} rows")
    job = engine.jobs.get(job_id, user)
    if job.state is not JobState.COMPLETED:
        raise EngineError(f"Can not fetch details for a job that is in [{job.state}] state.")
    table = job.result
    if table is None:
        raise EngineError(f"The results of job [{job_id}] have expired; run the statement again.")
    schema = [{"name": f.name, "type": rest_type(f.type)} for f in table.schema]
    body = (
        f'{{"rowCount":{table.num_rows},"schema":{json.dumps(schema)},'
        f'"rows":{rows_json(table.slice(offset, limit))}}}'
    )
    return Response(body, media_type="application/json")


@ROUTES.post("/job/{job_id}/cancel")
def cancel(job_id: str, engine: CurrentEngine, user: CurrentUser) -> dict[str, Any]:
    """Stop a job."""
    engine.jobs.cancel(engine.jobs.get(job_id, user))
    return {}


def _job(job: Job, engine: Engine) -> dict[str, Any]:
    found: dict[str, Any] = {
        "jobState": job.state,
        "errorMessage": job.error or "",
        "startedAt": moment(job.started_at),
        "queryType": job.query_type,
        "queueName": "",
        "queueId": "",
        "cancellationReason": "Query cancelled by user" if job.state is JobState.CANCELED else "",
        "acceleration": {
            "reflectionRelationships": [
                {
                    "datasetId": r.dataset_id,
                    "reflectionId": r.reflection_id,
                    "relationship": r.relationship,
                }
                for r in job.relationships
            ]
        },
    }
    if job.ended_at is not None:
        found["endedAt"] = moment(job.ended_at)
    if job.row_count is not None:
        found["rowCount"] = job.row_count
    return found


def moment(seconds: float) -> str:
    """A time as Dremio's REST API writes it."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
