"""Sources, spaces, folders, views and tables. docs.dremio.com/current/reference/api: Catalog."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from tests.conformance.target import Target

from testing.engine_on_the_wire import Client, StatementFailed


@pytest.fixture
def space(dremio: Target, client: Client) -> Iterator[dict[str, Any]]:
    """A space of the test's own, gone afterwards."""
    made = client.create({"entityType": "space", "name": f"{dremio.run}_own"}).json()
    yield made
    client.http.delete(f"/api/v3/catalog/{made['id']}")


def test_the_roots_list_the_source_and_the_space(dremio: Target, client: Client) -> None:
    roots = {entry["path"][0]: entry for entry in client.http.get("/api/v3/catalog").json()["data"]}
    assert roots[dremio.source]["containerType"] == "SOURCE"
    assert roots[dremio.space]["containerType"] == "SPACE"
    assert {roots[dremio.source]["type"], roots[dremio.space]["type"]} == {"CONTAINER"}


def test_an_object_is_the_same_by_id_and_by_path(dremio: Target, client: Client) -> None:
    by_path = client.by_path(dremio.space)
    assert by_path["entityType"] == "space"
    assert client.http.get(f"/api/v3/catalog/{by_path['id']}").json() == by_path


def test_what_is_not_there_is_404(dremio: Target, client: Client) -> None:
    for path in ("no_such_space", f"{dremio.space}/no_such_folder", f"{dremio.source}/{dremio.run}/none"):
        assert client.http.get(f"/api/v3/catalog/by-path/{path}").status_code == 404
    unknown = "1acab7b3-ee82-44c1-abcc-e86d56078d4d"
    assert client.http.get(f"/api/v3/catalog/{unknown}").status_code == 404


def test_a_taken_name_is_409_in_the_words_that_dbt_reads(dremio: Target, client: Client) -> None:
    answer = client.create({"entityType": "space", "name": dremio.space})
    assert answer.status_code == 409
    assert "already exists" in answer.json()["errorMessage"]


def test_a_folder_lies_in_a_space_and_names_its_children(client: Client, space: dict[str, Any]) -> None:
    path = [space["name"], "outer"]
    made = client.create({"entityType": "folder", "path": path})
    assert made.status_code == 200, made.text
    assert client.create({"entityType": "folder", "path": [*path, "inner"]}).status_code == 200
    assert client.create({"entityType": "folder", "path": path}).status_code == 409
    shown = client.http.get(f"/api/v3/catalog/{made.json()['id']}").json()
    assert (shown["entityType"], shown["path"]) == ("folder", path)
    assert [(c["path"], c["type"], c["containerType"]) for c in shown["children"]] == [
        ([*path, "inner"], "CONTAINER", "FOLDER")
    ]


def test_a_folder_in_a_source_is_refused_in_the_words_that_dbt_reads(dremio: Target, client: Client) -> None:
    answer = client.create({"entityType": "folder", "path": [dremio.source, f"{dremio.run}_folder"]})
    assert answer.status_code == 400
    assert "Can not create a folder inside a [SOURCE]" in answer.json()["errorMessage"]


def test_names_with_spaces_dots_and_slashes_survive(client: Client, space: dict[str, Any]) -> None:
    name = "a folder. with %25 signs"
    assert client.create({"entityType": "folder", "path": [space["name"], name]}).status_code == 200
    answer = client.http.get(f"/api/v3/catalog/by-path/{space['name']}/{quote(name, safe='')}")
    assert answer.json()["path"] == [space["name"], name]


def test_a_view_is_made_changed_and_deleted_over_rest(client: Client, space: dict[str, Any]) -> None:
    path = [space["name"], "answer"]
    body = {"entityType": "dataset", "type": "VIRTUAL_DATASET", "path": path, "sql": "select 42 as a"}
    made = client.create(body)
    assert made.status_code == 200, made.text
    view = made.json()
    assert (view["entityType"], view["type"], view["sql"]) == ("dataset", "VIRTUAL_DATASET", "select 42 as a")
    assert [(f["name"], f["type"]["name"]) for f in view["fields"]] == [("a", "INTEGER")]
    assert client.sql(f'select a from "{space["name"]}".answer') == [{"a": 42}]

    changed = client.http.put(
        f"/api/v3/catalog/{view['id']}",
        json={**body, "id": view["id"], "tag": view["tag"], "sql": "select 43 as a"},
    )
    assert changed.status_code == 200, changed.text
    assert client.sql(f'select a from "{space["name"]}".answer') == [{"a": 43}]
    stale = client.http.put(
        f"/api/v3/catalog/{view['id']}", json={**body, "id": view["id"], "tag": view["tag"]}
    )
    assert stale.status_code == 409

    assert client.http.delete(f"/api/v3/catalog/{view['id']}").status_code == 204
    assert client.http.get(f"/api/v3/catalog/{view['id']}").status_code == 404


def test_a_deleted_space_takes_what_it_holds_along(client: Client, space: dict[str, Any]) -> None:
    client.create({"entityType": "folder", "path": [space["name"], "f"]})
    client.sql(f'create view "{space["name"]}".f.v as select 1 as a')
    assert client.http.delete(f"/api/v3/catalog/{space['id']}").status_code == 204
    with pytest.raises(StatementFailed):
        client.sql(f'select a from "{space["name"]}".f.v')


def test_a_table_is_a_physical_dataset_with_its_fields(dremio: Target, client: Client) -> None:
    client.sql(
        f"create table {dremio.table('fields')} as select 1 as i, cast(2 as bigint) as b, 'x' as s,"
        " date '2025-10-16' as d, cast(1.5 as decimal(12,2)) as m"
    )
    shown = client.by_path(dremio.source, dremio.run, "fields")
    assert (shown["entityType"], shown["type"]) == ("dataset", "PHYSICAL_DATASET")
    assert shown["path"] == [dremio.source, dremio.run, "fields"]
    types = {field["name"]: field["type"] for field in shown["fields"]}
    assert {name: kind["name"] for name, kind in types.items()} == {
        "i": "INTEGER", "b": "BIGINT", "s": "VARCHAR", "d": "DATE", "m": "DECIMAL",
    }  # fmt: skip
    assert (types["m"]["precision"], types["m"]["scale"]) == (12, 2)


def test_a_deleted_table_is_dropped(dremio: Target, client: Client) -> None:
    client.sql(f"create table {dremio.table('deleted')} as select 1 as a")
    shown = client.by_path(dremio.source, dremio.run, "deleted")
    assert client.http.delete(f"/api/v3/catalog/{quote(shown['id'], safe='')}").status_code == 204
    with pytest.raises(StatementFailed):
        client.sql(f"select a from {dremio.table('deleted')}")


def test_a_source_shows_no_secret(dremio: Target, client: Client) -> None:
    answer = client.http.get(f"/api/v3/catalog/by-path/{dremio.source}")
    assert answer.json()["entityType"] == "source"
    assert answer.json()["state"]["status"] == "good"
    for secret in ("accessSecret", "password"):
        assert answer.json()["config"].get(secret) in (None, "", "$DREMIO_EXISTING_VALUE$")


def test_the_information_schema_lists_what_the_catalogue_holds(dremio: Target, client: Client) -> None:
    client.sql(f"create table {dremio.table('listed')} as select 1 as a, 'x' as b")
    client.sql(f'create or replace view "{dremio.space}".seen as select a from {dremio.table("listed")}')
    schema = f"{dremio.source}.{dremio.run}"
    assert client.sql(
        'select table_name, table_type from information_schema."tables"'
        f" where table_schema = '{schema}' and table_name = 'listed'"
    ) == [{"table_name": "listed", "table_type": "TABLE"}]
    assert client.sql(
        'select table_name, table_type from information_schema."tables"'
        f" where table_schema = '{dremio.space}'"
    ) == [{"table_name": "seen", "table_type": "VIEW"}]
    columns = client.sql(
        "select column_name, data_type, ordinal_position from information_schema.columns"
        f" where table_schema = '{schema}' and table_name = 'listed' order by ordinal_position"
    )
    assert [(c["column_name"], c["data_type"]) for c in columns] == [
        ("a", "INTEGER"),
        ("b", "CHARACTER VARYING"),
    ]
    assert {"schema_name": dremio.space} in client.sql(
        f"select schema_name from information_schema.schemata where ilike(schema_name, '{dremio.space}')"
    )


def test_every_api_of_sources_shows_the_same_source(dremio: Target, client: Client) -> None:
    shown = client.by_path(dremio.source)
    older = client.http.get(f"/api/v3/source/{shown['id']}")
    assert (older.status_code, older.json()["name"], older.json()["_type"]) == (200, dremio.source, "source")
    assert dremio.source in [each["name"] for each in client.http.get("/api/v3/source").json()["data"]]
    console = client.http.get(f"/apiv2/source/{dremio.source}")
    assert (console.status_code, console.json()["id"], console.json()["tag"]) == (
        200,
        shown["id"],
        shown["tag"],
    )
