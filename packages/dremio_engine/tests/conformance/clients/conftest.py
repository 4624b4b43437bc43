"""Where the clients find the target."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.conformance.target import Target


@dataclass(frozen=True)
class Address:
    """The target's REST and Flight endpoints, part by part."""

    host: str
    port: int
    tls: bool
    flight_port: int


@pytest.fixture(scope="session")
def address(dremio: Target) -> Address:
    """As a client's own settings name it."""
    rest, flight = urlsplit(dremio.url), urlsplit(dremio.flight_url)
    assert rest.hostname
    tls = rest.scheme == "https"
    return Address(rest.hostname, rest.port or (443 if tls else 80), tls, flight.port or 32010)


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory without profiles: the clients look for theirs, and keep what they learn."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path
