"""Wikis and tags. docs.dremio.com/current/reference/api/catalog: Wiki, Tag."""

import pytest
from tests.conformance.target import Target

from testing.engine_on_the_wire import Client


@pytest.fixture
def notes(dremio: Target, client: Client, request: pytest.FixtureRequest) -> str:
    """The address of the notes of a table of the test's own."""
    name = f"noted_{abs(hash(request.node.name)) % 10_000}"
    client.sql(f"create table {dremio.table(name)} as select 1 as a")
    return f"/api/v3/catalog/{client.by_path(dremio.source, dremio.run, name)['id']}/collaboration"


def test_a_wiki_is_written_changed_and_emptied_by_version(client: Client, notes: str) -> None:
    first = client.http.post(f"{notes}/wiki", json={"text": "one"}).json()
    assert first["text"] == "one"
    second = client.http.post(f"{notes}/wiki", json={"text": "two", "version": first["version"]}).json()
    assert second["version"] != first["version"]
    assert client.http.get(f"{notes}/wiki").json()["text"] == "two"
    client.http.post(f"{notes}/wiki", json={"text": "", "version": second["version"]})
    assert client.http.get(f"{notes}/wiki").json()["text"] == ""


def test_a_wiki_of_another_version_is_not_written_over(client: Client, notes: str) -> None:
    client.http.post(f"{notes}/wiki", json={"text": "kept"})
    assert client.http.post(f"{notes}/wiki", json={"text": "lost"}).status_code == 409
    assert client.http.get(f"{notes}/wiki").json()["text"] == "kept"


def test_tags_are_written_and_changed_by_version(client: Client, notes: str) -> None:
    first = client.http.post(f"{notes}/tag", json={"tags": ["gold", "daily"]}).json()
    assert client.http.get(f"{notes}/tag").json()["tags"] == ["gold", "daily"]
    assert client.http.post(f"{notes}/tag", json={"tags": ["lost"]}).status_code == 409
    client.http.post(f"{notes}/tag", json={"tags": ["gold"], "version": first["version"]})
    assert client.http.get(f"{notes}/tag").json()["tags"] == ["gold"]


def test_dbt_can_read_the_notes_of_a_table_that_has_none(client: Client, notes: str) -> None:
    wiki, tags = client.http.get(f"{notes}/wiki"), client.http.get(f"{notes}/tag")
    assert (wiki.status_code, wiki.json().get("version")) == (200, None)
    assert (tags.status_code, tags.json().get("version")) == (200, None)


def test_notes_of_what_is_not_there_are_404(client: Client) -> None:
    missing = "/api/v3/catalog/1acab7b3-ee82-44c1-abcc-e86d56078d4d/collaboration"
    assert client.http.get(f"{missing}/wiki").status_code == 404
    assert client.http.post(f"{missing}/tag", json={"tags": ["a"]}).status_code == 404
