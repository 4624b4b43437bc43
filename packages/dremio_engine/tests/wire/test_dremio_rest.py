"""The REST protocol as Dremio's clients use it: login, jobs, results, catalog, wiki, reflections."""

import json
import time
from typing import Any

import httpx
import pytest

from testing.engine_on_the_wire import Client, EngineProcess, StatementFailed


def slow_query(rows: int = 60_000) -> str:
    """A query that would take minutes: a cross join that cannot be shortened."""
    return (
        "select count(*) from staging.slow a join staging.slow b"
        f" on a.n * b.n % 7 = 3 and a.n + b.n <> {rows}"
        " join staging.slow c on c.n * a.n % 11 = 5"
    )


@pytest.fixture(scope="module")
def slow_table(engine: EngineProcess) -> None:
    client = engine.client()
    client.sql(
        "create table staging.digits as select * from (values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)) t(n)"
    )
    client.sql(
        "create table staging.slow as select a.n + 10*b.n + 100*c.n + 1000*d.n as n"
        " from staging.digits a cross join staging.digits b"
        " cross join staging.digits c cross join staging.digits d"
    )


def test_a_wrong_password_is_refused(engine: EngineProcess) -> None:
    answer = httpx.post(f"{engine.url}/apiv2/login", json={"userName": engine.user, "password": "wrong"})
    assert answer.status_code == 401
    assert "Login failed" in answer.json()["errorMessage"]


@pytest.mark.parametrize("header", [None, "_dremionothing", "Bearer nothing", "Basic YTpi"])
def test_a_request_without_a_valid_token_is_refused(engine: EngineProcess, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    answer = httpx.post(f"{engine.url}/api/v3/sql", json={"sql": "select 1"}, headers=headers)
    assert answer.status_code == 401


def test_both_forms_of_the_token_work(engine: EngineProcess, client: Client) -> None:
    token = client.http.headers["Authorization"].removeprefix("_dremio")
    answer = httpx.get(f"{engine.url}/api/v3/catalog", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200


def test_the_password_is_not_in_the_state_folder(engine: EngineProcess) -> None:
    for file in (engine.state / "dremio").glob("state.sqlite*"):
        assert engine.password.encode() not in file.read_bytes()


def test_values_keep_dremios_types_and_forms(client: Client) -> None:
    job = client.submit(
        "select 1 as i, cast(2 as bigint) as b, cast(1.50 as decimal(10,2)) as d, 'x' as s, true as t,"
        " date '2025-10-16' as dt, timestamp '2025-10-16 01:02:03.456' as ts, cast(null as varchar) as n,"
        " sum(3) as total"
    )
    assert client.wait(job)["rowCount"] == 1
    answer = client.http.get(f"/api/v3/job/{job}/results")
    names = {f["name"]: f["type"]["name"] for f in answer.json()["schema"]}
    assert names == {
        "i": "INTEGER",
        "b": "BIGINT",
        "d": "DECIMAL",
        "s": "VARCHAR",
        "t": "BOOLEAN",
        "dt": "DATE",
        "ts": "TIMESTAMP",
        "n": "VARCHAR",
        "total": "BIGINT",
    }
    assert '"d":1.50' in answer.text
    row = answer.json()["rows"][0]
    assert (row["dt"], row["ts"], row["n"], row["total"]) == (
        "2025-10-16",
        "2025-10-16 01:02:03.456",
        None,
        3,
    )


def test_values_beyond_json_and_pythons_years_are_answered(client: Client) -> None:
    job = client.submit(
        "select cast('NaN' as double) as n, cast('-Infinity' as double) as i,"
        " timestampadd(YEAR, 8000, timestamp '2025-10-16 01:02:03.456') as ts,"
        " timestampadd(YEAR, -2030, date '2025-10-16') as d"
    )
    client.wait(job)
    answer = client.http.get(f"/api/v3/job/{job}/results")
    assert answer.status_code == 200, answer.text
    [row] = json.loads(answer.text, parse_constant=pytest.fail)["rows"]
    assert (row["n"], row["i"]) == ("NaN", "-Infinity")
    assert (row["ts"], row["d"][:11]) == ("10025-10-16 01:02:03.456", "-0005-10-16")


@pytest.mark.parametrize(
    ("rows", "pages"), [(0, [0]), (1, [1]), (500, [500]), (501, [500, 1]), (1000, [500, 500])]
)
def test_results_are_read_page_by_page(client: Client, slow_table: None, rows: int, pages: list[int]) -> None:
    job = client.submit(f"select n from staging.slow where n < {rows} order by n")
    assert client.wait(job)["rowCount"] == rows
    sizes, seen = [], []
    for offset in range(0, max(rows, 1), 500):
        page = client.http.get(f"/api/v3/job/{job}/results", params={"offset": offset, "limit": 500}).json()
        assert page["rowCount"] == rows
        sizes.append(len(page["rows"]))
        seen += [r["n"] for r in page["rows"]]
    assert sizes == pages
    assert seen == list(range(rows))


def test_a_page_above_the_limit_and_an_unfinished_job_are_400(client: Client) -> None:
    done = client.submit("select 1")
    client.wait(done)
    assert client.http.get(f"/api/v3/job/{done}/results", params={"limit": 501}).status_code == 400
    failed = client.submit("select nothing from nowhere.that_is.known")
    assert client.wait(failed)["jobState"] == "FAILED"
    assert client.http.get(f"/api/v3/job/{failed}/results").status_code == 400
    assert client.http.get("/api/v3/job/no-such-job").status_code == 404


def test_the_first_look_at_a_short_job_already_says_completed(client: Client) -> None:
    assert client.http.get(f"/api/v3/job/{client.submit('select 1')}").json()["jobState"] == "COMPLETED"


def test_a_running_statement_is_cancelled_for_real(client: Client, slow_table: None) -> None:
    job = client.submit(slow_query())
    assert client.http.get(f"/api/v3/job/{job}").json()["jobState"] == "RUNNING"
    started = time.monotonic()
    assert client.http.post(f"/api/v3/job/{job}/cancel", json=None).status_code == 200
    assert client.wait(job, 10)["jobState"] == "CANCELED"
    assert time.monotonic() - started < 5
    assert client.value("select 1") == 1


def test_a_cancelled_write_leaves_no_table(client: Client, slow_table: None) -> None:
    job = client.submit(f"create table staging.never as {slow_query()}")
    client.wait_started(job)
    client.http.post(f"/api/v3/job/{job}/cancel")
    assert client.wait(job, 10)["jobState"] == "CANCELED"
    assert client.http.get("/api/v3/catalog/by-path/staging/never").status_code == 404
    assert client.sql("create table staging.afterwards as select 1 as a") == [{"Records": 1}]


def test_an_existing_space_answers_as_dbt_expects(client: Client) -> None:
    answer = client.create({"entityType": "space", "name": "bronze"})
    assert answer.status_code == 409
    assert "An object already exists with that name" in answer.text


def test_a_folder_inside_a_source_is_refused_in_dremios_words(client: Client) -> None:
    answer = client.create({"entityType": "folder", "path": ["staging", "sub"]})
    assert answer.status_code == 400
    assert "Can not create a folder inside a [SOURCE]" in answer.text


def test_folders_and_views_live_in_spaces_and_go_with_them(client: Client) -> None:
    space = client.create({"entityType": "space", "name": "work"}).json()
    assert client.create({"entityType": "folder", "path": ["work", "f"]}).status_code == 200
    client.sql("create view work.f.v as select 1 as a")
    assert client.value("select a from work.f.v") == 1
    assert client.by_path("work", "f")["children"][0]["path"] == ["work", "f", "v"]
    assert client.http.delete(f"/api/v3/catalog/{space['id']}").status_code == 204
    with pytest.raises(StatementFailed, match="not found"):
        client.sql("select a from work.f.v")


@pytest.mark.parametrize(
    ("kind", "config", "words"),
    [
        ("MONGO", {}, "MONGO"),
        ("NAS", {"path": "/etc"}, "DREMIO_NAS_ROOT"),
        ("S3", {"rootPath": "/"}, "You must provide AWS Access Key and AWS Access Secret"),
        ("S3", {"rootPath": "/other", "whitelistedBuckets": ["datalake"]}, "whitelistedBuckets"),
        ("S3", {"credentialType": "AWS_PROFILE"}, "only credentialType ACCESS_KEY and NONE"),
    ],
)
def test_a_source_that_cannot_hold_is_refused_by_what_is_wrong(
    client: Client, kind: str, config: dict[str, Any], words: str
) -> None:
    answer = client.create({"entityType": "source", "type": kind, "name": "wrong", "config": config})
    assert answer.status_code == 400
    assert words in answer.json()["errorMessage"]
    assert client.http.get("/api/v3/catalog/by-path/wrong").status_code == 404


def test_wiki_and_tags_follow_their_versions(client: Client) -> None:
    client.sql("create table marts.noted as select 1 as a")
    url = f"/api/v3/catalog/{client.by_path('marts', 'noted')['id']}/collaboration"
    assert client.http.get(f"{url}/wiki").json() == {"text": ""}
    first = client.http.post(f"{url}/wiki", json={"text": "one"}).json()
    assert client.http.post(f"{url}/wiki", json={"text": "lost"}).status_code == 409
    client.http.post(f"{url}/wiki", json={"text": "two", "version": first["version"]})
    assert client.http.get(f"{url}/wiki").json()["text"] == "two"
    assert client.http.get(f"{url}/tag").json() == {"tags": []}
    client.http.post(f"{url}/tag", json={"tags": ["gold"]})
    assert client.http.get(f"{url}/tag").json()["tags"] == ["gold"]


def wait_refreshed(client: Client, reflection: str, newer_than: str = "") -> dict[str, Any]:
    """The status once a refresh that began after a moment is done."""
    for _ in range(100):
        status = client.http.get(f"/api/v3/reflection/{reflection}").json()["status"]
        if status["combinedStatus"] != "REFRESHING" and status.get("lastDataFetch", "") > newer_than:
            return dict(status)
        time.sleep(0.05)
    raise AssertionError(status)


def test_an_aggregate_reflection_lives_from_creation_to_deletion(client: Client) -> None:
    client.sql(
        "create table gold.sales as"
        " select date '2025-10-16' as order_date, cast(2.5 as decimal(12,2)) as amount"
    )
    dataset = client.by_path("gold", "sales")["id"]
    body = {
        "type": "AGGREGATION",
        "name": "agg_sales",
        "datasetId": dataset,
        "enabled": True,
        "entityType": "reflection",
        "dimensionFields": [{"name": "order_date", "granularity": "DATE"}],
        "measureFields": [{"name": "amount", "measureTypeList": ["SUM", "COUNT"]}],
    }
    made = client.http.post("/api/v3/reflection", json=body).json()
    first = wait_refreshed(client, made["id"])
    assert (first["availability"], first["combinedStatus"]) == ("AVAILABLE", "CAN_ACCELERATE")
    assert client.http.post("/api/v3/reflection", json=body).status_code == 409
    assert [r["name"] for r in client.http.get(f"/api/v3/dataset/{dataset}/reflection").json()["data"]] == [
        "agg_sales"
    ]

    assert client.http.post(f"/api/v3/catalog/{dataset}/refresh").status_code == 204
    second = wait_refreshed(client, made["id"], first["lastDataFetch"])
    assert second["lastDataFetch"] > first["lastDataFetch"]

    stale = {**body, "tag": "old"}
    assert client.http.put(f"/api/v3/reflection/{made['id']}", json=stale).status_code == 409
    newest = client.http.get(f"/api/v3/reflection/{made['id']}").json()["tag"]
    off = client.http.put(
        f"/api/v3/reflection/{made['id']}", json={**body, "tag": newest, "enabled": False}
    ).json()
    assert off["status"]["combinedStatus"] == "DISABLED"
    assert client.http.delete(f"/api/v3/reflection/{made['id']}").status_code == 204
    assert client.http.get(f"/api/v3/reflection/{made['id']}").status_code == 404


def test_a_reflection_made_by_sql_shows_in_sys_reflections(client: Client) -> None:
    client.sql("create table gold.people as select 1 as customer_id, 'a' as name")
    client.sql("alter table gold.people create raw reflection raw_people using display (customer_id, name)")
    rows = client.sql("select reflection_name, dataset_name, display_columns from sys.reflections")
    assert {
        "reflection_name": "raw_people",
        "dataset_name": "gold.people",
        "display_columns": "customer_id, name",
    } in rows
    client.sql("alter table gold.people refresh reflections")
    client.sql("alter table gold.people drop reflection raw_people")
    with pytest.raises(StatementFailed, match="raw_people"):
        client.sql("alter table gold.people drop reflection raw_people")


def test_a_reflection_of_a_broken_view_says_why_it_failed(client: Client) -> None:
    client.sql("create table gold.base as select 1 as a")
    client.sql("create view bronze.over_base as select a from gold.base")
    dataset = client.by_path("bronze", "over_base")["id"]
    body = {
        "type": "RAW",
        "name": "r",
        "datasetId": dataset,
        "enabled": True,
        "displayFields": [{"name": "a"}],
    }
    made = client.http.post("/api/v3/reflection", json=body).json()
    good = wait_refreshed(client, made["id"])
    client.sql("drop table gold.base")
    client.sql("alter view bronze.over_base refresh reflections")
    for _ in range(100):
        status = client.http.get(f"/api/v3/reflection/{made['id']}").json()["status"]
        if status["failureCount"]:
            break
        time.sleep(0.05)
    assert status["combinedStatus"] == "CANNOT_ACCELERATE_SCHEDULED"  # its view has no answer any more
    assert "base" in status["lastFailureMessage"]
    assert status["lastDataFetch"] == good["lastDataFetch"]


def test_an_unknown_route_and_a_malformed_body_are_json_errors(client: Client) -> None:
    assert client.http.get("/api/v3/nothing").json()["errorMessage"].startswith("HTTP 404")
    answer = client.http.post("/api/v3/sql", json={"statement": "select 1"})
    assert answer.status_code == 400
    assert "sql" in answer.json()["errorMessage"]


def test_a_body_above_the_bound_is_refused(client: Client) -> None:
    assert client.http.post("/api/v3/sql", json={"sql": "x" * (5 << 20)}).status_code == 413
