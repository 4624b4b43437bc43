"""/api/v3/catalog: objects by id and by path, creation, deletion, wiki and tags."""

from typing import Annotated, Any, Literal
from urllib.parse import unquote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict

from dremio_engine.errors import MethodNotAllowed, NotFound
from dremio_engine.paths import Path
from dremio_engine.rest.catalog_children import Page
from dremio_engine.rest.catalog_objects import CatalogObjects
from dremio_engine.rest.login import CurrentUser
from dremio_engine.rest.services import CurrentServices

ROUTES = APIRouter(prefix="/api/v3/catalog")


class NewObject(BaseModel):
    """A space, folder, source, view or promotion, distinguished by `entityType` and `type`."""

    model_config = ConfigDict(extra="allow")

    entityType: str
    name: str | None = None
    path: list[str] | None = None
    type: str | None = None
    id: str | None = None
    tag: str | None = None
    config: dict[str, Any] | None = None
    format: dict[str, Any] | None = None
    sql: str | None = None
    sqlContext: list[str] | None = None
    accessControlList: dict[str, Any] | None = None


class Wiki(BaseModel):
    """A wiki text and the version it replaces."""

    text: str
    version: int | None = None


class Tags(BaseModel):
    """Tags and the version they replace."""

    tags: list[str]
    version: str | None = None


def page(
    exclude: Annotated[list[Literal["children"]] | None, Query()] = None,
    maxChildren: int | None = None,
    pageToken: str | None = None,
) -> Page:
    """The children a request wants."""
    return Page(bool(exclude), maxChildren, pageToken)


ALONE = Page(exclude=True)
WantedPage = Annotated[Page, Depends(page)]
Included = Annotated[list[Literal["permissions", "datasetCount"]] | None, Query()]


@ROUTES.get("")
def roots(services: CurrentServices, user: CurrentUser, include: Included = None) -> dict[str, Any]:
    """The top-level objects; permissions are Enterprise Edition's and left out."""
    return {"data": CatalogObjects(services).roots(user, "datasetCount" in (include or ()))}


@ROUTES.post("")
def create(body: NewObject, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """Create a space, folder, source or view."""
    return CatalogObjects(services).create(body.model_dump(exclude_none=True), user)


@ROUTES.get("/by-path/{rest:path}")
def by_path(
    rest: str, request: Request, services: CurrentServices, user: CurrentUser, wanted: WantedPage
) -> dict[str, Any]:
    """An object by its path; 404 when there is none."""
    path = _raw_parts(request, "/by-path/")
    if not path:
        raise NotFound("Could not find entity with an empty path")
    return CatalogObjects(services, wanted).by_path(path)


@ROUTES.get("/{entity_id:path}/collaboration/wiki")
def wiki(entity_id: str, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """An object's wiki; an empty text when it has none."""
    CatalogObjects(services, ALONE).by_id(entity_id)
    return services.notes.wiki(entity_id)


@ROUTES.post("/{entity_id:path}/collaboration/wiki")
def set_wiki(entity_id: str, body: Wiki, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """Write an object's wiki."""
    CatalogObjects(services, ALONE).by_id(entity_id)
    return services.notes.set_wiki(entity_id, body.text, body.version)


@ROUTES.get("/{entity_id:path}/collaboration/tag")
def tags(entity_id: str, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """An object's tags."""
    CatalogObjects(services, ALONE).by_id(entity_id)
    return services.notes.tags(entity_id)


@ROUTES.post("/{entity_id:path}/collaboration/tag")
def set_tags(entity_id: str, body: Tags, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """Write an object's tags."""
    CatalogObjects(services, ALONE).by_id(entity_id)
    return services.notes.set_tags(entity_id, body.tags, body.version)


@ROUTES.api_route("/{entity_id:path}/collaboration/{kind}", methods=["PUT", "DELETE"])
def not_allowed(entity_id: str, kind: str, user: CurrentUser) -> Response:
    """Wikis and tags are read and written; an empty one is how they are deleted."""
    raise MethodNotAllowed("HTTP 405 Method Not Allowed")


@ROUTES.post("/{dataset_id:path}/refresh")
def refresh(dataset_id: str, services: CurrentServices, user: CurrentUser) -> Response:
    """Refresh every reflection of a dataset; returns before they are done."""
    services.reflections.refresh_dataset(CatalogObjects(services).dataset(dataset_id))
    return Response(status_code=204)


@ROUTES.get("/{entity_id:path}/graph")
def graph(entity_id: str, services: CurrentServices, user: CurrentUser) -> Response:
    """Lineage: not in Community Edition."""
    raise NotFound(f"The graph of [{entity_id}] is only shown in Enterprise Edition.")


@ROUTES.api_route("/{entity_id:path}/grants", methods=["GET", "PUT"])
def grants(entity_id: str, services: CurrentServices, user: CurrentUser) -> Response:
    """Grants over REST: not in Community Edition; in Enterprise Edition here by SQL only."""
    raise NotFound(f"The grants of [{entity_id}] cannot be read or written over REST: use GRANT and REVOKE.")


@ROUTES.get("/{entity_id:path}")
def by_id(entity_id: str, services: CurrentServices, user: CurrentUser, wanted: WantedPage) -> dict[str, Any]:
    """An object by its id; 404 when there is none."""
    return CatalogObjects(services, wanted).by_id(entity_id)


@ROUTES.post("/{entity_id:path}")
def promote(entity_id: str, body: NewObject, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """Promote a folder to a dataset."""
    return CatalogObjects(services).promote(entity_id, body.model_dump(exclude_none=True))


@ROUTES.put("/{entity_id:path}")
def change(entity_id: str, body: NewObject, services: CurrentServices, user: CurrentUser) -> dict[str, Any]:
    """Change a source's configuration or a view's SQL."""
    return CatalogObjects(services).change(entity_id, body.model_dump(exclude_none=True), user)


@ROUTES.delete("/{entity_id:path}")
def delete(entity_id: str, services: CurrentServices, user: CurrentUser, tag: str | None = None) -> Response:
    """Delete an object; with a tag only if that is its newest."""
    CatalogObjects(services).delete(entity_id, tag, user)
    return Response(status_code=204)


def _raw_parts(request: Request, marker: str) -> Path:
    # Each part is quoted on its own, so a slash inside a name must survive the split.
    raw = request.scope["raw_path"].decode().split("?")[0]
    return tuple(unquote(part) for part in raw.split(marker, 1)[1].split("/") if part)
