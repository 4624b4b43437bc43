"""A source of type POSTGRES, on a PostgreSQL of its own."""

import secrets
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from embedded.postgres.cluster import Cluster
from tests.integration.embedded.dremio.engine_on_the_wire import (
    Client,
    EngineProcess,
    StatementFailed,
)
from tests.integration.embedded_platform import free_ports

SECRET = f"quote'd {secrets.token_hex(8)}"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """PostgreSQL with a database `shop` and one table in it."""
    base = tmp_path_factory.mktemp("pg")
    cluster = Cluster(base / "postgres", free_ports(1)[0], secrets.token_hex(8), {"shop": SECRET})
    cluster.prepare()
    process = subprocess.Popen(cluster.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                cluster.check()
                break
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        cluster.complete()
        with psycopg.connect(**address(cluster)) as connection:
            connection.execute("create table orders (id bigint, amount numeric(12,2))")
            connection.execute("insert into orders values (1, 1.50), (2, 2.25)")
        yield cluster
    finally:
        process.send_signal(2)
        process.wait(20)


def address(cluster: Cluster) -> dict[str, Any]:
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


def test_its_tables_are_read_and_never_written(client: Client, cluster: Cluster) -> None:
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
