"""Public API: sources, and the streams they offer."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from airbyte_engine.api import BackendOf
from airbyte_engine.api.actors import (
    ActorCreate,
    ActorPatch,
    ActorPut,
    Actors,
    Answer,
    Limit,
    Offset,
    manifest_of,
)
from airbyte_engine.connectors.registry import source_of

router = APIRouter()


def _sources(backend: BackendOf) -> Actors:
    return Actors(backend, "source")


Sources = Annotated[Actors, Depends(_sources)]


@router.get("/sources")
def list_sources(sources: Sources, limit: Limit = 20, offset: Offset = 0) -> Answer:
    return sources.page(limit, offset)


@router.post("/sources")
def create_source(body: ActorCreate, sources: Sources) -> Answer:
    return sources.create(body)


@router.get("/sources/{source_id}")
def get_source(source_id: UUID, sources: Sources) -> Answer:
    return sources.get(source_id)


@router.patch("/sources/{source_id}")
def patch_source(source_id: UUID, body: ActorPatch, sources: Sources) -> Answer:
    return sources.patch(source_id, body)


@router.put("/sources/{source_id}")
def put_source(source_id: UUID, body: ActorPut, sources: Sources) -> Answer:
    return sources.put(source_id, body)


@router.delete("/sources/{source_id}", status_code=204)
def delete_source(source_id: UUID, sources: Sources) -> Response:
    sources.delete(source_id)
    return Response(status_code=204)


@router.get("/streams")
def stream_properties(
    sourceId: UUID, backend: BackendOf, destinationId: UUID | None = None, ignoreCache: bool = False
) -> list[dict[str, Any]]:
    """What the source offers now; nothing is cached, so `ignoreCache` changes nothing."""
    row = backend.actors.get("source", sourceId)
    source = source_of(row["connector"], manifest_of(backend, row["connector"], row["definition_id"]))
    return source.discover(row["configuration"], backend.settings.connectors_bin)
