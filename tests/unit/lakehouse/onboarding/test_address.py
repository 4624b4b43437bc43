"""Where a database is: typed, from libpq's variables, from `.env`, or asked; no message has a password."""

from __future__ import annotations

import io
import sys

import pytest

from lakehouse.onboarding.adding.address import read_address
from lakehouse.onboarding.writing.blueprint import BlueprintError

KEPT = {
    "CAFE_PG_HOST": "db",
    "CAFE_PG_PORT": "6432",
    "CAFE_PG_DATABASE": "cafe",
    "CAFE_PG_USER": "reader",
    "CAFE_PG_PASSWORD": "kept",
}


@pytest.fixture(autouse=True)
def _no_variables_of_libpq(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGPORT", "PGDATABASE", "PGUSER", "PGPASSWORD"):
        monkeypatch.delenv(name, raising=False)


def test_an_address_becomes_values_and_a_string_for_libpq() -> None:
    address = read_address("postgresql://reader:p%40ss@db/cafe?sslmode=require", "cafe", {})
    assert address.values("cafe") == {
        "CAFE_PG_HOST": "db",
        "CAFE_PG_PORT": "5432",
        "CAFE_PG_DATABASE": "cafe",
        "CAFE_PG_USER": "reader",
        "CAFE_PG_PASSWORD": "p@ss",
    }
    assert address.ssl_mode == "require"
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
    ("given", "words"),
    [
        ("postgresql://reader:secret@/cafe", "lacks host"),
        ("postgresql://:secret@db", "lacks dbname, user"),
        ("postgresql://reader:secret@db:x:y/cafe?nonsense=1", "the PostgreSQL address cannot be read"),
        ("secret", "the PostgreSQL address cannot be read"),
        ("host=/run/postgresql dbname=cafe user=reader password=secret", "not a socket"),
        ("host=a,b dbname=cafe user=reader password=secret", "needs one host name"),
        ("postgresql://reader@db/cafe", "no password for reader at db: set PGPASSWORD"),
        ("postgresql://reader:secret@db/cafe?sslmode=verify-full", "sslmode=verify-full needs a certificate"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence_without_the_password(given: str, words: str) -> None:
    with pytest.raises(BlueprintError, match=words) as refused:
        read_address(given, "cafe", {})
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)
