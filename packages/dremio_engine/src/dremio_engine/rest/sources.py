"""Sources by the APIs beside the Catalog API: the older /api/v3/source, the console's /apiv2/source."""

from typing import Any
from urllib.parse import unquote

from fastapi import APIRouter, Request
from fastapi.responses import Response

from dremio_engine.access.visibility import sees
from dremio_engine.catalog.entities import Entity, Kind
from dremio_engine.catalog.store import EXISTS
from dremio_engine.errors import Conflict, NotFound
from dremio_engine.paths import Path
from dremio_engine.rest.catalog_children import Page
from dremio_engine.rest.catalog_objects import CatalogObjects
from dremio_engine.rest.login import CurrentUser
from dremio_engine.rest.services import CurrentServices, Services
from dremio_engine.rest.source_shapes import from_console, to_console, to_legacy

ROUTES = APIRouter()


@ROUTES.get("/api/v3/source")
def every(services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """All sources."""
    sources = services.inventory.store.all(Kind.SOURCE)
    return {"data": [_shown(s.id, services) for s in sources if sees(services.access, s.path)]}


@ROUTES.post("/api/v3/source")
def create(body: dict[str, Any], services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """A new source; the body may leave out what kind of object it is."""
    return to_legacy(_objects(services).create({**body, "entityType": "source"}, user))


@ROUTES.get("/api/v3/source/{source_id}")
def by_id(source_id: str, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """A source by its id; 404 when there is none."""
    return to_legacy(_shown(_source(source_id, services).id, services))


@ROUTES.put("/api/v3/source/{source_id}")
def change(
    source_id: str, body: dict[str, Any], services: CurrentServices, user: CurrentUser
) -> dict[str, Any]:
    """Another configuration; 409 when the tag sent is not the newest."""
    source = _source(source_id, services)
    return to_legacy(_objects(services).change(source.id, {**body, "entityType": "source"}, user))


@ROUTES.delete("/api/v3/source/{source_id}")
def delete(source_id: str, services: CurrentServices, user: CurrentUser) -> Response:
    """Forget a source."""
    CatalogObjects(services).delete(_source(source_id, services).id, None, user)
    return Response(status_code=200)


@ROUTES.get("/apiv2/source/{name}")
def by_name(name: str, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """A source by its name; 404 when there is none."""
    return to_console(_shown(_named(name, services).id, services))


@ROUTES.put("/apiv2/source/{name}")
def put(name: str, body: dict[str, Any], services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """Create a source, or change the one whose newest tag the body has; 409 for one without."""
    sent = from_console(body, name)
    there = services.inventory.store.by_path((name,))
    if there is None:
        return to_console(_objects(services).create(sent, user))
    if there.kind is not Kind.SOURCE or not body.get("tag"):
        raise Conflict(f"{EXISTS}: [{name}]")
    return to_console(_objects(services).change(there.id, {**sent, "name": there.path[0]}, user))


@ROUTES.delete("/apiv2/source/{name}")
def delete_named(
    name: str, services: CurrentServices, user: CurrentUser, version: str | None = None
) -> Response:
    """Forget a source; with a version only if that is its newest tag."""
    CatalogObjects(services).delete(_named(name, services).id, version, user)
    return Response(status_code=204)


@ROUTES.put("/apiv2/source/{name}/folder_format/{rest:path}")
@ROUTES.put("/apiv2/source/{name}/file_format/{rest:path}")
def set_format(
    name: str, request: Request, body: dict[str, Any], services: CurrentServices, user: CurrentUser
) -> dict[str, Any]:
    """Promote a folder to a table; a file is refused, as every format but Parquet is."""
    path = (_named(name, services).path[0], *_path_after_format(request))
    made = services.promotions.promote(path, body)
    return {"fileFormat": {**body, "fullPath": list(path), "version": made.tag}, "id": made.id}


def _path_after_format(request: Request) -> Path:
    # Each part is quoted on its own, so a slash inside a name must survive the split.
    raw = request.scope["raw_path"].decode().split("?")[0]
    return tuple(unquote(part) for part in raw.split("_format/", 1)[1].split("/") if part)


def _objects(services: Services) -> CatalogObjects:
    return CatalogObjects(services, Page(exclude=True))


def _shown(source_id: str, services: Services) -> dict[str, Any]:
    return _objects(services).by_id(source_id)


def _source(source_id: str, services: Services) -> Entity:
    found = services.inventory.store.by_id(source_id)
    if found is None or found.kind is not Kind.SOURCE:
        raise NotFound(f"Could not find source with id [{source_id}]")
    return found


def _named(name: str, services: Services) -> Entity:
    found = services.inventory.store.by_path((name,))
    if found is None or found.kind is not Kind.SOURCE:
        raise NotFound(f"Source [{name}] not found")
    return found
