"""The Catalog API: objects by id and path, paging, changes with tags, promotion, what is refused."""

from typing import Any
from urllib.parse import quote

import pyarrow as pa
import pytest
from tests.support.promoted_files import promote, put_parquet

from testing.engine_on_the_wire import (
    Client,
    EngineProcess,
    ObjectStore,
    StatementFailed,
    s3_source,
)

CATALOG = "/api/v3/catalog"


@pytest.fixture(scope="module")
def engine(s3_engine: EngineProcess) -> EngineProcess:
    """What these tests are about lies in a bucket."""
    return s3_engine


def made(client: Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.create(body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture(scope="module")
def tree(engine: EngineProcess) -> dict[str, Any]:
    """A space `tree` with folders, whose names hold signs that URLs and SQL care about, and views."""
    client = engine.client()
    space = made(client, {"entityType": "space", "name": "tree"})
    for path in (["a.b"], ["a/c"], ["ü %?"], ["ü %?", "deep"]):
        made(client, {"entityType": "folder", "path": ["tree", *path]})
    for i in range(5):
        view = {"entityType": "dataset", "type": "VIRTUAL_DATASET", "path": ["tree", f"v{i}"]}
        made(client, {**view, "sql": f"select {i} as n"})
    return space


def test_names_with_dots_slashes_and_signs_are_found_by_path_and_by_id(
    client: Client, tree: dict[str, Any]
) -> None:
    for path in (["a.b"], ["a/c"], ["ü %?"], ["ü %?", "deep"]):
        url = "/".join(quote(part, safe="") for part in ["tree", *path])
        found = client.http.get(f"{CATALOG}/by-path/{url}").json()
        assert (found["entityType"], found["path"]) == ("folder", ["tree", *path])
        assert client.http.get(f"{CATALOG}/{found['id']}").json()["path"] == ["tree", *path]
    assert client.http.get(f"{CATALOG}/by-path/tree/nothing").status_code == 404
    missing = client.http.get(f"{CATALOG}/no-such-id")
    assert missing.status_code == 404
    assert missing.json()["errorMessage"] == "Could not find entity with id [no-such-id]"


@pytest.mark.parametrize("size", [1, 2, 4, 8, 9])
def test_children_come_page_by_page(client: Client, tree: dict[str, Any], size: int) -> None:
    whole = client.by_path("tree")["children"]
    assert len(whole) == 8
    seen: list[Any] = []
    token = None
    while True:
        wanted = {"maxChildren": size} | ({"pageToken": token} if token else {})
        answer = client.http.get(f"{CATALOG}/{tree['id']}", params=wanted).json()
        assert len(answer["children"]) <= size
        seen += answer["children"]
        token = answer.get("nextPageToken")
        if token is None:
            break
    assert seen == whole


def test_children_may_be_left_out_and_a_wrong_page_is_400(client: Client, tree: dict[str, Any]) -> None:
    url = f"{CATALOG}/{tree['id']}"
    assert "children" not in client.http.get(url, params={"exclude": "children"}).json()
    for wrong in ({"maxChildren": 0}, {"maxChildren": "x"}, {"pageToken": "!"}, {"exclude": "all"}):
        assert client.http.get(url, params=wrong).status_code == 400


def test_roots_count_datasets_when_asked(client: Client, tree: dict[str, Any]) -> None:
    plain = client.http.get(CATALOG).json()["data"]
    assert all("stats" not in root for root in plain)
    counted = client.http.get(CATALOG, params={"include": "datasetCount"}).json()["data"]
    (root,) = [r for r in counted if r["path"] == ["tree"]]
    assert root["stats"] == {"datasetCount": 5, "datasetCountBounded": False}
    assert root["containerType"] == "SPACE"


def test_a_view_is_changed_only_with_its_newest_tag(client: Client, tree: dict[str, Any]) -> None:
    view = client.by_path("tree", "v0")
    url = f"{CATALOG}/{view['id']}"
    changed = client.http.put(url, json={**view, "sql": "select 7 as seven"})
    assert changed.status_code == 200
    assert [f["name"] for f in changed.json()["fields"]] == ["seven"]
    assert changed.json()["tag"] != view["tag"]
    assert client.http.put(url, json={**view, "sql": "select 8 as n"}).status_code == 409
    assert client.http.put(url, json={**changed.json(), "tag": None}).status_code == 409
    moved = {**changed.json(), "path": ["tree", "elsewhere"]}
    assert client.http.put(url, json=moved).status_code == 400
    assert client.http.put(url, json={**changed.json(), "sql": "select nothing"}).status_code == 400
    assert client.http.put(f"{CATALOG}/no-such-id", json=view).status_code == 404
    assert client.http.delete(url, params={"tag": view["tag"]}).status_code == 409
    assert client.value("select seven from tree.v0") == 7


def test_a_view_whose_base_is_gone_is_still_shown(client: Client) -> None:
    client.sql("create table marts.base_gone as select 1 as a")
    client.sql("create view tree.outdated as select a from marts.base_gone")
    client.sql("drop table marts.base_gone")
    view = client.by_path("tree", "outdated")
    assert (view["schemaOutdated"], view["fields"]) == (True, [])
    assert client.http.delete(f"{CATALOG}/{view['id']}").status_code == 204


def test_a_space_goes_with_all_it_holds_and_a_home_never(client: Client) -> None:
    space = made(client, {"entityType": "space", "name": "doomed"})
    assert client.create({"entityType": "space", "name": "DOOMED"}).status_code == 409
    assert client.create({"entityType": "folder", "path": ["doomed", "f", "deep"]}).status_code == 400
    made(client, {"entityType": "folder", "path": ["doomed", "f"]})
    client.sql("create view doomed.f.v as select 1 as a")
    with pytest.raises(StatementFailed, match="is not empty"):
        client.sql("drop folder doomed.f")
    assert client.http.delete(f"{CATALOG}/{space['id']}").status_code == 204
    assert client.http.get(f"{CATALOG}/by-path/doomed/f/v").status_code == 404
    (home,) = [r for r in client.http.get(CATALOG).json()["data"] if r["containerType"] == "HOME"]
    assert client.http.delete(f"{CATALOG}/{home['id']}").status_code == 400


def test_a_source_masks_its_secrets_and_keeps_them_and_its_policies(
    client: Client, object_store: ObjectStore
) -> None:
    body = s3_source("policies", "policies", object_store)
    body["config"]["propertyList"].append({"name": "fs.s3a.secret.key", "value": "hidden"})
    answer = client.create({**body, "accelerationRefreshPeriodMs": 7_200_000})
    source = answer.json()
    assert object_store.secret_key not in answer.text
    assert "hidden" not in answer.text
    assert source["accelerationRefreshPeriodMs"] == 7_200_000
    assert source["accelerationGracePeriodMs"] == 10_800_000
    assert source["metadataPolicy"]["datasetUpdateMode"] == "PREFETCH_QUERIED"
    assert source["state"]["status"] == "good"
    client.sql("create table policies.t as select 1 as a")
    url = f"{CATALOG}/{source['id']}"
    changed = client.http.put(url, json={**source, "accelerationNeverExpire": True})
    assert changed.status_code == 200, changed.text
    assert changed.json()["accelerationNeverExpire"] is True
    assert client.http.put(url, json=source).status_code == 409
    assert client.http.put(url, json={**changed.json(), "name": "other"}).status_code == 400
    assert client.value("select a from policies.t") == 1, "the masked secret was kept"


@pytest.mark.parametrize(
    "change",
    [
        {"accessSecret": "wrong"},
        {"accessKey": "nobody"},
        {"rootPath": "/no-such-bucket/x", "whitelistedBuckets": ["no-such-bucket"]},
    ],
)
def test_a_bucket_that_cannot_be_listed_is_no_source(
    client: Client, object_store: ObjectStore, change: dict[str, Any]
) -> None:
    body = s3_source("unlisted", "unlisted", object_store)
    body["config"].update(change)
    answer = client.create(body)
    assert answer.status_code == 400, answer.text
    assert "Source [unlisted] cannot be used" in answer.json()["errorMessage"]
    assert client.http.get(f"{CATALOG}/by-path/unlisted").status_code == 404


def test_a_source_that_is_deleted_and_added_again_has_its_tables(
    client: Client, object_store: ObjectStore
) -> None:
    source = made(client, s3_source("comesback", "comesback", object_store))
    client.sql("create table comesback.folder.t as select 42 as a")
    assert client.http.delete(f"{CATALOG}/{source['id']}").status_code == 204
    with pytest.raises(StatementFailed):
        client.sql("select a from comesback.folder.t")
    made(client, s3_source("comesback", "comesback", object_store))
    assert client.value("select a from comesback.folder.t") == 42
    (folder,) = client.by_path("comesback")["children"]
    assert (folder["id"], folder["containerType"]) == ("dremio:/comesback/folder", "FOLDER")
    (table,) = client.http.get(f"{CATALOG}/{quote(folder['id'], safe='')}").json()["children"]
    assert (table["path"], table["datasetType"]) == (["comesback", "folder", "t"], "DIRECT")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"type": "MONGO"}, "Source type [MONGO] is not supported"),
        ({"type": "POSTGRES", "config": {"port": 5432}}, "config.hostname is required"),
        ({"config": {"credentialType": "EC2_METADATA", "rootPath": "/x"}}, "only credentialType ACCESS_KEY"),
        ({"config": {}}, "You must provide AWS Access Key and AWS Access Secret"),
        ({"accelerationRefreshPeriodMs": -1}, "accelerationRefreshPeriodMs"),
        ({"metadataPolicy": {"namesRefreshMs": 5}}, "metadataPolicy.namesRefreshMs"),
        ({"name": "a/b"}, "may not hold"),
        ({"name": None}, "[name] is required"),
        ({"entityType": "function"}, "User-defined functions cannot be created"),
        ({"entityType": "thing"}, "entityType [thing]"),
        ({"accessControlList": {"users": []}}, "Enterprise Edition"),
    ],
)
def test_what_does_not_hold_is_refused_by_name(
    client: Client, object_store: ObjectStore, change: dict[str, Any], words: str
) -> None:
    answer = client.create({**s3_source("refused", "refused", object_store), **change})
    assert answer.status_code == 400
    assert words in answer.json()["errorMessage"]
    assert client.http.get(f"{CATALOG}/by-path/refused").status_code == 404


def test_a_folder_of_nested_folders_and_changed_files_becomes_a_table_and_a_folder_again(
    client: Client, object_store: ObjectStore
) -> None:
    base = "bronze/promoted/nested"
    put_parquet(object_store, f"{base}/year=2025/day=1/a.parquet", {"id": pa.array([1], pa.int32())})
    put_parquet(object_store, f"{base}/year=2025/b.parquet", {"id": pa.array([2**40]), "more": ["x"]})
    path = ("lake_bronze", "promoted", "nested")
    answer = promote(client, *path)
    assert answer.status_code == 200, answer.text
    assert [(f["name"], f["type"]["name"]) for f in answer.json()["fields"]] == [
        ("id", "BIGINT"),
        ("more", "VARCHAR"),
        ("dir0", "VARCHAR"),
        ("dir1", "VARCHAR"),
    ]
    assert answer.json()["format"]["location"] == f"/datalake/{base}"
    assert client.sql("select id, dir0, dir1 from lake_bronze.promoted.nested order by id") == [
        {"id": 1, "dir0": "year=2025", "dir1": "day=1"},
        {"id": 2**40, "dir0": "year=2025", "dir1": None},
    ]
    shown = {c["path"][-1]: c for c in client.by_path("lake_bronze", "promoted")["children"]}
    assert shown["nested"]["datasetType"] == "PROMOTED"
    assert client.http.post(f"{CATALOG}/{answer.json()['id']}/refresh").status_code == 204
    assert client.http.delete(f"{CATALOG}/{answer.json()['id']}").status_code == 204
    assert client.by_path(*path)["entityType"] == "folder"
    assert promote(client, *path).status_code == 200


def test_what_is_not_a_folder_of_parquet_is_not_promoted(client: Client, object_store: ObjectStore) -> None:
    store = object_store.client
    store.put_object(Bucket="datalake", Key="bronze/promoted/text/x.csv", Body=b"a,b")
    store.put_object(Bucket="datalake", Key="bronze/promoted/broken/x.parquet", Body=b"not parquet at all")
    put_parquet(object_store, "bronze/promoted/one.parquet", {"id": [1]})
    for name, words in (
        ("text", "[x.csv] is not Parquet"),
        ("empty", "No Parquet files found"),
        ("broken", "not one table"),
        ("one.parquet", "promotes folders only"),
    ):
        answer = promote(client, "lake_bronze", "promoted", name)
        assert answer.status_code == 400, answer.text
        assert words in answer.json()["errorMessage"]
    body = {"entityType": "dataset", "type": "PHYSICAL_DATASET", "format": {"type": "JSON"}}
    url = f"{CATALOG}/{quote('dremio:/lake_bronze/promoted/text', safe='')}"
    assert "Format [JSON]" in client.http.post(url, json=body).json()["errorMessage"]


def test_wiki_and_tags_keep_their_versions(client: Client, tree: dict[str, Any]) -> None:
    wiki, tag = (f"{CATALOG}/{tree['id']}/collaboration/{kind}" for kind in ("wiki", "tag"))
    assert client.http.get(wiki).json() == {"text": ""}
    first = client.http.post(wiki, json={"text": "one"}).json()
    assert client.http.post(wiki, json={"text": "two"}).status_code == 409
    assert client.http.post(wiki, json={"text": "two", "version": first["version"]}).status_code == 200
    assert client.http.get(wiki).json()["text"] == "two"
    first = client.http.post(tag, json={"tags": ["pii", "gold"]}).json()
    assert client.http.post(tag, json={"tags": [], "version": "old"}).status_code == 409
    assert client.http.post(tag, json={"tags": ["x", "x"], "version": first["version"]}).status_code == 400
    assert client.http.post(tag, json={"tags": ["x" * 129], "version": first["version"]}).status_code == 400
    assert client.http.post(tag, json={"tags": [], "version": first["version"]}).json()["tags"] == []
    assert client.http.get(f"{CATALOG}/no-such-id/collaboration/wiki").status_code == 404


def test_calls_of_enterprise_edition_are_refused_by_name(client: Client, tree: dict[str, Any]) -> None:
    for call in ("graph", "grants"):
        answer = client.http.get(f"{CATALOG}/{tree['id']}/{call}")
        assert answer.status_code == 404
        assert call in answer.json()["errorMessage"]
    refresh = client.http.post(f"{CATALOG}/{tree['id']}/refresh")
    assert refresh.status_code == 400
    assert "is a space" in refresh.json()["errorMessage"]
    assert client.http.post(f"{CATALOG}/no-such-id/refresh").status_code == 404


def test_a_table_shows_its_fields_and_goes_when_deleted(client: Client) -> None:
    client.sql("create table gold.shown as select 1 as id, cast(1.5 as decimal(12,2)) as amount")
    table = client.by_path("gold", "shown")
    assert table["type"] == "PHYSICAL_DATASET"
    assert table["createdAt"].startswith("20")
    assert {"name": "amount", "type": {"name": "DECIMAL", "precision": 12, "scale": 2}} in table["fields"]
    assert client.http.post(f"{CATALOG}/{table['id']}/refresh").status_code == 204
    assert client.http.put(f"{CATALOG}/{table['id']}", json=table).status_code == 400
    assert client.http.delete(f"{CATALOG}/{table['id']}").status_code == 204
    assert client.http.get(f"{CATALOG}/by-path/gold/shown").status_code == 404


def test_the_engine_shows_its_version_and_its_settings(client: Client) -> None:
    (version,) = client.sql("select version, commit_id from sys.version")
    assert version["commit_id"] == "embedded"
    options = {row["name"]: row for row in client.sql("select * from sys.options")}
    assert options["embedded.memory_limit"]["string_val"]
    assert options["embedded.old_version_seconds"]["num_val"] == 3600
    assert not [name for name in options if "password" in name]
    tables = client.sql(
        "select table_schema, table_name from information_schema.\"tables\" where table_type = 'SYSTEM_TABLE'"
    )
    names = {(row["table_schema"], row["table_name"]) for row in tables}
    assert {("sys", "version"), ("sys", "options"), ("INFORMATION_SCHEMA", "COLUMNS")} <= names


def test_a_source_never_shows_its_secret_and_keeps_it_when_changed(client: Client) -> None:
    source = client.by_path("marts")
    assert source["config"]["accessSecret"] == "$DREMIO_EXISTING_VALUE$"
    answer = client.http.put(f"/api/v3/catalog/{source['id']}", json=source)
    assert answer.status_code == 200
    client.sql("create table marts.after_change as select 1 as a")
    assert client.http.put(f"/api/v3/catalog/{source['id']}", json=source).status_code == 409
