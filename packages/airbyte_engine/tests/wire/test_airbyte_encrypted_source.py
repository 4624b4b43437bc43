"""A PostgreSQL source by TLS: its certificate is looked at by every session of a sync, and kept to itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.wire.conftest import Landing
from tests.wire.tables import Tables

from testing.authority import Authority
from testing.ingestion_stack import AirbyteServer, IngestionStack
from testing.tls_postgres import tls_postgres

HIDDEN = "**********"


@dataclass(frozen=True)
class Encrypted:
    """The shop's database behind TLS, whose certificate is for 127.0.0.1."""

    port: int
    authority: Authority

    def settings(self, mode: str, **more: str) -> dict[str, Any]:
        known = {"ca_certificate": self.authority.certificate.read_text()}
        return {"port": self.port, "ssl_mode": {"mode": mode} | known | more}


@pytest.fixture
def encrypted(stack: IngestionStack, tmp_path: Path) -> Iterator[Encrypted]:
    authority = Authority(tmp_path)
    where = stack.database("SHOP")
    with tls_postgres((where["host"], int(where["port"])), authority.sign("127.0.0.1")) as port:
        yield Encrypted(port, authority)


@pytest.fixture
def tables(airbyte: AirbyteServer, landing: Landing, stack: IngestionStack) -> Iterator[Tables]:
    made = Tables(airbyte, landing, stack.database("SHOP"))
    made.run("create table cups (id bigint primary key)")
    made.run("insert into cups values (1), (2)")
    yield made
    made.drop()


@pytest.mark.parametrize(("mode", "host"), [("verify-full", "127.0.0.1"), ("verify-ca", "localhost")])
def test_tables_are_read_over_a_verified_connection(
    tables: Tables, encrypted: Encrypted, mode: str, host: str
) -> None:
    tables.connect("cups", cursor="id", host=host, **encrypted.settings(mode))
    assert tables.sync()["rowsSynced"] == 2
    assert tables.column("cups", "id") == [1, 2]


def test_the_log_is_read_over_a_verified_connection(tables: Tables, encrypted: Encrypted) -> None:
    tables.run(f"create publication {tables.schema} for table cups")
    names = {"publication": tables.schema, "replication_slot": tables.schema}
    method = {"method": "CDC", "plugin": "pgoutput"} | names
    tables.connect("cups", replication_method=method, **encrypted.settings("verify-full"))
    tables.log_mode("cups")
    assert tables.sync()["rowsSynced"] == 2
    tables.run("insert into cups values (3)")
    assert tables.sync()["rowsSynced"] == 1


def test_another_authority_or_host_name_ends_the_sync_and_says_what_to_do(
    tables: Tables, encrypted: Encrypted, tmp_path: Path
) -> None:
    tables.connect("cups", **encrypted.settings("verify-full"))
    other = Authority(tmp_path / "other").certificate.read_text()
    tables.change_source(ssl_mode={"mode": "verify-full", "ca_certificate": other})
    assert "certificate verify failed: ssl_mode.ca_certificate must be" in tables.failure()
    tables.change_source(host="localhost", **encrypted.settings("verify-full"))
    assert "use the name that the certificate has, or the mode verify-ca" in tables.failure()


def test_the_certificates_are_hidden_and_a_hidden_one_is_kept(tables: Tables, encrypted: Encrypted) -> None:
    tables.connect("cups", **encrypted.settings("verify-full"))
    shown = tables.source()["configuration"]["ssl_mode"]
    assert shown == {"mode": "verify-full", "ca_certificate": HIDDEN}
    tables.change_source(ssl_mode={"mode": "verify-ca", "ca_certificate": HIDDEN})
    assert tables.sync()["rowsSynced"] == 2


def test_a_client_shows_its_certificate(tables: Tables, stack: IngestionStack, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.sign("reader")
    where = stack.database("SHOP")
    server = (where["host"], int(where["port"]))
    with tls_postgres(server, authority.sign("127.0.0.1"), clients=authority.certificate) as port:
        own = {"client_certificate": certificate.read_text(), "client_key": key.read_text()}
        tables.connect("cups", **Encrypted(port, authority).settings("verify-full", **own))
        assert tables.sync()["rowsSynced"] == 2
    assert tables.source()["configuration"]["ssl_mode"]["client_key"] == HIDDEN


@pytest.mark.parametrize(
    ("ssl_mode", "words"),
    [
        ({"mode": "verify-full"}, "lacks ca_certificate"),
        ({"mode": "trusting"}, "is not one of disable, allow, prefer, require, verify-ca, verify-full"),
        ({"mode": "verify-ca", "ca_certificate": "c", "client_key": "k"}, "needs both or neither"),
    ],
)
def test_a_mode_that_cannot_work_is_refused(tables: Tables, ssl_mode: dict[str, str], words: str) -> None:
    with pytest.raises(Exception, match=words):
        tables.connect("cups", ssl_mode=ssl_mode)
