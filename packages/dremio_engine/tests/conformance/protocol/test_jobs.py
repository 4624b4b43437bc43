"""SQL, jobs and results. docs.dremio.com/current/reference/api: SQL, Job, Job Results."""

import time
from typing import Any

import pytest
from tests.conformance.target import Target

from testing.engine_on_the_wire import Client, StatementFailed

FINAL = ("COMPLETED", "CANCELED", "FAILED")
PAGE = 500


@pytest.fixture(scope="module")
def numbers(dremio: Target, client: Client) -> str:
    """A table of the integers 0 to 9999 in `n`."""
    digits = "(values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9))"
    table = dremio.table("numbers")
    client.sql(
        f"create table {table} as select a.n + 10 * b.n + 100 * c.n + 1000 * d.n as n from {digits} as a(n)"
        f" cross join {digits} as b(n) cross join {digits} as c(n) cross join {digits} as d(n)"
    )
    return table


def page(client: Client, job: str, offset: int, limit: int = PAGE) -> dict[str, Any]:
    answer = client.http.get(f"/api/v3/job/{job}/results", params={"offset": offset, "limit": limit})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_statement_is_answered_with_a_jobs_id(client: Client) -> None:
    answer = client.http.post("/api/v3/sql", json={"sql": "select 1", "context": None})
    assert answer.status_code == 200
    assert list(answer.json()) == ["id"]


def test_a_completed_job_tells_its_times_and_rows(client: Client) -> None:
    shown = client.wait(client.submit("select 1 as a union all select 2"))
    assert (shown["jobState"], shown["rowCount"]) == ("COMPLETED", 2)
    assert shown["errorMessage"] == ""
    assert shown["cancellationReason"] == ""
    assert shown["queryType"] == "REST"
    assert "T" in shown["startedAt"]
    assert shown["startedAt"] <= shown["endedAt"]


@pytest.mark.parametrize(
    ("rows", "pages"),
    [
        (0, [0]),
        (1, [1]),
        (499, [499]),
        (500, [500]),
        (501, [500, 1]),
        (1000, [500, 500]),
        (1001, [500, 500, 1]),
    ],
)
def test_results_come_page_by_page(client: Client, numbers: str, rows: int, pages: list[int]) -> None:
    job = client.submit(f"select n from {numbers} where n < {rows} order by n")
    assert client.wait(job)["rowCount"] == rows
    read = [page(client, job, offset) for offset in range(0, max(rows, 1), PAGE)]
    assert [len(each["rows"]) for each in read] == pages
    assert [row["n"] for each in read for row in each["rows"]] == list(range(rows))
    assert {each["rowCount"] for each in read} == {rows}
    assert [field["name"] for field in read[0]["schema"]] == ["n"]


def test_a_page_is_100_rows_unless_asked(client: Client, numbers: str) -> None:
    job = client.submit(f"select n from {numbers} where n < 150 order by n")
    client.wait(job)
    rows = client.http.get(f"/api/v3/job/{job}/results").json()["rows"]
    assert [row["n"] for row in rows] == list(range(100))


def test_past_the_end_there_are_no_rows_and_the_count_stays(client: Client) -> None:
    job = client.submit("select 1 as a")
    client.wait(job)
    assert (page(client, job, 500)["rows"], page(client, job, 500)["rowCount"]) == ([], 1)


@pytest.mark.parametrize("limit", [501, 10_000])
def test_more_than_500_rows_at_once_are_refused(client: Client, limit: int) -> None:
    job = client.submit("select 1")
    client.wait(job)
    answer = client.http.get(f"/api/v3/job/{job}/results", params={"limit": limit})
    assert answer.status_code == 400
    assert answer.json()["errorMessage"]


def test_a_failed_job_says_why_and_has_no_results(client: Client) -> None:
    job = client.submit('select a from "no_such_source"."no_such_table"')
    shown = client.wait(job)
    assert shown["jobState"] == "FAILED"
    assert "no_such_table" in shown["errorMessage"]
    assert client.http.get(f"/api/v3/job/{job}/results").status_code == 400


def test_an_unknown_job_is_404(client: Client) -> None:
    unknown = "6f6c34cf-9abc-b07a-5ab7-abea69a66d00"
    assert client.http.get(f"/api/v3/job/{unknown}").status_code == 404


def test_the_context_is_where_short_names_start(dremio: Target, client: Client, numbers: str) -> None:
    assert client.sql("select max(n) as m from numbers", [dremio.source, dremio.run]) == [{"m": 9999}]


def test_a_long_statement_is_cancelled(client: Client, numbers: str) -> None:
    job = client.submit(
        f"select count(*) from {numbers} a join {numbers} b on mod(a.n * b.n, 7) = 3"
        f" join {numbers} c on mod(c.n * a.n, 11) = 5"
    )
    deadline = time.monotonic() + 30
    while client.http.get(f"/api/v3/job/{job}").json()["jobState"] != "RUNNING":
        assert time.monotonic() < deadline
    answer = client.http.post(f"/api/v3/job/{job}/cancel")
    assert answer.status_code in (200, 204)
    shown = client.wait(job, 30)
    assert shown["jobState"] == "CANCELED"
    assert "cancel" in shown["cancellationReason"].lower()
    assert client.http.get(f"/api/v3/job/{job}/results").status_code == 400


def test_a_cancelled_write_leaves_no_table(dremio: Target, client: Client, numbers: str) -> None:
    name = dremio.table("never")
    job = client.submit(
        f"create table {name} as select a.n from {numbers} a join {numbers} b on mod(a.n * b.n, 7) = 3"
        f" join {numbers} c on mod(c.n * a.n, 11) = 5"
    )
    client.wait_started(job)
    client.http.post(f"/api/v3/job/{job}/cancel")
    assert client.wait(job, 30)["jobState"] == "CANCELED"
    shown = client.http.get(f"/api/v3/catalog/by-path/{dremio.source}/{dremio.run}/never").json()
    assert shown.get("entityType") != "dataset"
    with pytest.raises(StatementFailed):
        client.sql(f"select n from {name}")


def test_cancelling_a_finished_job_changes_nothing(client: Client) -> None:
    job = client.submit("select 1")
    client.wait(job)
    client.http.post(f"/api/v3/job/{job}/cancel")
    assert client.http.get(f"/api/v3/job/{job}").json()["jobState"] == "COMPLETED"


def test_statements_at_once_keep_their_results_apart(client: Client) -> None:
    jobs = {number: client.submit(f"select {number} as n") for number in range(20)}
    for number, job in jobs.items():
        assert client.wait(job)["jobState"] in FINAL
        assert page(client, job, 0)["rows"] == [{"n": number}]
