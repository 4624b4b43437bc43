"""Where a database is: typed, from libpq's variables, from `.env`, or asked; no message has a password."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from lakehouse.onboarding.adding.address import read_address
from lakehouse.onboarding.adding.encryption import Encryption
from lakehouse.onboarding.writing.blueprint import BlueprintError

KEPT = {
    "CAFE_PG_HOST": "db",
    "CAFE_PG_PORT": "6432",
    "CAFE_PG_DATABASE": "cafe",
    "CAFE_PG_USER": "reader",
    "CAFE_PG_PASSWORD": "kept",
}


@pytest.fixture(autouse=True)
def _no_variables_of_libpq(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("PG")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def pem(tmp_path: Path) -> Path:
    """An authority's certificate, a client's and its key, which nobody reads here."""
    for name, what in (("root", "CERTIFICATE"), ("own", "CERTIFICATE"), ("key", "PRIVATE KEY")):
        (tmp_path / f"{name}.pem").write_text(f"-----BEGIN {what}-----\nAA==\n-----END {what}-----\n")
    return tmp_path


def test_an_address_becomes_values_and_a_string_for_libpq() -> None:
    address = read_address("postgresql://reader:p%40ss@db/cafe?sslmode=require", "cafe", {})
    assert address.values("cafe") == {
        "CAFE_PG_HOST": "db",
        "CAFE_PG_PORT": "5432",
        "CAFE_PG_DATABASE": "cafe",
        "CAFE_PG_USER": "reader",
        "CAFE_PG_PASSWORD": "p@ss",
    }
    assert address.encryption == Encryption("require")
    assert "password=p@ss" in address.dsn


def test_a_password_comes_from_libpqs_variable_before_the_one_that_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    typed = "postgresql://reader@db/cafe"
    assert read_address(typed, "cafe", KEPT).password == "kept"
    monkeypatch.setenv("PGPASSWORD", "exported")
    assert read_address(typed, "cafe", KEPT).password == "exported"


def test_without_an_address_what_is_kept_is_used_and_not_libpqs_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGHOST", "another")
    assert read_address(None, "cafe", KEPT).values("cafe") == KEPT


def test_an_address_may_come_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("host=db dbname=cafe user=reader password=piped\n"))
    assert read_address("-", "cafe", {}).password == "piped"


def test_a_password_is_asked_for_only_if_none_is_known() -> None:
    assert read_address("postgresql://reader@db/cafe", "cafe", {}, ask=lambda _: "typed").password == "typed"
    assert read_address("postgresql://reader:given@db/cafe", "cafe", {}, ask=pytest.fail).password == "given"


@pytest.mark.parametrize(
    ("given", "host", "password"),
    [
        ("postgres://reader:p%40%3A%2F%25%20%23w@db/cafe", "db", "p@:/% #w"),
        ("postgresql://reader:pw@[::1]:5432/cafe", "::1", "pw"),
        ("host=db port=5432 dbname=cafe user=reader password='it''s a \\\\ pw'", "db", None),
        ("host=db dbname=cafe user=reader password='it\\'s \\\\ pw'", "db", "it's \\ pw"),
        ("hostaddr=10.0.0.7 dbname=cafe user=reader password=pw", "10.0.0.7", "pw"),
        ("postgresql://reader:pw@db/cafe?connect_timeout=5&application_name=me", "db", "pw"),
    ],
)
def test_every_form_of_an_address_is_read(given: str, host: str, password: str | None) -> None:
    if password is None:
        with pytest.raises(BlueprintError, match="cannot be read"):
            read_address(given, "cafe", {})
        return
    values = read_address(given, "cafe", {}).values("cafe")
    assert (values["CAFE_PG_HOST"], values["CAFE_PG_PASSWORD"]) == (host, password)
    assert (values["CAFE_PG_PORT"], values["CAFE_PG_DATABASE"]) == ("5432", "cafe")


@pytest.mark.parametrize("by_variable", [False, True])
def test_a_service_is_looked_up_where_libpq_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, by_variable: bool
) -> None:
    file = tmp_path / "services.conf"
    file.write_text("[cafe_ro]\nhost=db\nport=6543\ndbname=cafe\nuser=reader\npassword=of the service\n")
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    if by_variable:
        monkeypatch.setenv("PGSERVICE", "cafe_ro")
    typed = "user=other" if by_variable else "service=cafe_ro user=other"
    address = read_address(typed, "cafe", {})
    assert (address.host, address.port, address.user) == ("db", "6543", "other")
    assert address.password == "of the service"
    assert ("PGSERVICE" in os.environ) is by_variable
    assert "service" not in conninfo_to_dict(address.dsn)


def test_certificates_are_kept_by_their_whole_paths(monkeypatch: pytest.MonkeyPatch, pem: Path) -> None:
    monkeypatch.chdir(pem)
    words = "sslmode=verify-full&sslrootcert=root.pem&sslcert=~/own.pem&sslkey=key.pem"
    address = read_address(f"postgresql://reader:pw@db/cafe?{words}", "cafe", {})
    files = {word: f"{pem}/{name}.pem" for word, name in WORDS.items()}
    assert address.encryption == Encryption("verify-full", files)
    assert {word: conninfo_to_dict(address.dsn)[word] for word in WORDS} == files
    kept = address.values("cafe")
    assert kept["CAFE_PG_SSLROOTCERT"] == f"{pem}/root.pem"
    assert read_address(None, "cafe", kept, "verify-full").encryption == address.encryption
    assert read_address(None, "cafe", kept, "require").encryption == Encryption("require")


WORDS = {"sslrootcert": "root", "sslcert": "own", "sslkey": "key"}


@pytest.mark.parametrize("place", ["PGSSLROOTCERT", "libpq's own"])
def test_a_certificate_may_be_where_libpq_finds_it(
    monkeypatch: pytest.MonkeyPatch, pem: Path, place: str
) -> None:
    path = pem / "root.pem"
    if place == "PGSSLROOTCERT":
        monkeypatch.setenv(place, str(path))
    else:
        (pem / ".postgresql").mkdir()
        path = path.rename(pem / ".postgresql/root.crt")
    monkeypatch.setenv("PGSSLMODE", "verify-ca")
    address = read_address("postgresql://reader:pw@db/cafe", "cafe", {})
    assert address.encryption == Encryption("verify-ca", {"sslrootcert": str(path)})


def test_files_that_do_not_prove_anything_are_refused(pem: Path) -> None:
    (pem / "root.der").write_bytes(b"\x30\x82\xff")
    (pem / "locked.pem").write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n")
    for words, reason in (
        (f"sslrootcert={pem}/root.der", "root.der cannot be read: it is not a text"),
        (f"sslrootcert={pem}/key.pem", "key.pem is not a file of PEM with a certificate"),
        (f"sslrootcert={pem}/root.pem&sslcert={pem}/own.pem", "two files: give sslcert=PATH and sslkey=PATH"),
        (f"sslrootcert={pem}/root.pem&sslcert={pem}/own.pem&sslkey={pem}/locked.pem", "has a passphrase"),
    ):
        with pytest.raises(BlueprintError, match=reason):
            read_address(f"postgresql://reader:pw@db/cafe?sslmode=verify-full&{words}", "cafe", {})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("postgresql://reader:secret@/cafe", "lacks host"),
        ("postgresql://:secret@db", "lacks dbname, user"),
        ("postgresql://reader:secret@db:x:y/cafe?nonsense=1", "the PostgreSQL address cannot be read"),
        ("secret", "the PostgreSQL address cannot be read"),
        ("host=/run/postgresql dbname=cafe user=reader password=secret", "not a socket"),
        ("host=a,b dbname=cafe user=reader password=secret", "needs one host name"),
        ("postgresql://reader@db/cafe", "no password for reader at db: set PGPASSWORD"),
        (
            "postgresql://reader:secret@db/cafe?sslmode=verify-full",
            "add sslrootcert=PATH to the address or set",
        ),
        (
            "postgresql://reader:secret@db/cafe?sslmode=trusting",
            "sslmode=trusting is not one of disable, allow",
        ),
        (
            "postgresql://reader:secret@db/cafe?sslmode=verify-full&sslrootcert=system",
            "give the file of the one",
        ),
        (
            "postgresql://reader:secret@db/cafe?sslmode=verify-full&sslrootcert=/gone.pem",
            "/gone.pem cannot be read",
        ),
        (
            "postgresql://reader:secret@db/cafe?sslrootcert=/root.pem",
            "sslrootcert: with sslmode=prefer Airbyte",
        ),
        (
            "postgresql://reader:secret@db/cafe?sslmode=require&sslcert=/c",
            "sslcert: with sslmode=require Airbyte",
        ),
        ("postgresql://reader:secret@db/cafe?options=-csearch_path%3Dsales", "give --schema a,b"),
        ("postgresql://reader:secret@/cafe?host=/run/postgresql", "not a socket"),
        ("service=nobodys", "there is no service nobodys in ~/.pg_service.conf"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_without_the_password(given: str, words: str) -> None:
    with pytest.raises(BlueprintError, match=words) as refused:
        read_address(given, "cafe", {})
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)
