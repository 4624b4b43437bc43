"""Public API: connections and the streams they carry."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from airbyte_engine.api import BackendOf
from airbyte_engine.connectors.registry import source_of
from airbyte_engine.problems import invalid
from airbyte_engine.store.database import Row

router = APIRouter()


class SyncMode(StrEnum):
    """What the S3 destination can do; Airbyte's deduplicating modes need another destination."""

    FULL_REFRESH_APPEND = "full_refresh_append"
    INCREMENTAL_APPEND = "incremental_append"


class StreamConfiguration(BaseModel):
    name: str
    namespace: str | None = None
    syncMode: SyncMode = SyncMode.FULL_REFRESH_APPEND
    cursorField: list[str] | None = None
    primaryKey: list[list[str]] | None = None


class StreamConfigurations(BaseModel):
    streams: list[StreamConfiguration] | None = None


class ConnectionPatch(BaseModel):
    name: str | None = None
    status: str | None = None
    configurations: StreamConfigurations | None = None
    namespaceDefinition: str | None = None
    namespaceFormat: str | None = None
    prefix: str | None = None
    schedule: dict[str, Any] | None = None
    nonBreakingSchemaUpdatesBehavior: str | None = None


class ConnectionCreate(ConnectionPatch):
    sourceId: UUID
    destinationId: UUID


_DEFAULTS: dict[str, Any] = {
    "namespaceDefinition": "destination",
    "namespaceFormat": None,
    "prefix": "",
    "schedule": {"scheduleType": "manual"},
    "nonBreakingSchemaUpdatesBehavior": "ignore",
}
_STATUSES = ("active", "inactive")


@router.get("/connections")
def list_connections(
    backend: BackendOf,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0)] = 0,
    includeDeleted: bool = False,
) -> dict[str, Any]:
    rows = backend.connections.page(limit, offset, includeDeleted)
    return {"data": [connection_response(row) for row in rows]}


@router.post("/connections")
def create_connection(body: ConnectionCreate, backend: BackendOf) -> dict[str, Any]:
    source = backend.actors.get("source", body.sourceId)
    destination = backend.actors.get("destination", body.destinationId)
    row = backend.connections.create(
        source["workspace_id"],
        body.sourceId,
        body.destinationId,
        body.name or f"{source['name']} → {destination['name']}",
        _status(body.status or "active"),
        _streams(body.configurations, source) or [],
        _DEFAULTS | _settings(body),
    )
    return connection_response(row)


@router.get("/connections/{connection_id}")
def get_connection(connection_id: UUID, backend: BackendOf) -> dict[str, Any]:
    return connection_response(backend.connections.get(connection_id))


@router.patch("/connections/{connection_id}")
def patch_connection(connection_id: UUID, body: ConnectionPatch, backend: BackendOf) -> dict[str, Any]:
    """Changes what is given; a list of streams replaces the old one. States of streams are kept."""
    row = backend.connections.get(connection_id)
    source = backend.actors.get("source", row["source_id"])
    streams = _streams(body.configurations, source)
    updated = backend.connections.update(
        connection_id,
        body.name or row["name"],
        _status(body.status or row["status"]),
        row["streams"] if streams is None else streams,
        row["settings"] | _settings(body),
    )
    return connection_response(updated)


@router.delete("/connections/{connection_id}", status_code=204)
def delete_connection(connection_id: UUID, backend: BackendOf) -> Response:
    backend.connections.delete(connection_id)
    return Response(status_code=204)


def connection_response(row: Row) -> dict[str, Any]:
    """A connection as both APIs show it."""
    return {
        "connectionId": str(row["connection_id"]),
        "name": row["name"],
        "sourceId": str(row["source_id"]),
        "destinationId": str(row["destination_id"]),
        "workspaceId": str(row["workspace_id"]),
        "status": row["status"],
        "configurations": {"streams": row["streams"]},
        "tags": [],
        "createdAt": int(row["created_at"].timestamp()),
        **{name: value for name, value in row["settings"].items() if value is not None},
    }


def _streams(configurations: StreamConfigurations | None, source: Row) -> list[dict[str, Any]] | None:
    if configurations is None or configurations.streams is None:
        return None
    streams = [stream.model_dump(mode="json", exclude_none=True) for stream in configurations.streams]
    names = [stream["name"] for stream in streams]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise invalid(f"Streams configured twice: {', '.join(sorted(doubled))}.")
    if not source_of(source["connector"], None).defines_cursor(source["configuration"]):
        for stream in streams:
            if stream["syncMode"] == SyncMode.INCREMENTAL_APPEND and not stream.get("cursorField"):
                raise invalid(f"Stream {stream['name']!r} is incremental and has no cursorField.")
    return streams


def _settings(body: ConnectionPatch) -> dict[str, Any]:
    given = body.model_dump(include=set(_DEFAULTS), exclude_none=True)
    if given.get("namespaceDefinition") == "custom_format" and not given.get("namespaceFormat"):
        raise invalid("namespaceDefinition custom_format needs a namespaceFormat.")
    return given


def _status(status: str) -> str:
    if status not in _STATUSES:
        raise invalid(f"The status of a connection is one of {', '.join(_STATUSES)}, not {status!r}.")
    return status
