"""Public API: the one workspace, and the declarative definitions in it."""

from __future__ import annotations

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import AfterValidator, BaseModel, Field

from airbyte_engine.api import BackendOf
from airbyte_engine.problems import invalid, not_found
from airbyte_engine.store.database import DEFAULT_WORKSPACE, Row

router = APIRouter()
_DEFINITIONS = "/workspaces/{workspace_id}/definitions/declarative_sources"


def _json_object(manifest: dict[str, Any]) -> dict[str, Any]:
    """Raises ValueError for what Python reads in a body although JSON has no such thing."""
    json.dumps(manifest, allow_nan=False, ensure_ascii=False).encode()
    return manifest


class DefinitionWrite(BaseModel):
    manifest: Annotated[dict[str, Any], Field(min_length=1), AfterValidator(_json_object)]
    name: str = ""


def existing_workspace(workspace_id: UUID) -> UUID:
    """Raises Problem 404 for any but the one there is."""
    if workspace_id != DEFAULT_WORKSPACE:
        raise not_found("workspace", workspace_id)
    return workspace_id


WorkspaceId = Annotated[UUID, Depends(existing_workspace)]


@router.get("/workspaces")
def list_workspaces() -> dict[str, Any]:
    return {"data": [_workspace()]}


@router.get("/workspaces/{workspace_id}")
def get_workspace(workspace_id: WorkspaceId) -> dict[str, Any]:
    return _workspace()


@router.get(_DEFINITIONS)
def list_definitions(workspace_id: WorkspaceId, backend: BackendOf) -> dict[str, Any]:
    return {"data": [_definition(row) for row in backend.definitions.all(workspace_id)]}


@router.post(_DEFINITIONS)
def create_definition(workspace_id: WorkspaceId, body: DefinitionWrite, backend: BackendOf) -> dict[str, Any]:
    if not body.name:
        raise invalid("A definition needs a name.")
    return _definition(backend.definitions.create(workspace_id, body.name, body.manifest))


@router.get(_DEFINITIONS + "/{definition_id}")
def get_definition(workspace_id: WorkspaceId, definition_id: UUID, backend: BackendOf) -> dict[str, Any]:
    return _definition(backend.definitions.get(definition_id))


@router.put(_DEFINITIONS + "/{definition_id}")
def update_definition(
    workspace_id: WorkspaceId, definition_id: UUID, body: DefinitionWrite, backend: BackendOf
) -> dict[str, Any]:
    return _definition(backend.definitions.update(definition_id, body.manifest))


@router.delete(_DEFINITIONS + "/{definition_id}")
def delete_definition(workspace_id: WorkspaceId, definition_id: UUID, backend: BackendOf) -> dict[str, Any]:
    return _definition(backend.definitions.delete(definition_id))


def _workspace() -> dict[str, Any]:
    return {
        "workspaceId": str(DEFAULT_WORKSPACE),
        "name": "lakehouse",
        "dataResidency": "auto",
        "notifications": {},
    }


def _definition(row: Row) -> dict[str, Any]:
    return {
        "id": str(row["definition_id"]),
        "name": row["name"],
        "manifest": row["manifest"],
        "version": row["version"],
    }
