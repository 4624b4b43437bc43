"""Public API: workspaces, declarative definitions, sources, destinations, and the streams of a source."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from airbyte_engine import connectors
from airbyte_engine.api import Backend, BackendOf
from airbyte_engine.problems import invalid, not_found
from airbyte_engine.store.actors import Kind
from airbyte_engine.store.database import DEFAULT_WORKSPACE, Row

router = APIRouter()
Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0)]


class ActorCreate(BaseModel):
    name: str
    workspaceId: UUID
    configuration: dict[str, Any]
    definitionId: UUID | None = None
    resourceAllocation: dict[str, Any] | None = None


class ActorPatch(BaseModel):
    name: str | None = None
    configuration: dict[str, Any] | None = None
    resourceAllocation: dict[str, Any] | None = None


class ActorPut(BaseModel):
    name: str
    configuration: dict[str, Any]
    resourceAllocation: dict[str, Any] | None = None


class DefinitionWrite(BaseModel):
    manifest: dict[str, Any] = Field(min_length=1)
    name: str = ""


@router.get("/workspaces")
def list_workspaces() -> dict[str, Any]:
    return {"data": [_workspace()]}


@router.get("/workspaces/{workspace_id}")
def get_workspace(workspace_id: UUID) -> dict[str, Any]:
    _require_workspace(workspace_id)
    return _workspace()


@router.get("/workspaces/{workspace_id}/definitions/declarative_sources")
def list_definitions(workspace_id: UUID, backend: BackendOf) -> dict[str, Any]:
    _require_workspace(workspace_id)
    return {"data": [_definition(row) for row in backend.definitions.all(workspace_id)]}


@router.post("/workspaces/{workspace_id}/definitions/declarative_sources")
def create_definition(workspace_id: UUID, body: DefinitionWrite, backend: BackendOf) -> dict[str, Any]:
    _require_workspace(workspace_id)
    if not body.name:
        raise invalid("A definition needs a name.")
    return _definition(backend.definitions.create(workspace_id, body.name, body.manifest))


@router.get("/workspaces/{workspace_id}/definitions/declarative_sources/{definition_id}")
def get_definition(workspace_id: UUID, definition_id: UUID, backend: BackendOf) -> dict[str, Any]:
    _require_workspace(workspace_id)
    return _definition(backend.definitions.get(definition_id))


@router.put("/workspaces/{workspace_id}/definitions/declarative_sources/{definition_id}")
def update_definition(
    workspace_id: UUID, definition_id: UUID, body: DefinitionWrite, backend: BackendOf
) -> dict[str, Any]:
    _require_workspace(workspace_id)
    return _definition(backend.definitions.update(definition_id, body.manifest))


@router.delete("/workspaces/{workspace_id}/definitions/declarative_sources/{definition_id}")
def delete_definition(workspace_id: UUID, definition_id: UUID, backend: BackendOf) -> dict[str, Any]:
    _require_workspace(workspace_id)
    return _definition(backend.definitions.delete(definition_id))


@router.get("/streams")
def stream_properties(
    sourceId: UUID, backend: BackendOf, destinationId: UUID | None = None, ignoreCache: bool = False
) -> list[dict[str, Any]]:
    """What the source offers now; nothing is cached, so `ignoreCache` changes nothing."""
    source = backend.actors.get("source", sourceId)
    manifest = _manifest(backend, source["connector"], source["definition_id"])
    return connectors.discover(
        source["connector"], source["configuration"], manifest, backend.settings.connectors_bin
    )


def _add_actor_routes(kind: Kind) -> None:
    path = f"/{kind}s"

    @router.get(path)
    def list_actors(backend: BackendOf, limit: Limit = 20, offset: Offset = 0) -> dict[str, Any]:
        return {"data": [_actor(backend, row) for row in backend.actors.page(kind, limit, offset)]}

    @router.post(path)
    def create_actor(body: ActorCreate, backend: BackendOf) -> dict[str, Any]:
        _require_workspace(body.workspaceId)
        connector, definition_id = _connector(backend, kind, body)
        configuration = _own_words(kind, body.configuration)
        manifest = _manifest(backend, connector, definition_id)
        connectors.check_configuration(connector, configuration, manifest)
        row = backend.actors.create(
            kind,
            body.workspaceId,
            body.name,
            connector,
            definition_id,
            configuration,
            body.resourceAllocation,
        )
        return _actor(backend, row)

    @router.get(path + "/{actor_id}")
    def get_actor(actor_id: UUID, backend: BackendOf) -> dict[str, Any]:
        return _actor(backend, backend.actors.get(kind, actor_id))

    @router.patch(path + "/{actor_id}")
    def patch_actor(actor_id: UUID, body: ActorPatch, backend: BackendOf) -> dict[str, Any]:
        """Merges the configuration's keys into the stored ones."""
        row = backend.actors.get(kind, actor_id)
        merged = row["configuration"] | unmask(row, body.configuration or {})
        name, resources = body.name or row["name"], body.resourceAllocation or row["resource_allocation"]
        return _update(backend, row, name, merged, resources)

    @router.put(path + "/{actor_id}")
    def put_actor(actor_id: UUID, body: ActorPut, backend: BackendOf) -> dict[str, Any]:
        row = backend.actors.get(kind, actor_id)
        return _update(backend, row, body.name, unmask(row, body.configuration), body.resourceAllocation)

    @router.delete(path + "/{actor_id}", status_code=204)
    def delete_actor(actor_id: UUID, backend: BackendOf) -> Response:
        backend.actors.delete(kind, actor_id)
        return Response(status_code=204)

    def unmask(row: Row, configuration: dict[str, Any]) -> dict[str, Any]:
        return connectors.unmasked(_own_words(kind, configuration), row["configuration"])

    def _update(
        backend: Backend,
        row: Row,
        name: str,
        configuration: dict[str, Any],
        resources: dict[str, Any] | None,
    ) -> dict[str, Any]:
        manifest = _manifest(backend, row["connector"], row["definition_id"])
        connectors.check_configuration(row["connector"], configuration, manifest)
        updated = backend.actors.update(kind, row["actor_id"], name, configuration, resources)
        return _actor(backend, updated)


_add_actor_routes("source")
_add_actor_routes("destination")


def _require_workspace(workspace_id: UUID) -> None:
    if workspace_id != DEFAULT_WORKSPACE:
        raise not_found("workspace", workspace_id)


def _workspace() -> dict[str, Any]:
    return {
        "workspaceId": str(DEFAULT_WORKSPACE),
        "name": "lakehouse",
        "dataResidency": "auto",
        "notifications": {},
    }


def _connector(backend: Backend, kind: Kind, body: ActorCreate) -> tuple[str, UUID]:
    """The connector that the request names by definition or by type."""
    key: Literal["sourceType", "destinationType"] = "sourceType" if kind == "source" else "destinationType"
    named = body.configuration.get(key)
    for type_, native in connectors.NATIVE[kind].items():
        if named == type_ or body.definitionId == native[1]:
            return native
    if kind == "source" and body.definitionId is not None:
        return "declarative", backend.definitions.get(body.definitionId)["definition_id"]
    known = ", ".join(repr(type_) for type_ in connectors.NATIVE[kind])
    raise invalid(
        f"No {kind} connector for {key} {named!r} and definitionId {body.definitionId}: there are"
        f" {known}" + (" and the workspace's declarative definitions." if kind == "source" else ".")
    )


def _type_of(kind: str, connector: str) -> str:
    """Airbyte's name of the type."""
    types = {native[0]: type_ for type_, native in connectors.NATIVE[kind].items()}
    return types.get(connector, connector)


def _own_words(kind: Kind, configuration: dict[str, Any]) -> dict[str, Any]:
    """Without the type, which the API repeats in every configuration."""
    return {name: value for name, value in configuration.items() if name != f"{kind}Type"}


def _manifest(backend: Backend, connector: str, definition_id: UUID) -> dict[str, Any] | None:
    if connector != "declarative":
        return None
    manifest: dict[str, Any] = backend.definitions.get(definition_id)["manifest"]
    return manifest


def _actor(backend: Backend, row: Row) -> dict[str, Any]:
    kind, connector = row["kind"], row["connector"]
    manifest = _manifest(backend, connector, row["definition_id"])
    shown = connectors.masked(connector, row["configuration"], manifest)
    if connector != "declarative":
        shown[f"{kind}Type"] = _type_of(kind, connector)
    return {
        f"{kind}Id": str(row["actor_id"]),
        "name": row["name"],
        f"{kind}Type": _type_of(kind, connector),
        "definitionId": str(row["definition_id"]),
        "workspaceId": str(row["workspace_id"]),
        "configuration": shown,
        "createdAt": int(row["created_at"].timestamp()),
        **({"resourceAllocation": row["resource_allocation"]} if row["resource_allocation"] else {}),
    }


def _definition(row: Row) -> dict[str, Any]:
    return {
        "id": str(row["definition_id"]),
        "name": row["name"],
        "manifest": row["manifest"],
        "version": row["version"],
    }
