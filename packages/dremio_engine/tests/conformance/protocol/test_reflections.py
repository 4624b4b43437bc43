"""Reflections by REST and by SQL. docs.dremio.com/current/reference/api/reflections; ALTER TABLE."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.conformance.target import Target

from testing.engine_on_the_wire import Client, StatementFailed

SECONDS = 120
# docs.dremio.com/current/reference/api/reflections, `status`.
STATUS = {
    "config": {"OK", "INVALID"},
    "refresh": {"MANUAL", "SCHEDULED", "RUNNING", "GIVEN_UP", "PENDING", "ON_DATA_CHANGES"},
    "availability": {"NONE", "AVAILABLE"},
    "combinedStatus": {
        "NONE", "CAN_ACCELERATE", "CAN_ACCELERATE_WITH_FAILURES", "REFRESHING", "FAILED",
        "DISABLED", "INVALID", "CANNOT_ACCELERATE_SCHEDULED", "CANNOT_ACCELERATE_MANUAL",
        "CANNOT_ACCELERATE_INITIALIZING",
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def sales(dremio: Target, client: Client) -> str:
    """The dataset id of a table of four sales."""
    client.sql(
        f"create table {dremio.table('sales')} as select * from (values"
        " (date '2025-10-15', 'north', 1), (date '2025-10-15', 'south', 2), (date '2025-10-16', 'north', 4),"
        " (date '2025-10-16', 'north', 8)) as t(order_date, region, amount)"
    )
    return str(client.by_path(dremio.source, dremio.run, "sales")["id"])


@pytest.fixture
def definition(sales: str, client: Client) -> Iterator[dict[str, Any]]:
    """An aggregate reflection's body; all reflections of the table are gone afterwards."""
    yield {
        "entityType": "reflection",
        "type": "AGGREGATION",
        "name": "by_region",
        "datasetId": sales,
        "enabled": True,
        "arrowCachingEnabled": False,
        "partitionDistributionStrategy": "CONSOLIDATED",
        "dimensionFields": [{"name": "order_date", "granularity": "DATE"}, {"name": "region"}],
        "measureFields": [{"name": "amount", "measureTypeList": ["SUM", "COUNT"]}],
    }
    for reflection in client.http.get(f"/api/v3/dataset/{sales}/reflection").json()["data"]:
        client.http.delete(f"/api/v3/reflection/{reflection['id']}")


def create(client: Client, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.http.post("/api/v3/reflection", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def accelerating(client: Client, reflection: str, newer_than: str = "") -> dict[str, Any]:
    """The reflection once a refresh that began after a moment made it usable."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        shown = client.http.get(f"/api/v3/reflection/{reflection}").json()
        for name, values in STATUS.items():
            assert shown["status"][name] in values
        done = shown["status"]["combinedStatus"] == "CAN_ACCELERATE"
        if done and shown["status"].get("lastDataFetch", "") > newer_than:
            return dict(shown)
        time.sleep(0.1)
    raise AssertionError(shown["status"])


def test_a_new_reflection_comes_to_accelerate(client: Client, definition: dict[str, Any]) -> None:
    made = create(client, definition)
    assert made["name"] == "by_region"
    shown = accelerating(client, made["id"])
    assert (shown["status"]["config"], shown["status"]["availability"]) == ("OK", "AVAILABLE")
    assert shown["status"]["failureCount"] == 0
    assert shown["status"]["lastDataFetch"] < shown["status"]["expiresAt"]
    assert [field["name"] for field in shown["dimensionFields"]] == ["order_date", "region"]
    assert shown["measureFields"][0]["measureTypeList"] == ["SUM", "COUNT"]


def test_a_dimension_without_granularity_is_one_by_date(client: Client, definition: dict[str, Any]) -> None:
    made = create(client, definition)
    assert [(f["name"], f["granularity"]) for f in made["dimensionFields"]] == [
        ("order_date", "DATE"),
        ("region", "DATE"),
    ]


def test_a_reflection_must_say_whether_it_is_enabled(client: Client, definition: dict[str, Any]) -> None:
    del definition["enabled"]
    answer = client.http.post("/api/v3/reflection", json=definition)
    assert answer.status_code == 400
    assert answer.json()["errorMessage"] == "Reflections must have the enabled field set"


def test_fields_without_a_value_are_not_shown(client: Client, definition: dict[str, Any]) -> None:
    shown = create(client, {**definition, "sortFields": [], "no_such_field": 1})
    for name in ("displayFields", "distributionFields", "partitionFields", "sortFields", "no_such_field"):
        assert name not in shown


def test_a_view_with_a_limit_comes_to_accelerate_and_is_refreshed(
    dremio: Target, client: Client, sales: str
) -> None:
    view = f'"{dremio.space}".first_sales'
    client.sql(f"create view {view} as select region, amount from {dremio.table('sales')} limit 2")
    client.sql(f"alter view {view} create raw reflection first_sales using display (region, amount)")
    dataset = client.by_path(dremio.space, "first_sales")["id"]
    (made,) = client.http.get(f"/api/v3/dataset/{dataset}/reflection").json()["data"]
    first = accelerating(client, made["id"])
    client.sql(f"alter view {view} refresh reflections")
    second = accelerating(client, made["id"], newer_than=first["status"]["lastDataFetch"])
    assert second["status"]["failureCount"] == 0
    assert client.value(f"select count(*) from {view}") == 2
    client.http.delete(f"/api/v3/reflection/{made['id']}").raise_for_status()
    client.sql(f"drop view {view}")


def test_a_dataset_lists_its_reflections_with_id_name_and_tag(
    client: Client, definition: dict[str, Any], sales: str
) -> None:
    made = create(client, definition)
    listed = client.http.get(f"/api/v3/dataset/{sales}/reflection").json()["data"]
    assert [(r["id"], r["name"], bool(r["tag"])) for r in listed] == [(made["id"], "by_region", True)]


def test_a_dataset_has_one_reflection_of_a_name(client: Client, definition: dict[str, Any]) -> None:
    create(client, definition)
    assert client.http.post("/api/v3/reflection", json=definition).status_code == 409


def test_a_change_needs_the_newest_tag(client: Client, definition: dict[str, Any]) -> None:
    made = accelerating(client, create(client, definition)["id"])
    address = f"/api/v3/reflection/{made['id']}"
    assert client.http.put(address, json={**definition, "tag": "stale"}).status_code == 409
    newest = client.http.get(address).json()["tag"]
    changed = client.http.put(address, json={**definition, "tag": newest, "enabled": False})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["enabled"], changed.json()["status"]["combinedStatus"]) == (False, "DISABLED")
    assert changed.json()["tag"] != newest


def test_a_refresh_of_the_dataset_fetches_anew(
    client: Client, definition: dict[str, Any], sales: str
) -> None:
    first = accelerating(client, create(client, definition)["id"])
    assert client.http.post(f"/api/v3/catalog/{sales}/refresh").status_code in (200, 204)
    second = accelerating(client, first["id"], newer_than=first["status"]["lastDataFetch"])
    assert second["status"]["lastDataFetch"] > first["status"]["lastDataFetch"]


def test_a_deleted_reflection_is_gone(client: Client, definition: dict[str, Any]) -> None:
    made = create(client, definition)
    assert client.http.delete(f"/api/v3/reflection/{made['id']}").status_code in (200, 204)
    assert client.http.get(f"/api/v3/reflection/{made['id']}").status_code == 404
    assert client.http.delete(f"/api/v3/reflection/{made['id']}").status_code == 404


def test_a_reflection_of_nothing_is_refused(client: Client, definition: dict[str, Any]) -> None:
    unknown = {**definition, "datasetId": "1acab7b3-ee82-44c1-abcc-e86d56078d4d"}
    assert client.http.post("/api/v3/reflection", json=unknown).status_code in (400, 404)
    no_such_column = {**definition, "dimensionFields": [{"name": "no_such_column"}]}
    assert client.http.post("/api/v3/reflection", json=no_such_column).status_code == 400


def test_sql_makes_a_raw_and_an_aggregate_reflection(
    dremio: Target, client: Client, definition: dict[str, Any], sales: str
) -> None:
    table = dremio.table("sales")
    client.sql(f"alter table {table} create raw reflection raw_sales using display (order_date, amount)")
    client.sql(
        f"alter table {table} create aggregate reflection agg_sales using dimensions (region)"
        " measures (amount (sum, count))"
    )
    listed = client.http.get(f"/api/v3/dataset/{sales}/reflection").json()["data"]
    assert {(r["name"], r["type"]) for r in listed} == {("raw_sales", "RAW"), ("agg_sales", "AGGREGATION")}
    names = client.sql("select reflection_name from sys.reflections where dataset_name like '%sales%'")
    assert {"raw_sales", "agg_sales"} <= {row["reflection_name"] for row in names}
    client.sql(f"alter table {table} drop reflection raw_sales")
    with pytest.raises(StatementFailed):
        client.sql(f"alter table {table} drop reflection raw_sales")


def test_a_query_is_answered_the_same_and_the_job_names_the_chosen_reflection(
    dremio: Target, client: Client, definition: dict[str, Any]
) -> None:
    query = (
        f"select region, sum(amount) as total from {dremio.table('sales')} group by region order by region"
    )
    before = client.sql(query)
    made = accelerating(client, create(client, definition)["id"])
    job = client.submit(query)
    relationships = client.wait(job)["acceleration"]["reflectionRelationships"]
    assert client.http.get(f"/api/v3/job/{job}/results").json()["rows"] == before
    assert before == [{"region": "north", "total": 13}, {"region": "south", "total": 2}]
    assert {"CHOSEN"} == {r["relationship"] for r in relationships if r["reflectionId"] == made["id"]}


def test_a_changed_table_is_never_answered_from_an_older_reflection(
    dremio: Target, client: Client, definition: dict[str, Any]
) -> None:
    client.sql(f"create table {dremio.table('moving')} as select 'a' as k, 1 as v")
    dataset = client.by_path(dremio.source, dremio.run, "moving")["id"]
    body = {
        **definition,
        "datasetId": dataset,
        "dimensionFields": [{"name": "k"}],
        "measureFields": [{"name": "v", "measureTypeList": ["SUM"]}],
    }
    accelerating(client, create(client, body)["id"])
    client.sql(f"insert into {dremio.table('moving')} values ('a', 10)")
    if dremio.embedded:  # Dremio may answer from an older reflection until it is refreshed.
        assert client.value(f"select sum(v) from {dremio.table('moving')}") == 11
    client.sql(f"alter table {dremio.table('moving')} refresh reflections")
    deadline = time.monotonic() + SECONDS
    while client.value(f"select sum(v) from {dremio.table('moving')}") != 11:
        assert time.monotonic() < deadline
