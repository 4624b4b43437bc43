"""What sources and destinations have in common: how they are created, changed, shown and deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from airbyte_engine.api import Backend
from airbyte_engine.api.workspaces import existing_workspace
from airbyte_engine.connectors.configuration import check_configuration, masked, unmasked
from airbyte_engine.connectors.declarative import DeclarativeConnector
from airbyte_engine.connectors.registry import connector_of, registered, type_name
from airbyte_engine.problems import invalid
from airbyte_engine.store.actors import Kind
from airbyte_engine.store.database import Row

Limit = Annotated[int, Query(ge=1, le=100)]
Offset = Annotated[int, Query(ge=0)]
Answer = dict[str, Any]


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


@dataclass(frozen=True)
class Actors:
    """The sources, or the destinations, as the API shows them: their secrets are masked."""

    backend: Backend
    kind: Kind

    def page(self, limit: int, offset: int) -> Answer:
        return {"data": [self._shown(row) for row in self.backend.actors.page(self.kind, limit, offset)]}

    def get(self, actor_id: UUID) -> Answer:
        return self._shown(self.backend.actors.get(self.kind, actor_id))

    def create(self, body: ActorCreate) -> Answer:
        workspace = existing_workspace(body.workspaceId)
        connector, definition_id = self._named_connector(body)
        configuration = self._without_type(body.configuration)
        self._check(connector, definition_id, configuration)
        row = self.backend.actors.create(
            self.kind,
            workspace,
            body.name,
            connector,
            definition_id,
            configuration,
            body.resourceAllocation,
        )
        return self._shown(row)

    def patch(self, actor_id: UUID, body: ActorPatch) -> Answer:
        """Merges the configuration's keys into the stored ones."""
        row = self.backend.actors.get(self.kind, actor_id)
        configuration = row["configuration"] | self._unmasked(row, body.configuration or {})
        resources = body.resourceAllocation or row["resource_allocation"]
        return self._update(row, body.name or row["name"], configuration, resources)

    def put(self, actor_id: UUID, body: ActorPut) -> Answer:
        row = self.backend.actors.get(self.kind, actor_id)
        configuration = self._unmasked(row, body.configuration)
        return self._update(row, body.name, configuration, body.resourceAllocation)

    def delete(self, actor_id: UUID) -> None:
        self.backend.actors.delete(self.kind, actor_id)

    def _update(self, row: Row, name: str, configuration: Answer, resources: Answer | None) -> Answer:
        self._check(row["connector"], row["definition_id"], configuration)
        return self._shown(
            self.backend.actors.update(self.kind, row["actor_id"], name, configuration, resources)
        )

    def _check(self, connector: str, definition_id: UUID, configuration: Answer) -> None:
        manifest = manifest_of(self.backend, connector, definition_id)
        check_configuration(connector_of(self.kind, connector, manifest), configuration)

    def _named_connector(self, body: ActorCreate) -> tuple[str, UUID]:
        """The connector that the request names by definition or by type, and the id of its definition."""
        key = f"{self.kind}Type"
        named = body.configuration.get(key)
        for native in registered(self.kind):
            if named == native.type_name or body.definitionId == native.definition_id:
                return native.connector.name, native.definition_id
        if self.kind == "source" and body.definitionId is not None:
            definition = self.backend.definitions.get(body.definitionId)
            return DeclarativeConnector.name, definition["definition_id"]
        known = ", ".join(repr(each.type_name) for each in registered(self.kind))
        raise invalid(
            f"No {self.kind} connector for {key} {named!r} and definitionId {body.definitionId}: there are"
            f" {known}" + (" and the workspace's declarative definitions." if self.kind == "source" else ".")
        )

    def _unmasked(self, row: Row, configuration: Answer) -> Answer:
        return unmasked(self._without_type(configuration), row["configuration"])

    def _without_type(self, configuration: Answer) -> Answer:
        """The API repeats the type in every configuration."""
        return {name: value for name, value in configuration.items() if name != f"{self.kind}Type"}

    def _shown(self, row: Row) -> Answer:
        name = row["connector"]
        manifest = manifest_of(self.backend, name, row["definition_id"])
        configuration = masked(connector_of(self.kind, name, manifest), row["configuration"])
        shown_type = {f"{self.kind}Type": type_name(self.kind, name)}
        if name != DeclarativeConnector.name:
            configuration |= shown_type
        resources = row["resource_allocation"]
        return {
            f"{self.kind}Id": str(row["actor_id"]),
            "name": row["name"],
            **shown_type,
            "definitionId": str(row["definition_id"]),
            "workspaceId": str(row["workspace_id"]),
            "configuration": configuration,
            "createdAt": int(row["created_at"].timestamp()),
            **({"resourceAllocation": resources} if resources else {}),
        }


def manifest_of(backend: Backend, connector: str, definition_id: UUID) -> dict[str, Any] | None:
    """That of a declarative source."""
    if connector != DeclarativeConnector.name:
        return None
    manifest: dict[str, Any] = backend.definitions.get(definition_id)["manifest"]
    return manifest
