"""The page "Log": what Elasticsearch holds of one task, behind Airflow's sign-in and its permissions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from fastapi import APIRouter, Depends, HTTPException, Query, status
from fastapi.responses import HTMLResponse

from lakehouse.observe.health_page import access
from lakehouse.observe.health_page.html import log_html
from lakehouse.observe.logs.elastic import elasticsearch_client
from lakehouse.observe.logs.search import Question, newest
from lakehouse.platform.errors import LakehouseError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

MOST_ENTRIES: Final = 2000
ANSWER_SECONDS: Final = 5.0
"""A person waits; Airflow's own log page is the other way."""


@dataclass(frozen=True)
class LogPage:
    """What the page shows."""

    asked: dict[str, str | int]
    entries: list[dict[str, Any]] = field(default_factory=list)
    total: int = 0
    problem: str | None = None


def open_elasticsearch() -> Elasticsearch:
    """The connection's, with little patience."""
    return elasticsearch_client(answer_seconds=ANSWER_SECONDS)


def log_router(connect: Callable[[], Elasticsearch] = open_elasticsearch) -> APIRouter:
    """The route `/logs`, for the application that Airflow mounts."""
    router = APIRouter()

    @router.get("/logs", response_class=HTMLResponse)
    def log_page(
        user: Annotated[BaseUser, Depends(access.signed_in_browser)],
        stage: Annotated[str, Query(max_length=250)],
        run_id: Annotated[str, Query(max_length=250)],
        task: Annotated[str, Query(max_length=250)],
        attempt: Annotated[int | None, Query(ge=0)] = None,
        map_index: Annotated[int | None, Query(ge=-1)] = None,
    ) -> HTMLResponse:
        _require_access(user, stage)
        asked: dict[str, str | int] = {"stage": stage, "run_id": run_id, "task": task}
        if attempt:
            asked["attempt"] = attempt
        if map_index is not None and map_index >= 0:
            asked["map_index"] = map_index
        return HTMLResponse(log_html(_read(connect, asked)))

    return router


def _read(connect: Callable[[], Elasticsearch], asked: dict[str, str | int]) -> LogPage:
    try:
        entries, total = newest(connect(), Question(fields=asked), MOST_ENTRIES)
    except LakehouseError as error:
        return LogPage(asked, problem=str(error))
    return LogPage(asked, entries, total)


def _require_access(user: BaseUser, dag_id: str) -> None:
    """As for the task's log in Airflow's own pages. Raises HTTPException 403."""
    allowed = get_auth_manager().is_authorized_dag(
        method="GET", access_entity=DagAccessEntity.TASK_LOGS, details=DagDetails(id=dag_id), user=user
    )
    if not allowed:
        raise HTTPException(status.HTTP_403_FORBIDDEN, "your account may not see the logs of this DAG")
