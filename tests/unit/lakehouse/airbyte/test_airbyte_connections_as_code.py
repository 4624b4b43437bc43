"""include/airbyte/*.yaml is complete, and provisioning changes only what differs."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from airflow.sdk import Connection

from lakehouse.airbyte import __main__ as command
from lakehouse.airbyte import connection_file
from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.connection_file import (
    ConnectionFileError,
    read_all_connection_files,
    read_connection_file,
)
from lakehouse.airbyte.drift import differences
from lakehouse.airbyte.errors import AirbyteRefusedError
from lakehouse.airbyte.provisioning import AirbyteProvisioner
from lakehouse.airbyte.sent_secrets import Comparison

LAKE = {"endpoint_url": "http://s3", "region_name": "us-east-1", "bucket": "datalake"}
CONNECTIONS = {
    "shop_postgres": Connection(
        conn_id="shop_postgres",
        conn_type="postgres",
        host="db",
        port=5432,
        schema="shop",
        login="shop",
        password="s1",
    ),
    "shop_api": Connection(conn_id="shop_api", conn_type="http", host="http://shop:8070", password="s2"),
    "shop_files": Connection(conn_id="shop_files", conn_type="fs", extra='{"path": "/srv/drops"}'),
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


def test_the_files_declare_the_streams_of_the_night() -> None:
    streams = {file.name: [stream.name for stream in file.streams] for file in read_all_connection_files()}
    assert streams["shop_postgres_to_lake"] == ["customers", "orders", "products"]
    assert streams["shop_postgres_cdc_to_lake"] == ["stock_levels"]
    assert streams["shop_api_to_lake"] == ["shipments"]
    assert streams["shop_files_to_lake"] == ["marketing_spend"]
    postgres = read_connection_file("shop_postgres_to_lake")
    assert postgres.source_folder == "postgres"
    assert {stream.name: stream.sync_mode for stream in postgres.streams} == {
        "customers": "incremental_append",
        "orders": "incremental_append",
        "products": "full_refresh_append",
    }
    assert postgres.timeout.total_seconds() == 3600


def test_what_is_read_from_the_log_has_a_publication_and_a_slot_and_lands_apart() -> None:
    """Two connections of one database: what one lands must not be claimed with the other's sync."""
    files = read_all_connection_files()
    folders = [declared.source_folder for declared in files]
    assert len(folders) == len(set(folders)) > 1
    captured = read_connection_file("shop_postgres_cdc_to_lake")
    [stream] = captured.streams
    assert (stream.sync_mode, stream.cursor_field) == ("incremental_append", None)
    assert stream.primary_key == ("product_id", "warehouse")
    method = captured.source.configuration["replication_method"]
    assert (method["method"], method["plugin"]) == ("CDC", "pgoutput")
    assert (method["publication"], method["replication_slot"]) == ("airbyte_publication", "airbyte_slot")
    assert method["invalid_cdc_cursor_position_behavior"] == "Fail sync"


def test_the_stream_s_connection_shares_nothing_with_the_night_s_but_the_source_database() -> None:
    """One slot for two readers would give each of them a part of the changes."""
    night, streamed = (
        read_connection_file(name) for name in ("shop_postgres_cdc_to_lake", "shop_postgres_stream_to_lake")
    )
    mine, others = (each.source.configuration["replication_method"] for each in (streamed, night))
    for key in ("replication_slot", "publication"):
        assert mine[key] != others[key]
    assert (mine["replication_slot"], mine["publication"]) == (
        "airbyte_stream_slot",
        "airbyte_stream_publication",
    )
    assert mine["invalid_cdc_cursor_position_behavior"] == "Fail sync"
    assert streamed.source.name != night.source.name
    assert streamed.source.airflow_connection == night.source.airflow_connection == "shop_postgres"
    assert streamed.source_folder == "postgres_stream"
    assert streamed.cadence == "stream"
    keys = {stream.name: stream.primary_key for stream in streamed.streams}
    assert keys == {
        "customers": ("customer_id",),
        "orders": ("order_id",),
        "stream_tracer": ("tracer_id",),
    }
    assert {(each.sync_mode, each.cursor_field) for each in streamed.streams} == {
        ("incremental_append", None)
    }


def test_the_first_provisioning_creates_everything_with_its_secrets(server: Server) -> None:
    changes = provision(server)
    assert {action for action, _ in changes.values()} >= {"created"}
    source = next(item for item in server.items["sources"] if item["name"] == "shop_postgres")
    assert (
        source["configuration"] | {"password": "s1", "username": "shop", "database": "shop"}
        == source["configuration"]
    )
    lake = server.items["destinations"]
    assert [item["name"] for item in lake] == ["lake_landing"], "two connections share one destination"
    assert lake[0]["configuration"]["s3_bucket_name"] == "datalake"
    landing = {item["name"]: item["namespaceFormat"] for item in server.items["connections"]}
    assert landing["shop_api_to_lake"] == "source=api"
    assert landing["shop_files_to_lake"] == "source=files"
    api = next(item for item in server.items["sources"] if item["name"] == "shop_api")
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
    connection = next(item for item in server.items["connections"] if item["name"] == "shop_postgres_to_lake")
    connection["configurations"]["streams"][0]["syncMode"] = "full_refresh_append"
    connection["prefix"] = "mine_"
    server.writes.clear()
    action, found = provision(server)["connection shop_postgres_to_lake"]
    assert action == "changed"
    assert set(found) == {"prefix", "configurations.streams.customers.syncMode"}
    assert server.writes == ["PATCH connections shop_postgres_to_lake"]


def test_secrets_are_written_again_on_request_only(server: Server) -> None:
    provision(server)
    server.items["sources"][0]["configuration"]["password"] = "old"
    assert {action for action, _ in provision(server).values()} == {"unchanged"}
    assert provision(server, rewrite_secrets=True)["source shop_postgres"][0] == "changed"
    assert CONNECTIONS["shop_postgres"].password in json.dumps(server.items["sources"])


def compare(server: Server) -> dict[str, tuple[str, tuple[str, ...]]]:
    client = AirbyteClient("http://airbyte/api/public/v1", transport=httpx.MockTransport(server))
    provisioner = AirbyteProvisioner(client, CONNECTIONS.__getitem__, server.sent)
    changes = provisioner.compare(read_all_connection_files())
    return {f"{change.kind} {change.name}": (change.action, change.differences) for change in changes}


def test_a_comparison_with_an_empty_server_finds_all_missing_and_writes_nothing(server: Server) -> None:
    found = compare(server)
    assert {action for action, _ in found.values()} == {"missing"}
    assert set(found) >= {"source shop_postgres", "destination lake_landing", "connection shop_api_to_lake"}
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
        "definition shop_api": ("differs", ("manifest",)),
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
    monkeypatch.setattr(command, "find_connection", CONNECTIONS.get)
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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("name: shop_api_to_lake", "name: other"), "share one name"),
        (("    cursor_field: updated_at\n", ""), "incremental and has no cursor_field"),
        (("destination_sync_mode: append_dedup", "destination_sync_mode: overwrite"), "is not one of"),
        (("    primary_key: [shipment_id]\n", ""), "to be deduplicated and has no primary_key"),
        (
            ("  configuration:\n", "  configuration:\n    replication_method: {method: CDC}\n"),
            "no cursor_field",
        ),
        (("namespace: source=api\n", ""), "lacks 'namespace'"),
    ],
)
def test_a_faulty_file_says_what_is_wrong(
    change: tuple[str, str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (connection_file.CONNECTION_FILES / "shop_api_to_lake.yaml").read_text()
    assert change[0] in text
    (tmp_path / "shop_api_to_lake.yaml").write_text(text.replace(*change))
    monkeypatch.setattr(connection_file, "CONNECTION_FILES", tmp_path)
    with pytest.raises(ConnectionFileError, match=message):
        read_connection_file("shop_api_to_lake")


def test_no_files_at_all_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_file, "CONNECTION_FILES", tmp_path)
    with pytest.raises(ConnectionFileError, match="no connection is declared"):
        read_all_connection_files()
