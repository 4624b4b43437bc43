"""A secret that changes is seen, told and sent, although Airbyte never shows it."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from airflow.sdk import Connection

from lakehouse.airbyte.__main__ import line_of
from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.airbyte.drift import masked
from lakehouse.airbyte.provisioning import AirbyteProvisioner, Change
from lakehouse.airbyte.sent_secrets import Comparison, SecretLedger
from tests.unit.lakehouse.airbyte.test_airbyte_connections_as_code import CONNECTIONS, Remembered, Server

pytestmark = pytest.mark.usefixtures("cafe")
FILE = "cafe_postgres_to_lake"
SOURCE = "source cafe_postgres"


@pytest.fixture
def server() -> Server:
    return Server()


def provisioner(server: Server, password: str = "s1", rewrite: bool = False) -> AirbyteProvisioner:
    cafe = CONNECTIONS["cafe_postgres"]
    changed = Connection(
        conn_id="cafe_postgres", conn_type="postgres", host=cafe.host, port=cafe.port, schema=cafe.schema,
        login=cafe.login, password=password,
    )  # fmt: skip
    client = AirbyteClient("http://airbyte/api/public/v1", transport=httpx.MockTransport(server))
    found = CONNECTIONS | {"cafe_postgres": changed}
    return AirbyteProvisioner(client, found.__getitem__, server.sent, rewrite)


def told(changes: list[Change]) -> dict[str, Change]:
    return {f"{change.kind} {change.name}": change for change in changes}


def compare(server: Server, password: str = "s1") -> dict[str, Change]:
    return told(provisioner(server, password).compare([read_connection_file(FILE)]))


def apply(server: Server, password: str = "s1") -> dict[str, Change]:
    return told(provisioner(server, password).apply([read_connection_file(FILE)]))


def test_a_repaired_password_differs_is_sent_once_and_then_equal(server: Server) -> None:
    """It failed the same way again: `diff` said unchanged, and `apply` sent nothing."""
    apply(server, "wrong")
    found = compare(server, "right")[SOURCE]
    assert (found.action, found.differences) == ("differs", ("configuration.password (secret)",))
    assert "right" not in line_of(found)
    assert server.items["sources"][0]["configuration"]["password"] == "wrong"
    assert apply(server, "right")[SOURCE].action == "changed"
    assert server.items["sources"][0]["configuration"]["password"] == "right"
    assert compare(server, "right")[SOURCE].action == "unchanged"
    server.writes.clear()
    assert apply(server, "right")[SOURCE].action == "unchanged"
    assert server.writes == []


def test_the_landing_s_secret_is_seen_like_the_source_s(server: Server) -> None:
    apply(server)
    [destination] = server.items["destinations"]
    server.sent.held[destination["destinationId"]]["configuration.secret_access_key"] = "older"
    found = compare(server)["destination lake_landing"]
    assert found.differences == ("configuration.secret_access_key (secret)",)


def test_a_secret_that_was_never_sent_from_here_is_unknown_and_sent_with_the_next_apply(
    server: Server,
) -> None:
    apply(server)
    server.sent.held.clear()
    found = compare(server)[SOURCE]
    assert (found.action, found.unknown) == ("unchanged", ("configuration.password",))
    assert "never sent from here, so it may differ: configuration.password" in line_of(found)
    assert apply(server)[SOURCE].differences == ("secrets",)
    assert compare(server)[SOURCE].unknown == ()


def test_a_write_that_the_server_refuses_is_not_remembered(server: Server) -> None:
    apply(server, "first")

    def refusing(request: httpx.Request) -> httpx.Response:
        return httpx.Response(422, json={}) if request.method == "PATCH" else server(request)

    broken = provisioner(server, "second")
    broken._client = AirbyteClient("http://airbyte/api/public/v1", transport=httpx.MockTransport(refusing))
    with pytest.raises(Exception, match="422"):
        broken.apply([read_connection_file(FILE)])
    assert compare(server, "second")[SOURCE].differences == ("configuration.password (secret)",)


@pytest.mark.parametrize(
    ("wanted", "held", "found"),
    [
        ({"a": {"password": "p", "b": 1}}, {"a": {"password": "****", "b": 1}}, {"a.password": "p"}),
        ({"a": "p"}, {"a": "p"}, {}),
        ({"a": "p"}, {}, {}),
        ({"a": {"b": "p"}}, {"a": "x"}, {}),
    ],
)
def test_what_the_server_masks_is_a_secret(wanted: Any, held: Any, found: dict[str, Any]) -> None:
    assert masked(wanted, held) == found


class Table:
    """The three statements of the ledger's table, and all that it ever stored."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], dict[str, str]] = {}
        self.found: list[tuple[str, str, str]] = []

    def get_conn(self) -> Table:
        return self

    cursor = get_conn

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to commit."""

    def close(self) -> None:
        """Nothing to close."""

    def execute(self, statement: str, values: dict[str, str]) -> None:
        thing = values["thing_id"]
        if statement.startswith("select"):
            self.found = [
                (path, row["salt"], row["digest"]) for (held, path), row in self.rows.items() if held == thing
            ]
        elif statement.startswith("delete"):
            self.rows = {key: row for key, row in self.rows.items() if key[0] != thing}
        else:
            self.rows[thing, values["path"]] = values

    def fetchall(self) -> list[tuple[str, str, str]]:
        return self.found


def test_the_ledger_keeps_no_secret_and_knows_each_again() -> None:
    table = Table()
    ledger = SecretLedger(table)
    sent = {"password": "hunter2", "key": {"nested": "k"}}
    ledger.record("source-1", sent)
    ledger.record("source-2", {"password": "hunter2"})
    assert ledger.compare("source-1", sent) == Comparison()
    assert ledger.compare("source-1", {"password": "hunter3", "token": "t"}) == Comparison(
        changed=("password",), unknown=("token",)
    )
    assert ledger.compare("source-3", {"password": "hunter2"}).unknown == ("password",)
    assert "hunter2" not in json.dumps(list(table.rows.values()))
    digests = [table.rows[thing, "password"]["digest"] for thing in ("source-1", "source-2")]
    assert digests[0] != digests[1], "equal passwords must not look equal"
    ledger.record("source-1", {"token": "t"})
    assert ledger.compare("source-1", {"password": "hunter2"}).unknown == ("password",)


def test_what_is_remembered_in_tests_behaves_as_the_ledger() -> None:
    kept: list[Remembered | SecretLedger] = [Remembered(), SecretLedger(Table())]
    for each in kept:
        each.record("a", {"x": "1", "y": "2"})
        assert each.compare("a", {"x": "1", "y": "3", "z": "4"}) == Comparison(("y",), ("z",))
