"""Provisioning creates what is declared and changes only what differs."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
from airflow.sdk import Connection

from lakehouse.airbyte import __main__ as command
from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.airbyte.drift import differences
from lakehouse.airbyte.errors import AirbyteRefusedError
from lakehouse.airbyte.provisioning import AirbyteProvisioner
from lakehouse.airbyte.sent_secrets import Comparison

LAKE = {"endpoint_url": "http://s3", "region_name": "us-east-1", "bucket": "datalake"}
CONNECTIONS = {
    "cafe_postgres": Connection(
        conn_id="cafe_postgres",
        conn_type="postgres",
        host="db",
        port=5432,
        schema="cafe",
        login="cafe",
        password="s1",
    ),
    "cafe_api": Connection(conn_id="cafe_api", conn_type="http", host="http://cafe:8070", password="s2"),
    "cafe_files": Connection(conn_id="cafe_files", conn_type="fs", extra='{"path": "/srv/drops"}'),
    "lake_s3": Connection(
        conn_id="lake_s3", conn_type="aws", login="key", password="s3", extra=json.dumps(LAKE)
    ),
}


class Remembered:
    """What `SecretLedger` keeps, without a database."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Any]] = {}

    def compare(self, thing_id: str, wanted: Mapping[str, Any]) -> Comparison:
        held = self.held.get(thing_id, {})
        changed = tuple(path for path in wanted if path in held and held[path] != wanted[path])
        return Comparison(changed, tuple(path for path in wanted if path not in held))

    def record(self, thing_id: str, sent: Mapping[str, Any]) -> None:
        self.held[thing_id] = dict(sent)


pytestmark = pytest.mark.usefixtures("cafe")
IDS = {"sources": "sourceId", "destinations": "destinationId", "connections": "connectionId"}


class Server:
    """Just enough of Airbyte's public API to be provisioned: it masks secrets, as the real one does."""

    def __init__(self) -> None:
        self.items: dict[str, list[dict[str, Any]]] = {kind: [] for kind in (*IDS, "declarative_sources")}
        self.writes: list[str] = []
        self.sent = Remembered()
        self._number = itertools.count(1)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.removeprefix("/api/public/v1/").split("/")
        if parts == ["workspaces"]:
            return httpx.Response(200, json={"data": [{"workspaceId": "w"}]})
        kind = next(part for part in parts if part in self.items)
        body = json.loads(request.content) if request.content else {}
        if request.method != "GET":
            self.writes.append(f"{request.method} {kind} {body.get('name', '')}".strip())
        if request.method == "GET" and parts[-1] == kind:
            return httpx.Response(200, json={"data": [self._masked(item) for item in self.items[kind]]})
        if request.method == "POST":
            id_field = IDS.get(kind, "id")
            self.items[kind].append(body | {id_field: f"{kind}-{next(self._number)}"})
            return httpx.Response(200, json=self.items[kind][-1])
        item = next(each for each in self.items[kind] if parts[-1] in each.values())
        item.update(body)
        return httpx.Response(200, json=self._masked(item))

    def _masked(self, item: dict[str, Any]) -> dict[str, Any]:
        configuration = {
            key: "**********" if key in ("password", "api_token", "secret_access_key") else value
            for key, value in item.get("configuration", {}).items()
        }
        return item | ({"configuration": configuration} if configuration else {})


@pytest.fixture
def server() -> Server:
    return Server()


def provision(server: Server, rewrite_secrets: bool = False) -> dict[str, tuple[str, tuple[str, ...]]]:
    client = AirbyteClient("http://airbyte/api/public/v1", transport=httpx.MockTransport(server))
    provisioner = AirbyteProvisioner(client, CONNECTIONS.__getitem__, server.sent, rewrite_secrets)
    changes = provisioner.apply(read_all_connection_files())
    return {f"{change.kind} {change.name}": (change.action, change.differences) for change in changes}


def test_the_first_provisioning_creates_everything_with_its_secrets(server: Server) -> None:
    changes = provision(server)
    assert {action for action, _ in changes.values()} >= {"created"}
    source = next(item for item in server.items["sources"] if item["name"] == "cafe_postgres")
    assert (
        source["configuration"] | {"password": "s1", "username": "cafe", "database": "cafe"}
        == source["configuration"]
    )
    lake = server.items["destinations"]
    assert [item["name"] for item in lake] == ["lake_landing"], "two connections share one destination"
    assert lake[0]["configuration"]["s3_bucket_name"] == "datalake"
    landing = {item["name"]: item["namespaceFormat"] for item in server.items["connections"]}
    assert landing["cafe_api_to_lake"] == "source=cafe_api"
    assert landing["cafe_files_to_lake"] == "source=cafe_files"
    api = next(item for item in server.items["sources"] if item["name"] == "cafe_api")
    assert api["definitionId"] == server.items["declarative_sources"][0]["id"]


def test_the_second_provisioning_writes_nothing(server: Server) -> None:
    provision(server)
    server.writes.clear()
    changes = provision(server)
    assert changes
    assert {action for action, _ in changes.values()} == {"unchanged"}
    assert server.writes == []


def test_what_somebody_changed_is_changed_back_and_named(server: Server) -> None:
    provision(server)
    connection = next(item for item in server.items["connections"] if item["name"] == "cafe_postgres_to_lake")
    connection["configurations"]["streams"][0]["syncMode"] = "full_refresh_append"
    connection["prefix"] = "mine_"
    server.writes.clear()
    action, found = provision(server)["connection cafe_postgres_to_lake"]
    assert action == "changed"
    assert set(found) == {"prefix", "configurations.streams.orders.syncMode"}
    assert server.writes == ["PATCH connections cafe_postgres_to_lake"]


def test_secrets_are_written_again_on_request_only(server: Server) -> None:
    provision(server)
    server.items["sources"][0]["configuration"]["password"] = "old"
    assert {action for action, _ in provision(server).values()} == {"unchanged"}
    assert provision(server, rewrite_secrets=True)["source cafe_postgres"][0] == "changed"
    assert CONNECTIONS["cafe_postgres"].password in json.dumps(server.items["sources"])


def compare(server: Server) -> dict[str, tuple[str, tuple[str, ...]]]:
    client = AirbyteClient("http://airbyte/api/public/v1", transport=httpx.MockTransport(server))
    provisioner = AirbyteProvisioner(client, CONNECTIONS.__getitem__, server.sent)
    changes = provisioner.compare(read_all_connection_files())
    return {f"{change.kind} {change.name}": (change.action, change.differences) for change in changes}


def test_a_comparison_with_an_empty_server_finds_all_missing_and_writes_nothing(server: Server) -> None:
    found = compare(server)
    assert {action for action, _ in found.values()} == {"missing"}
    assert set(found) >= {"source cafe_postgres", "destination lake_landing", "connection cafe_api_to_lake"}
    assert server.writes == []


def test_a_comparison_names_what_differs_and_what_no_file_declares(server: Server) -> None:
    provision(server)
    server.items["connections"][0]["prefix"] = "mine_"
    server.items["connections"].append({"name": "by_hand", "connectionId": "c-9"})
    server.items["declarative_sources"][0]["manifest"] = {}
    server.writes.clear()
    found = {name: told for name, told in compare(server).items() if told[0] != "unchanged"}
    assert found == {
        f"connection {server.items['connections'][0]['name']}": ("differs", ("prefix",)),
        "connection by_hand": ("undeclared", ()),
        "definition cafe_api": ("differs", ("manifest",)),
    }
    assert server.writes == []


def test_after_provisioning_a_comparison_finds_nothing(server: Server) -> None:
    provision(server)
    assert {action for action, _ in compare(server).values()} == {"unchanged"}


@pytest.mark.parametrize(("drifted", "code"), [(False, 0), (True, 1)])
def test_the_command_prints_a_line_a_thing_and_tells_by_its_exit_code(
    server: Server,
    drifted: bool,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    provision(server)
    if drifted:
        server.items["connections"][0]["prefix"] = "mine_"
    client = AirbyteClient("http://airbyte/api/public/v1", transport=httpx.MockTransport(server))
    monkeypatch.setattr(command, "client_of", lambda connection: client)
    monkeypatch.setattr(command, "airflow_connection", CONNECTIONS.get)
    monkeypatch.setattr(command, "platform_postgres", lambda: None)
    monkeypatch.setattr(command, "SecretLedger", lambda postgres: server.sent)
    assert command.main(["diff"]) == code
    printed = capsys.readouterr().out
    assert ("differs    connection" in printed) is drifted
    assert "s3" not in printed.split()
    assert command.main(["apply"]) == 0
    assert command.main(["diff"]) == 0


def test_two_things_of_one_name_are_refused(server: Server) -> None:
    provision(server)
    server.items["sources"].append(dict(server.items["sources"][0]))
    with pytest.raises(AirbyteRefusedError, match="2 of /sources named"):
        provision(server)


@pytest.mark.parametrize(
    ("wanted", "held", "found"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, []),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["a.b"]),
        ({"a": 1}, {}, ["a"]),
        ({"a": "secret"}, {"a": "**********"}, []),
        ({"s": [{"name": "x"}, {"name": "y"}]}, {"s": [{"name": "y"}, {"name": "x"}]}, []),
        ({"s": [{"name": "x"}]}, {"s": [{"name": "x"}, {"name": "y"}]}, ["s.y"]),
        ({"s": [{"name": "x"}, {"name": "y"}]}, {"s": [{"name": "x"}]}, ["s.y"]),
        ({"k": [["a"]]}, {"k": [["b"]]}, ["k"]),
    ],
)
def test_differences(wanted: Any, held: Any, found: list[str]) -> None:
    assert differences(wanted, held) == found
