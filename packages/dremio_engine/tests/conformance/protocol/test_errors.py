"""The status codes and words that dbt-dremio branches on (dbt/adapters/dremio/api/rest/utils.py)."""

import httpx
import pytest
from tests.conformance.target import Target

from testing.engine_on_the_wire import Client


def test_an_error_is_json_with_a_message(client: Client) -> None:
    for answer in (
        client.http.get("/api/v3/catalog/by-path/no_such_space"),
        client.http.post("/api/v3/catalog", json={"entityType": "folder", "path": ["no_such_space", "f"]}),
        client.http.get("/api/v3/job/no-such-job"),
    ):
        assert 400 <= answer.status_code < 500
        assert isinstance(answer.json()["errorMessage"], str)


def test_a_malformed_statement_is_400(client: Client) -> None:
    assert client.http.post("/api/v3/sql", json={"statement": "select 1"}).status_code == 400
    answer = client.http.post(
        "/api/v3/sql", content=b"{not json", headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 400


def test_an_unknown_address_is_404(client: Client) -> None:
    assert client.http.get("/api/v3/no_such_thing").status_code == 404


def test_an_unknown_kind_of_object_is_400(client: Client) -> None:
    assert client.create({"entityType": "no_such_kind", "name": "x"}).status_code == 400
    assert client.create({}).status_code == 400


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("selec 1", "PARSE ERROR"),
        ("select no_such_column from (values (1)) as t(a)", "no_such_column"),
        ("select no_such_function(1)", "NO_SUCH_FUNCTION"),
        ("select cast('x' as integer)", "x"),
        ("select 1; select 2", ""),
        ("drop table no_such_source.no_such_table", "no_such"),
    ],
)
def test_a_wrong_statement_is_a_failed_job_that_says_what_is_wrong(
    client: Client, sql: str, words: str
) -> None:
    """dbt-dremio shows `errorMessage` as it is: it must name the thing."""
    answer = client.http.post("/api/v3/sql", json={"sql": sql})
    assert answer.status_code == 200, answer.text
    shown = client.wait(answer.json()["id"])
    assert shown["jobState"] == "FAILED"
    assert words.lower() in shown["errorMessage"].lower()
    assert shown["errorMessage"]


def test_drop_if_exists_of_nothing_is_well(dremio: Target, client: Client) -> None:
    for kind, path in (("table", dremio.table("nothing")), ("view", f'"{dremio.space}"."nothing"')):
        ended = client.wait(client.submit(f"drop {kind} if exists {path}"))
        assert ended["jobState"] == "COMPLETED", ended["errorMessage"]


def test_a_table_is_not_made_twice(dremio: Target, client: Client) -> None:
    client.sql(f"create table {dremio.table('once')} as select 1 as a")
    shown = client.wait(client.submit(f"create table {dremio.table('once')} as select 2 as a"))
    assert shown["jobState"] == "FAILED"
    assert "already exists" in shown["errorMessage"].lower()
    assert client.value(f"select a from {dremio.table('once')}") == 1


def test_one_bad_client_does_not_stop_the_others(dremio: Target, client: Client) -> None:
    with httpx.Client(base_url=dremio.url, timeout=5) as bad:
        for _ in range(20):
            bad.post("/api/v3/sql", content=b"\x00" * 1000)
    assert client.value("select 1") == 1
