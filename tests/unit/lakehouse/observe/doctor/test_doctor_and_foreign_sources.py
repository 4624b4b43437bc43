"""A source that the platform does not run is looked at by its owner: no service of the platform starts it."""

from __future__ import annotations

import pytest

from lakehouse.airbyte.connection_file import ConnectionFile, Endpoint
from lakehouse.observe.doctor import connections
from lakehouse.observe.doctor.surroundings import Surroundings
from tests.unit.lakehouse.observe.doctor.clinic import EMBEDDED, connected


def declared(business: str) -> ConnectionFile:
    return ConnectionFile(
        name=f"{business}_api_to_lake",
        business=business,
        cadence="small_table",
        source=Endpoint(f"{business}_api", "declarative", f"{business}_api", {}),
        destination=Endpoint("lake_landing", "s3", "lake_s3", {}),
        namespace=f"source={business}_api",
        prefix=f"{business}_",
        streams=(),
    )


@pytest.mark.parametrize(
    ("business", "command"),
    [("cafe", "bin/source check cafe"), ("shop", 'make up SERVICE="shop"')],
)
def test_a_source_that_does_not_answer_names_what_can_be_done_here(
    monkeypatch: pytest.MonkeyPatch, business: str, command: str
) -> None:
    monkeypatch.setattr(connections, "read_all_connection_files", lambda: [declared(business)])
    connected(monkeypatch, f"{business}_api", host="http://127.0.0.1:9", password="token-of-it")
    look, service = connections.connection_looks()[f"{business}_api"]
    [found] = list(look(Surroundings(environ=EMBEDDED)))
    assert found.what == f"{business}_api does not answer, or refuses"
    assert found.command == command
    assert service == ("shop" if business == "shop" else "")
    [elsewhere] = list(look(Surroundings(environ={})))
    assert "make up" not in elsewhere.command
