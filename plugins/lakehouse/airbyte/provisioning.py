"""Compare an Airbyte server with include/airbyte/, or bring it there: find, then create or change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.connection_file import ConnectionFile, Endpoint
from lakehouse.airbyte.desired_state import desired_configuration, desired_connection, desired_resources
from lakehouse.airbyte.drift import differences, masked
from lakehouse.airbyte.errors import AirbyteRefusedError
from lakehouse.airbyte.left_out import why_left_out
from lakehouse.airbyte.sent_secrets import Comparison, SentSecrets

if TYPE_CHECKING:
    from airflow.sdk import Connection


class Action(StrEnum):
    """First what a comparison finds, then what applying the files did."""

    MISSING = "missing"
    DIFFERS = "differs"
    UNDECLARED = "undeclared"
    """A connection of the server that no file declares. Never touched."""
    LEFT_OUT = "left_out"
    """A source without values here, and its connection. What the server holds of it is not touched."""
    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Change:
    """How one thing on the server compares, or what became of it."""

    kind: str
    name: str
    action: Action
    differences: tuple[str, ...] = ()
    """Paths of the values that differed; never the values."""
    unknown: tuple[str, ...] = ()
    """Paths of secrets that were never sent from here: nobody can tell whether they are equal."""
    why: str = ""
    """Of what was left out: what it lacks, and where to write it."""

    def as_detail(self) -> dict[str, Any]:
        """For a report."""
        return asdict(self)


class AirbyteProvisioner:
    """Applies connection files to one workspace of one server."""

    def __init__(
        self,
        client: AirbyteClient,
        airflow_connection: Callable[[str], Connection],
        sent: SentSecrets,
        rewrite_secrets: bool = False,
    ) -> None:
        """
        Args:
            client: the server.
            airflow_connection: looks up the Airflow connection that holds an endpoint's address and secrets.
            sent: remembers which secrets were sent, for Airbyte masks them.
            rewrite_secrets: send configurations even if no difference shows: somebody may have changed a
                secret in Airbyte itself.
        """
        self._client = client
        self._airflow_connection = airflow_connection
        self._sent = sent
        self._rewrite_secrets = rewrite_secrets
        self._changes: list[Change] = []
        self._may_write = False

    def apply(self, files: Iterable[ConnectionFile]) -> list[Change]:
        """Create or change what the files declare. Nothing is ever deleted.

        A source whose Airflow connection is missing is left out, and named among the changes.

        Raises:
            AirbyteRefusedError: the server has no workspace, refuses a configuration, or holds two things of
                one name.
            ConnectionMissingError: Airflow has no connection of a destination.
        """
        return self._go_through(files, may_write=True)

    def compare(self, files: Iterable[ConnectionFile]) -> list[Change]:
        """Say what `apply` would do, and which connections no file declares. Writes nothing.

        A secret differs if another one was sent last. One that was changed in Airbyte itself is not noticed.

        Raises:
            AirbyteRefusedError: the server has no workspace, or holds two things of one name.
        """
        declared = list(files)
        changes = self._go_through(declared, may_write=False)
        names = {each.name for each in declared}
        held = sorted(str(item["name"]) for item in self._client.listed("/connections"))
        return changes + [Change("connection", name, Action.UNDECLARED) for name in held if name not in names]

    def _go_through(self, files: Iterable[ConnectionFile], may_write: bool) -> list[Change]:
        self._changes, self._may_write = [], may_write
        workspace = self._workspace()
        for declared in files:
            if (why := why_left_out(declared, self._airflow_connection)) is not None:
                self._changes.append(Change("source", declared.source.name, Action.LEFT_OUT, why=why))
                continue
            source = self._source(workspace, declared)
            destination = self._destination(workspace, declared.destination)
            desired = desired_connection(declared) | {"sourceId": source, "destinationId": destination}
            self._ensure("connection", "/connections", "connectionId", desired)
        return self._changes

    def _workspace(self) -> str:
        first = next(iter(self._client.listed("/workspaces", limit=1)), None)
        if first is None:
            raise AirbyteRefusedError(
                f"Airbyte at {self._client.base_url} has no workspace: finish its set-up"
            )
        return str(first["workspaceId"])

    def _source(self, workspace: str, declared: ConnectionFile) -> str:
        endpoint = declared.source
        desired = self._desired_endpoint(endpoint) | {"resourceAllocation": desired_resources(declared)}
        fixed = {"workspaceId": workspace}
        if endpoint.manifest is not None:
            fixed["definitionId"] = self._definition(workspace, endpoint)
        return self._ensure("source", "/sources", "sourceId", desired, fixed)

    def _destination(self, workspace: str, endpoint: Endpoint) -> str:
        desired, fixed = self._desired_endpoint(endpoint), {"workspaceId": workspace}
        return self._ensure("destination", "/destinations", "destinationId", desired, fixed)

    def _desired_endpoint(self, endpoint: Endpoint) -> dict[str, Any]:
        connection = self._airflow_connection(endpoint.airflow_connection)
        return {"name": endpoint.name, "configuration": desired_configuration(endpoint, connection)}

    def _definition(self, workspace: str, endpoint: Endpoint) -> str:
        path = f"/workspaces/{workspace}/definitions/declarative_sources"
        desired = {"name": endpoint.name, "manifest": endpoint.read_manifest()}
        held = self._named(path, endpoint.name)
        if held is None:
            return self._create("definition", path, "id", desired)
        found = [] if held.get("manifest") == desired["manifest"] else ["manifest"]
        if found and self._may_write:
            self._client.replace(f"{path}/{held['id']}", {"manifest": desired["manifest"]})
        self._record("definition", endpoint.name, found)
        return str(held["id"])

    def _ensure(
        self,
        kind: str,
        path: str,
        id_field: str,
        desired: Mapping[str, Any],
        only_at_creation: Mapping[str, Any] | None = None,
    ) -> str:
        name = str(desired["name"])
        held = self._named(path, name)
        if held is None:
            identifier = self._create(kind, path, id_field, {**desired, **(only_at_creation or {})})
            self._remember(path, identifier, desired)
            return identifier
        identifier = str(held[id_field])
        now = self._client.fetch(f"{path}/{identifier}")
        secrets = self._compare_secrets(identifier, desired, now)
        found = differences(desired, now) + [f"{each} (secret)" for each in secrets.changed]
        if (
            not found
            and self._may_write
            and (secrets.unknown or (self._rewrite_secrets and "configuration" in desired))
        ):
            found = ["secrets"]
        if found and self._may_write:
            self._client.change(f"{path}/{identifier}", desired)
            self._remember(path, identifier, desired)
        self._record(kind, name, found, () if self._may_write else secrets.unknown)
        return identifier

    def _compare_secrets(
        self, identifier: str, desired: Mapping[str, Any], held: Mapping[str, Any]
    ) -> Comparison:
        secrets = masked(desired, held)
        return self._sent.compare(identifier, secrets) if secrets else Comparison()

    def _remember(self, path: str, identifier: str, desired: Mapping[str, Any]) -> None:
        """The server says by its asterisks which of the values it was given are secrets."""
        if self._may_write and "configuration" in desired:
            self._sent.record(identifier, masked(desired, self._client.fetch(f"{path}/{identifier}")))

    def _create(self, kind: str, path: str, id_field: str, desired: Mapping[str, Any]) -> str:
        """The new thing's id; of one that only would be created, an id that nothing has."""
        action = Action.CREATED if self._may_write else Action.MISSING
        change = Change(kind, str(desired["name"]), action)
        if change not in self._changes:
            self._changes.append(change)
        return str(self._client.create(path, desired)[id_field]) if self._may_write else "missing"

    def _named(self, path: str, name: str) -> dict[str, Any] | None:
        matches = [item for item in self._client.listed(path) if item["name"] == name]
        if len(matches) > 1:
            raise AirbyteRefusedError(f"Airbyte holds {len(matches)} of {path} named {name}: remove one")
        return matches[0] if matches else None

    def _record(self, kind: str, name: str, found: list[str], unknown: tuple[str, ...] = ()) -> None:
        differs = Action.CHANGED if self._may_write else Action.DIFFERS
        change = Change(kind, name, differs if found else Action.UNCHANGED, tuple(found), unknown)
        if change not in self._changes:
            self._changes.append(change)
