"""Public API: destinations."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from airbyte_engine.api import BackendOf
from airbyte_engine.api.actors import ActorCreate, ActorPatch, ActorPut, Actors, Answer, Limit, Offset

router = APIRouter()


def _destinations(backend: BackendOf) -> Actors:
    return Actors(backend, "destination")


Destinations = Annotated[Actors, Depends(_destinations)]


@router.get("/destinations")
def list_destinations(destinations: Destinations, limit: Limit = 20, offset: Offset = 0) -> Answer:
    return destinations.page(limit, offset)


@router.post("/destinations")
def create_destination(body: ActorCreate, destinations: Destinations) -> Answer:
    return destinations.create(body)


@router.get("/destinations/{destination_id}")
def get_destination(destination_id: UUID, destinations: Destinations) -> Answer:
    return destinations.get(destination_id)


@router.patch("/destinations/{destination_id}")
def patch_destination(destination_id: UUID, body: ActorPatch, destinations: Destinations) -> Answer:
    return destinations.patch(destination_id, body)


@router.put("/destinations/{destination_id}")
def put_destination(destination_id: UUID, body: ActorPut, destinations: Destinations) -> Answer:
    return destinations.put(destination_id, body)


@router.delete("/destinations/{destination_id}", status_code=204)
def delete_destination(destination_id: UUID, destinations: Destinations) -> Response:
    destinations.delete(destination_id)
    return Response(status_code=204)
