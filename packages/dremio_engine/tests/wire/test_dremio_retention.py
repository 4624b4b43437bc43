"""Tables that are rebuilt every night must not fill the bucket; nothing else may be deleted."""

import time
from collections.abc import Iterator

import pytest

from testing.engine_on_the_wire import EngineProcess, ObjectStore, s3_source

NIGHTS = 4


@pytest.fixture
def forgetful_engine(
    object_store: ObjectStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EngineProcess]:
    """An engine that keeps old versions for one second."""
    process = EngineProcess(tmp_path_factory.mktemp("forgetful"))
    process.start(DREMIO_OLD_VERSION_SECONDS="1")
    assert process.client().create(s3_source("lake", "retention", object_store)).status_code == 200
    yield process
    process.stop()


def objects(store: ObjectStore) -> set[str]:
    found = store.client.list_objects_v2(Bucket="datalake", Prefix="retention/")
    return {item["Key"] for item in found.get("Contents", [])}


def test_files_of_replaced_versions_leave_the_bucket_and_no_others(
    forgetful_engine: EngineProcess, object_store: ObjectStore
) -> None:
    store, foreign = object_store.client, "retention/landing/source=shop/orders/1.parquet"
    store.put_object(Bucket="datalake", Key=foreign, Body=b"not the engine's")
    client = forgetful_engine.client()
    client.sql("create table lake.steady as select 1 as id")
    (steady,) = objects(object_store) - {foreign}
    for night in range(NIGHTS):
        client.sql("drop table if exists lake.rebuilt")
        client.sql(f"create table lake.rebuilt as select {night} as night")
        client.sql(f"merge into lake.steady as t using (select 1 as id, {night} as n) as s on (t.id = s.id)"
                   " when not matched then insert (id) values (s.id)")  # fmt: skip
    deadline = time.monotonic() + 30
    while len(objects(object_store)) > 3 and time.monotonic() < deadline:
        time.sleep(0.5)
    kept = objects(object_store)
    assert {foreign, steady} < kept
    assert len(kept) == 3, kept
    assert client.value("select night from lake.rebuilt") == NIGHTS - 1
    assert client.value("select id from lake.steady") == 1
    log = (forgetful_engine.state / "engine.log").read_text()
    assert "were not cleaned" not in log
