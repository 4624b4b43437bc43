"""A database that is reached by TLS only: its certificate is looked at, and what does not fit is said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import psycopg
import pytest
import yaml
from airflow.sdk import Connection

from lakehouse.airbyte import connection_file
from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.airbyte.desired_state import desired_configuration
from lakehouse.onboarding import __main__, add
from lakehouse.onboarding.check import _database
from lakehouse.onboarding.checking.finding import Status
from lakehouse.onboarding.writing import derived_files
from lakehouse.platform.airflow_settings import connections, load_settings
from lakehouse.platform.connections import DirectPostgres
from lakehouse.platform.connections import connection as connection_of
from testing.authority import Authority
from testing.foreign_business import PASSWORD, ForeignBusiness, Server
from testing.lakehouse.repository_without import repository_without
from testing.tls_postgres import tls_postgres


@dataclass(frozen=True)
class Encrypted:
    """The foreign business's database behind TLS, and who has signed its certificate."""

    business: ForeignBusiness
    port: int
    authority: Authority

    def address(self, host: str = "127.0.0.1", **more: object) -> str:
        userinfo = urlsplit(self.business.dsn).netloc.rpartition("@")[0]
        query = urlencode({"sslmode": "verify-full", "sslrootcert": self.authority.certificate} | more)
        return f"postgresql://{userinfo}@{host}:{self.port}/{self.business.database}?{query}"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = repository_without("moka", tmp_path / "repository")
    monkeypatch.setattr(add, "REPOSITORY", folder)
    monkeypatch.setattr(derived_files, "parsed_manifest", lambda _: {"nodes": {}})
    monkeypatch.setattr(connection_file, "CONNECTION_FILES", folder / "include/airbyte")
    monkeypatch.setattr(connection_file, "DEFAULTS", folder / "include/airbyte/defaults/connection.yaml")
    for name in ("LAKEHOUSE_ENV_FILE", "PGPASSWORD", "PGHOST", "PGUSER", "PGDATABASE", "PGPORT", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return folder


@pytest.fixture
def encrypted(business: ForeignBusiness, server: Server, tmp_path: Path) -> Iterator[Encrypted]:
    business.next_day()
    authority = Authority(tmp_path / "authority")
    with tls_postgres((server.host, server.port), authority.sign("127.0.0.1")) as port:
        yield Encrypted(business, port, authority)


def bring_in(address: str, *more: str) -> int:
    return __main__.main(["add", "moka", "--postgres", address, "--tables", "orders", *more, "--yes"])


def values_of(root: Path) -> dict[str, str]:
    lines = (root / ".env").read_text().splitlines()
    return {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines) if value}


def test_a_verified_source_comes_in_whole(encrypted: Encrypted, root: Path) -> None:
    assert bring_in(encrypted.address()) == 0
    certificate = str(encrypted.authority.certificate)
    written = {path: path.read_text() for path in root.rglob("*") if path.is_file() and path.name != ".env"}
    assert [path for path, text in written.items() if certificate in text or "BEGIN CERT" in text] == []
    document = yaml.safe_load((root / "include/airbyte/moka_postgres_to_lake.yaml").read_text())
    assert document["source"]["configuration"]["ssl_mode"] == {"mode": "verify-full"}

    settings = load_settings(root / "airflow_settings.yaml", values_of(root), leave_out=lambda *_: None)
    entry = connections(settings)["moka_postgres"]
    assert isinstance(entry, dict)
    assert entry["extra"] == {"sslmode": "verify-full", "sslrootcert": certificate}
    assert entry["password"] == PASSWORD
    declared = read_connection_file("moka_postgres_to_lake")
    known = Connection(conn_id="moka_postgres", **entry | {"extra": json.dumps(entry["extra"])})
    sent = desired_configuration(declared.source, known)
    assert sent["ssl_mode"] == {
        "mode": "verify-full",
        "ca_certificate": encrypted.authority.certificate.read_text(),
    }

    where = connection_of("moka_postgres", {"AIRFLOW_CONN_MOKA_POSTGRES": json.dumps(entry)})
    with DirectPostgres(where).get_conn() as session:
        assert session.execute("select count(*) from orders").fetchone()[0] > 0
    findings = list(_database(where, declared, []))
    assert [each.status for each in findings] == [Status.FITS]
    # A rerun takes the place of the certificate from `.env`.
    assert __main__.main(["add", "moka", "--yes"]) == 0


def test_an_address_gains_and_loses_its_certificate(encrypted: Encrypted, server: Server, root: Path) -> None:
    plain = encrypted.business.dsn
    assert bring_in(f"{plain}?sslmode=disable") == 0
    before = (root / "airflow_settings.yaml").read_text()
    assert "sslrootcert" not in before
    assert bring_in(encrypted.address()) == 0
    assert "sslrootcert: ${MOKA_PG_SSLROOTCERT}" in (root / "airflow_settings.yaml").read_text()
    assert "MOKA_PG_SSLROOTCERT" in (root / "docker/.env.example").read_text()
    assert bring_in(f"{plain}?sslmode=disable") == 0
    assert (root / "airflow_settings.yaml").read_text() == before


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_another_authority_is_refused_with_what_to_do(
    encrypted: Encrypted, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], mode: str
) -> None:
    other = Authority(tmp_path / "other", "Another Authority")
    assert bring_in(encrypted.address(sslmode=mode, sslrootcert=other.certificate)) == 2
    told = capsys.readouterr().err
    assert "certificate verify failed: sslrootcert must be the certificate of the authority" in told
    assert PASSWORD not in told
    assert not (root / "include/airbyte/moka_postgres_to_lake.yaml").exists()


def test_another_host_name_is_refused_by_verify_full_only(
    encrypted: Encrypted, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bring_in(encrypted.address("localhost")) == 2
    assert "use the name that the certificate has, or sslmode=verify-ca" in capsys.readouterr().err
    assert bring_in(encrypted.address("localhost", sslmode="verify-ca")) == 0


def test_a_server_without_tls_is_said_to_have_none(
    encrypted: Encrypted, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query = urlencode({"sslmode": "verify-full", "sslrootcert": encrypted.authority.certificate})
    assert bring_in(f"{encrypted.business.dsn}?{query}") == 2
    assert "server does not support SSL, but SSL was required: turn TLS on" in capsys.readouterr().err


def test_a_client_shows_its_certificate(
    business: ForeignBusiness, server: Server, root: Path, tmp_path: Path
) -> None:
    business.next_day()
    authority = Authority(tmp_path / "authority")
    certificate, key = authority.sign("reader")
    own = authority.sign("127.0.0.1")
    with tls_postgres((server.host, server.port), own, clients=authority.certificate) as port:
        source = Encrypted(business, port, authority)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(source.address())
        assert bring_in(source.address(sslcert=certificate, sslkey=key)) == 0
    entry = next(
        each
        for each in yaml.safe_load((root / "airflow_settings.yaml").read_text())["airflow"]["connections"]
        if each["conn_id"] == "moka_postgres"
    )
    assert list(entry["conn_extra"]) == ["sslmode", "sslrootcert", "sslcert", "sslkey"]
    assert values_of(root)["MOKA_PG_SSLKEY"] == str(key)
