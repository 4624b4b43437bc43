"""A source whose root path is `/`: what lies directly below it is a bucket."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.promoted_files import promote, put_parquet

from testing.engine_on_the_wire import Client, EngineProcess, ObjectStore, StatementFailed, s3_source

CATALOG = "/api/v3/catalog"


@pytest.fixture(scope="module")
def engine(s3_engine: EngineProcess) -> EngineProcess:
    """What these tests are about lies in buckets."""
    return s3_engine


def whole(name: str, store: ObjectStore, **config: Any) -> dict[str, Any]:
    body = s3_source(name, "", store)
    body["config"] |= {"rootPath": "/", **config}
    return body


@pytest.fixture(scope="module", params=[[], ["datalake", "other"]], ids=["every bucket", "some buckets"])
def store(request: pytest.FixtureRequest, engine: EngineProcess, object_store: ObjectStore) -> Iterator[str]:
    """The name of a source of the whole store."""
    there = {bucket["Name"] for bucket in object_store.client.list_buckets()["Buckets"]}
    for bucket in {"other", "third"} - there:
        object_store.client.create_bucket(Bucket=bucket)
    client = engine.client()
    name = f"whole_{len(request.param)}"
    made = client.create(whole(name, object_store, whitelistedBuckets=request.param))
    assert made.status_code == 200, made.text
    assert made.json()["state"]["status"] == "good"
    yield name
    assert client.http.delete(f"{CATALOG}/{made.json()['id']}").status_code == 204


def test_a_table_lies_in_the_bucket_that_its_path_names(
    client: Client, object_store: ObjectStore, store: str
) -> None:
    for bucket in ("datalake", "other"):
        client.sql(f"create table {store}.{bucket}.{store}.t as select '{bucket}' as b")
    for bucket in ("datalake", "other"):
        assert client.value(f"select b from {store}.{bucket}.{store}.t") == bucket
        listed = object_store.client.list_objects_v2(Bucket=bucket, Prefix=f"{store}/t/")
        assert listed["KeyCount"] == 1
        assert client.by_path(store, bucket, store, "t")["path"] == [store, bucket, store, "t"]
    client.sql(f"create table {store}.other.top_{store} as select 1 as a")
    client.sql(
        f"merge into {store}.other.top_{store} t using (select 1 as a) s on (t.a = s.a)"
        " when matched then update set a = 2"
    )
    assert client.value(f"select a from {store}.other.top_{store}") == 2
    children = {tuple(child["path"]) for child in client.by_path(store)["children"]}
    assert {(store, "datalake"), (store, "other")} <= children


def test_a_folder_of_a_bucket_is_promoted(client: Client, object_store: ObjectStore, store: str) -> None:
    put_parquet(object_store, "landed/x.parquet", {"id": [1, 2]})
    assert client.by_path(store, "datalake", "landed")["entityType"] == "folder"
    answer = promote(client, store, "datalake", "landed")
    assert answer.status_code == 200, answer.text
    assert client.value(f"select sum(id) from {store}.datalake.landed") == 3


@pytest.mark.parametrize("path", ["t", "nobucket.t"])
def test_a_table_outside_its_buckets_is_refused(client: Client, store: str, path: str) -> None:
    with pytest.raises(StatementFailed):
        client.sql(f"create table {store}.{path} as select 1 as a")
    assert client.http.get(f"{CATALOG}/by-path/{store}/{path.replace('.', '/')}").status_code == 404


def test_a_bucket_that_the_source_is_not_kept_to_is_out_of_reach(
    client: Client, object_store: ObjectStore, store: str
) -> None:
    if store == "whole_0":
        client.sql(f"create table {store}.third.t as select 1 as a")
        assert client.value(f"select a from {store}.third.t") == 1
        return
    with pytest.raises(StatementFailed, match=r"Bucket \[third\] is not one of source"):
        client.sql(f"create table {store}.third.t as select 1 as a")
    object_store.client.put_object(Bucket="third", Key="hidden/x.parquet", Body=b"")
    assert client.http.get(f"{CATALOG}/by-path/{store}/third/hidden").status_code == 404
    assert promote(client, store, "third", "hidden").status_code == 400


def test_a_bucket_that_is_not_there_is_no_part_of_a_source(client: Client, object_store: ObjectStore) -> None:
    answer = client.create(whole("none_such", object_store, whitelistedBuckets=["none-such"]))
    assert answer.status_code == 400
    assert "Source [none_such] cannot be used" in answer.json()["errorMessage"]
