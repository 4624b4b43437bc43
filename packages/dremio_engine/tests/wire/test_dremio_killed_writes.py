"""kill -9 in the middle of writes: what was committed is whole, the rest gone, others' files untouched."""

import signal
import time
from collections.abc import Iterator

import pytest

from testing.engine_on_the_wire import Client, EngineProcess, ObjectStore, s3_source

PARTS = 40
DIGITS = "(values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)) as t(n)"
# Named as DuckLake names files, but at another time: by another engine, or put there by hand.
OTHERS_NAME = "ducklake-01900000-0000-7000-8000-000000000000.parquet"


@pytest.fixture
def own_engine(
    object_store: ObjectStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EngineProcess]:
    """An engine for one test, with one source below a folder of its own."""
    process = EngineProcess(tmp_path_factory.mktemp("killed"))
    process.start()
    assert process.client().create(s3_source("lake", root(process), object_store)).status_code == 200
    yield process
    if process.process is not None and process.process.poll() is None:
        process.stop(signal.SIGKILL)


def root(process: EngineProcess) -> str:
    return f"killed/{process.port}"


def files(store: ObjectStore, prefix: str) -> set[str]:
    """Every object below a folder of the bucket."""
    found = store.client.list_objects_v2(Bucket="datalake", Prefix=prefix)
    return {item["Key"] for item in found.get("Contents", [])}


def wait_for(store: ObjectStore, prefix: str, at_least: int) -> set[str]:
    deadline = time.monotonic() + 60
    while len(found := files(store, prefix)) < at_least:
        assert time.monotonic() < deadline, f"only {len(found)} files below {prefix}"
        time.sleep(0.02)
    return found


def wait_until_swept(store: ObjectStore, prefix: str, expected: set[str]) -> None:
    deadline = time.monotonic() + 30
    while (found := files(store, prefix)) != expected and time.monotonic() < deadline:
        time.sleep(0.2)
    assert found == expected


def prepare(client: Client) -> None:
    """A table of PARTS partitions, and rows to make more of them."""
    client.sql(f"create table lake.digits as select * from {DIGITS}")
    client.sql(
        "create table lake.rows_ as select a.n + 10*b.n as part, a.n + 10*b.n + 100*c.n as id"
        " from lake.digits a cross join lake.digits b cross join lake.digits c"
        f" where a.n + 10*b.n < {PARTS}"
    )


def test_a_killed_merge_and_a_killed_ctas_leave_neither_half_a_table_nor_files(
    own_engine: EngineProcess, object_store: ObjectStore
) -> None:
    store, client, base = object_store, own_engine.client(), root(own_engine)
    prepare(client)
    client.sql("create table lake.merged partition by (part) as select part, id, 0 as v from lake.rows_")
    foreign = {
        f"{base}/landing/source=shop/orders/1.parquet",
        f"{base}/merged/by_hand.parquet",
        f"{base}/merged/part=1/{OTHERS_NAME}",
        f"{base}/made/{OTHERS_NAME}",
    }
    for key in foreign:
        store.client.put_object(Bucket="datalake", Key=key, Body=b"not the engine's")
    before = files(store, f"{base}/")

    client.submit(
        "merge into lake.merged as t using (select part, id + 1000000 * (id % 2) as id from lake.rows_) as s"
        " on (t.id = s.id) when matched then update set v = 1"
        " when not matched then insert (part, id, v) values (s.part, s.id, 2)"
    )
    wait_for(store, f"{base}/merged/", len([k for k in before if "/merged/" in k]) + 3)
    own_engine.stop(signal.SIGKILL)
    assert files(store, f"{base}/") > before, "the merge had started to write"
    own_engine.start()
    client = own_engine.client()
    assert client.sql("select count(*) as n, sum(v) as v from lake.merged") == [{"n": PARTS * 10, "v": 0}]
    wait_until_swept(store, f"{base}/", before)

    client.submit("create table lake.made partition by (part) as select part, id from lake.rows_")
    wait_for(store, f"{base}/made/", 4)
    own_engine.stop(signal.SIGKILL)
    own_engine.start()
    client = own_engine.client()
    found = client.sql("select table_name from information_schema.\"tables\" where table_schema = 'lake'")
    assert sorted(row["table_name"] for row in found) == ["digits", "merged", "rows_"]
    wait_until_swept(store, f"{base}/", before)
    log = (own_engine.state / "engine.log").read_text()
    assert f"deleted s3://datalake/{base}/made/part=" in log
    assert f"deleted s3://datalake/{base}/merged/part=" in log
    client.sql("create table lake.made as select part, id from lake.rows_")
    assert client.value("select count(*) from lake.made") == PARTS * 10


def test_a_table_with_an_odd_name_and_a_refresh_leave_no_files_either(
    own_engine: EngineProcess, object_store: ObjectStore
) -> None:
    store, client, base = object_store, own_engine.client(), root(own_engine)
    prepare(client)
    before = files(store, f"{base}/")
    client.submit('create table lake."made 2" partition by (part) as select part, id from lake.rows_')
    wait_for(store, f"{base}/", len(before) + 4)
    own_engine.stop(signal.SIGKILL)
    assert files(store, f"{base}/") > before
    own_engine.start()
    wait_until_swept(store, f"{base}/", before)
    client = own_engine.client()
    accelerator = own_engine.state / "dremio/accelerator"
    client.sql("alter table lake.rows_ create raw reflection r using display (part, id) partition by (part)")
    deadline = time.monotonic() + 30
    while len(list(accelerator.rglob("*.parquet"))) < 4:
        assert time.monotonic() < deadline
    own_engine.stop(signal.SIGKILL)
    own_engine.start()
    client = own_engine.client()
    while (
        client.http.get("/api/v3/reflection").json()["data"][0]["status"]["combinedStatus"]
        != "CAN_ACCELERATE"
    ):
        assert time.monotonic() < deadline + 30
        time.sleep(0.2)
    assert len(list(accelerator.rglob("*.parquet"))) == PARTS
