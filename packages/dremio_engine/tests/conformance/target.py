"""What the suite runs against: a Dremio named by the environment, or an embedded engine of its own.

    DREMIO_URL        http://dremio.example:9047; unset: an embedded engine on free ports, with own state
    DREMIO_FLIGHT     grpc+tcp://dremio.example:32010 (grpc+tls:// for TLS)
    DREMIO_USER, DREMIO_PASSWORD
    DREMIO_CONFORMANCE_SOURCE   a source that holds Iceberg tables, writable by that user
    DREMIO_CONFORMANCE_FILES    the root of that source as a pyarrow file system URI, for the tests that put
                                files there (file:///..., s3://key:secret@bucket/root?endpoint_override=...);
                                unset: these tests are skipped, and say so

Everything the suite makes has the run's own name in its path: a space, and tables in a folder of the source.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from testing.engine_on_the_wire import Client, EngineProcess

SOURCE = "conformance_lake"


@dataclass(frozen=True)
class Target:
    """Where to reach it, and the names this run may use."""

    url: str
    flight_url: str
    user: str
    password: str = field(repr=False)
    source: str
    files: str | None
    embedded: bool
    """Whether it is the embedded engine, so that its documented differences apply."""
    run: str = field(default_factory=lambda: f"conformance_{secrets.token_hex(4)}")

    @property
    def space(self) -> str:
        """The space that holds this run's views."""
        return self.run

    def client(self) -> Client:
        """A logged-in REST client."""
        return Client(self.url, self.user, self.password)

    def table(self, name: str) -> str:
        """The quoted path of a table of this run."""
        return f'"{self.source}"."{self.run}"."{name}"'


@contextmanager
def opened() -> Iterator[Target]:
    """The target with the run's space made; whatever the run made is gone afterwards, however it ended."""
    with _from_environment() if "DREMIO_URL" in os.environ else _embedded() as target:
        client = target.client()
        answer = client.create({"entityType": "space", "name": target.space})
        assert answer.status_code == 200, answer.text
        try:
            yield target
        finally:
            _clean(target, client)


@contextmanager
def _from_environment() -> Iterator[Target]:
    yield Target(
        url=os.environ["DREMIO_URL"].rstrip("/"),
        flight_url=os.environ["DREMIO_FLIGHT"],
        user=os.environ["DREMIO_USER"],
        password=os.environ["DREMIO_PASSWORD"],
        source=os.environ["DREMIO_CONFORMANCE_SOURCE"],
        files=os.environ.get("DREMIO_CONFORMANCE_FILES"),
        embedded=False,
    )


@contextmanager
def _embedded() -> Iterator[Target]:
    """An engine process over a folder of its own. Sources on S3 are tested under tests/integration."""
    with tempfile.TemporaryDirectory(prefix="lakehouse-conformance-") as folder:
        state = Path(folder)
        lake = state / "nas" / "lake"
        lake.mkdir(parents=True)
        process = EngineProcess(state)
        process.start(DREMIO_EDITION="enterprise")  # which has what Community has, and grants
        try:
            source = {"entityType": "source", "type": "NAS", "name": SOURCE, "config": {"path": str(lake)}}
            answer = process.client().create(source)
            assert answer.status_code == 200, answer.text
            yield Target(
                url=process.url,
                flight_url=process.flight_url,
                user=process.user,
                password=process.password,
                source=SOURCE,
                files=f"file://{lake}",
                embedded=True,
            )
        finally:
            process.stop()


def _clean(target: Target, client: Client) -> None:
    """Drop the run's tables and spaces, and say so if a table is left."""
    for path in _tables(target, client):
        client.sql(f"drop table if exists {path}")
    for entry in client.http.get("/api/v3/catalog").json()["data"]:
        if entry["path"][0].startswith(target.run):
            client.http.delete(f"/api/v3/catalog/{entry['id']}").raise_for_status()
    left = _tables(target, client)
    assert not left, f"the run left {left}"


def _tables(target: Target, client: Client) -> list[str]:
    """The quoted paths of all tables under this run's folders of the source."""
    rows = client.sql(
        'select table_schema, table_name from information_schema."tables"'
        f" where table_schema like '{target.source}.{target.run}%' and table_type <> 'VIEW'"
    )
    return [
        ".".join(f'"{part}"' for part in (*row["table_schema"].split("."), row["table_name"])) for row in rows
    ]
