"""What survives SIGTERM and kill -9."""

import signal
import time
from collections.abc import Iterator

import pytest

from testing.engine_on_the_wire import EngineProcess, ObjectStore, s3_source
from testing.waiting import wait_until


@pytest.fixture
def own_engine(
    object_store: ObjectStore, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[EngineProcess]:
    """An engine for one test, with one source below a folder of its own."""
    process = EngineProcess(tmp_path_factory.mktemp("killed"))
    process.start()
    client = process.client()
    assert client.create(s3_source("lake", f"restart/{process.port}", object_store)).status_code == 200
    assert client.create({"entityType": "space", "name": "work"}).status_code == 200
    yield process
    if process.process is not None and process.process.poll() is None:
        process.stop(signal.SIGKILL)


def test_sigterm_stops_within_five_seconds_even_while_a_statement_runs(own_engine: EngineProcess) -> None:
    client = own_engine.client()
    client.sql("create table lake.n as select * from (values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)) t(n)")
    joins = " ".join(f"cross join lake.n t{i}" for i in range(10))
    client.wait_started(client.submit(f"select sum(t0.n * t9.n % 7) from lake.n {joins}"))
    started = time.monotonic()
    assert own_engine.stop() == 0
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_everything_committed_is_there_after_a_restart(
    own_engine: EngineProcess, how: signal.Signals
) -> None:
    client = own_engine.client()
    client.sql("create table lake.kept as select 1 as id, 'x' as name")
    client.sql("insert into lake.kept select 2, 'y'")
    client.sql("create view work.v as select id from lake.kept")
    wiki = f"/api/v3/catalog/{client.by_path('work', 'v')['id']}/collaboration/wiki"
    client.http.post(wiki, json={"text": "noted"})
    client.sql("alter table lake.kept create raw reflection r using display (id)")
    token = client.http.headers["Authorization"]
    own_engine.stop(how)
    own_engine.start()
    again = own_engine.client()
    assert again.value("select count(*) from work.v") == 2
    assert again.http.get(wiki).json()["text"] == "noted"
    assert len(again.http.get("/api/v3/reflection").json()["data"]) == 1
    assert again.http.get("/api/v3/catalog", headers={"Authorization": token}).status_code == 200


def test_kill_in_the_middle_of_writes_leaves_whole_tables_only(own_engine: EngineProcess) -> None:
    client = own_engine.client()
    client.sql("create table lake.n as select * from (values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)) t(n)")
    joins = " ".join(f"cross join lake.n t{i}" for i in range(5))
    whole = 10**6
    jobs = [
        client.submit(f"create table lake.t{i} as select t0.n as a from lake.n {joins}") for i in range(6)
    ]
    first = client.wait(jobs[0])
    assert first["jobState"] == "COMPLETED", first
    own_engine.stop(signal.SIGKILL)
    own_engine.start()
    again = own_engine.client()
    found = again.sql("select table_name from information_schema.\"tables\" where table_name like 't_'")
    assert found, "the first table was committed before the kill"
    for row in found:
        assert again.value(f"select count(*) from lake.{row['table_name']}") == whole
    again.sql("create table lake.afterwards as select 1 as a")
    assert again.value("select a from lake.afterwards") == 1


def test_a_refresh_that_was_killed_is_taken_up_again_and_leaves_nothing_behind(
    own_engine: EngineProcess,
) -> None:
    client = own_engine.client()
    client.sql("create table lake.n as select * from (values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)) t(n)")
    joins = " ".join(f"cross join lake.n t{i}" for i in range(6))
    client.sql(f"create view work.big as select t0.n as a, t1.n as b, t2.n as c from lake.n {joins}")
    kept = own_engine.state / "dremio" / "accelerator"
    client.sql("alter view work.big create raw reflection whole using display (a, b, c)")
    wait_until(lambda: list(kept.rglob("*.parquet")), "a file is being written", look_every=0.005)
    own_engine.stop(signal.SIGKILL)
    own_engine.start()
    again = own_engine.client()

    def accelerates() -> bool:
        status = again.http.get("/api/v3/reflection").json()["data"][0]["status"]["combinedStatus"]
        assert status in ("REFRESHING", "CANNOT_ACCELERATE_INITIALIZING", "CAN_ACCELERATE")
        return status == "CAN_ACCELERATE"

    wait_until(accelerates, "the reflection is refreshed")
    (reflection,) = again.http.get("/api/v3/reflection").json()["data"]
    assert reflection["outputRecords"] == 10**7
    assert again.value("select count(*) from lake.n") == 10
    # The files on disk are those of the one table, not of the half one as well.
    assert sum(f.stat().st_size for f in kept.rglob("*.parquet")) == reflection["currentSizeBytes"]
    told = again.wait(again.submit("select a, count(*) from work.big group by a"))
    assert told["acceleration"]["reflectionRelationships"][0]["relationship"] == "CHOSEN"
