"""What lands, and what the next sync does and does not bring again."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.wire.conftest import Landing

from testing.ingestion_stack import AirbyteServer, IngestionStack

Query = Callable[..., list[tuple[Any, ...]]]
ADDED = ["_airbyte_raw_id", "_airbyte_extracted_at", "_airbyte_generation_id", "_airbyte_meta"]
FILE_NAME = re.compile(r"\d{4}_\d\d_\d\d_\d{13}_0\.parquet")


def newest(rows: pa.Table, key: str) -> dict[int, dict[str, Any]]:
    """The newest version of each key, without Airbyte's own columns."""
    found: dict[int, dict[str, Any]] = {}
    for row in rows.drop_columns(ADDED).to_pylist():
        if row[key] not in found or row["updated_at"] >= found[row[key]]["updated_at"]:
            found[row[key]] = row
    return found


def table_of(query: Query, table: str, key: str) -> dict[int, dict[str, Any]]:
    columns = [
        name
        for (name,) in query(
            "select column_name from information_schema.columns"
            " where table_name = %s order by ordinal_position",
            (table,),
        )
    ]
    return {
        row[columns.index(key)]: dict(zip(columns, row, strict=True))
        for row in query(f"select * from {table}")
    }


def test_the_first_sync_lands_every_row_as_it_stands_in_the_database(
    airbyte: AirbyteServer, landing: Landing, query: Query, platform_query: Query
) -> None:
    connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder)
    job = airbyte.sync(connection)
    assert job["status"] == "succeeded"
    expected = {
        "customers": table_of(query, "customers", "customer_id"),
        "orders": table_of(query, "orders", "order_id"),
        "products": table_of(query, "products", "product_id"),
    }
    assert job["rowsSynced"] == sum(len(rows) for rows in expected.values())
    assert job["bytesSynced"] > 100_000
    for stream, key in (("customers", "customer_id"), ("orders", "order_id"), ("products", "product_id")):
        (landed,) = landing.keys(stream)
        folder, _, name = landed.rpartition("/")
        assert folder == f"{landing.folder}/source=postgres/{stream}"
        assert FILE_NAME.fullmatch(name)
        rows = landing.rows(stream)
        assert rows.column_names[:4] == ADDED
        assert newest(rows, key) == expected[stream]
    (state,) = platform_query("select state from airbyte_state where connection_id = %s", (connection,))
    assert {entry["stream_descriptor"]["name"] for entry in state[0]["streams"]} == set(expected)


def test_columns_keep_their_natural_types(airbyte: AirbyteServer, landing: Landing) -> None:
    assert (
        airbyte.sync(airbyte.add_connection("shop_postgres_to_lake", landing.folder))["status"] == "succeeded"
    )
    file = landing.file(landing.keys("orders")[0])
    types = {field.name: field.type for field in file.schema_arrow}
    assert types["order_id"] == pa.int64()
    assert types["amount"] == pa.decimal128(12, 2)
    assert types["order_date"] == pa.date32()
    assert types["updated_at"] == pa.timestamp("us")
    assert types["_airbyte_extracted_at"] == pa.timestamp("us", "UTC")
    assert types["_airbyte_meta"].field("sync_id").type == pa.int64()
    assert file.metadata.row_group(0).column(0).compression == "SNAPPY"


def test_every_row_has_a_uuid_that_no_other_row_of_any_sync_has(
    airbyte: AirbyteServer, landing: Landing
) -> None:
    for _ in range(2):
        connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder)
        assert airbyte.sync(connection)["status"] == "succeeded"
    ids = [
        row_id
        for stream in ("customers", "orders", "products")
        for row_id in landing.rows(stream)["_airbyte_raw_id"].to_pylist()
    ]
    assert len(ids) == len(set(ids)) > 0
    assert {str(uuid.UUID(row_id)) for row_id in ids} == set(ids)


def test_a_rest_source_lands_every_record(airbyte: AirbyteServer, landing: Landing, query: Query) -> None:
    job = airbyte.sync(airbyte.add_connection("shop_api_to_lake", landing.folder))
    assert job["status"] == "succeeded"
    rows = landing.rows("shipments")
    assert newest(rows, "shipment_id") == table_of(query, "shipments", "shipment_id")
    assert rows.num_rows == job["rowsSynced"]
    assert rows.schema.field("delivered_at").type == pa.timestamp("us")


@pytest.mark.parametrize(
    ("file", "streams"),
    [("shop_postgres_to_lake", ("customers", "orders")), ("shop_api_to_lake", ("shipments",))],
)
def test_a_sync_without_changes_writes_no_file(
    airbyte: AirbyteServer, landing: Landing, file: str, streams: tuple[str, ...]
) -> None:
    connection = airbyte.add_connection(file, landing.folder)
    airbyte.sync(connection)
    before = {stream: landing.keys(stream) for stream in streams}
    assert all(before.values())
    job = airbyte.sync(connection)
    assert job["status"] == "succeeded"
    assert {stream: landing.keys(stream) for stream in streams} == before


def test_a_row_committed_later_with_the_very_same_cursor_is_not_lost(
    airbyte: AirbyteServer, landing: Landing, query: Query
) -> None:
    connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder)
    airbyte.sync(connection)
    query(
        "insert into customers (customer_id, name, email, created_at, updated_at)"
        " select 900001, 'Late Tie', 'late@example.com', max(updated_at), max(updated_at) from customers"
    )
    try:
        airbyte.sync(connection)
        assert newest(landing.rows("customers"), "customer_id")[900001]["name"] == "Late Tie"
        files = landing.keys("customers")
        airbyte.sync(connection)
        assert landing.keys("customers") == files
    finally:
        query("delete from customers where customer_id = 900001")


def test_after_a_day_only_what_changed_arrives_and_the_sum_is_the_database(
    stack: IngestionStack, airbyte: AirbyteServer, landing: Landing, query: Query
) -> None:
    database = airbyte.add_connection("shop_postgres_to_lake", landing.folder)
    api = airbyte.add_connection("shop_api_to_lake", landing.folder)
    airbyte.sync(database)
    airbyte.sync(api)
    (day,) = query("select day + 1 from shop_internal.calendar")[0]
    assert stack.shop("advance", "--to", str(day)).returncode == 0
    changed = query("select count(*) from orders where updated_at >= %s", (day,))[0][0]
    first = set(landing.keys())
    assert airbyte.sync(database)["status"] == airbyte.sync(api)["status"] == "succeeded"
    new = [key for key in landing.keys("orders") if key not in first]
    assert 0 < changed < 1000
    assert sum(landing.file(key).metadata.num_rows for key in new) == changed
    for stream, key in (("customers", "customer_id"), ("orders", "order_id"), ("shipments", "shipment_id")):
        assert newest(landing.rows(stream), key) == table_of(query, stream, key)


def test_a_full_refresh_reads_everything_again_and_tells_the_syncs_apart(
    airbyte: AirbyteServer, landing: Landing, query: Query
) -> None:
    connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder)
    jobs = [airbyte.sync(connection)["jobId"] for _ in range(2)]
    rows = landing.rows("products")
    syncs = pc.struct_field(rows["_airbyte_meta"], "sync_id").to_pylist()
    count = query("select count(*) from products")[0][0]
    assert {sync: syncs.count(sync) for sync in syncs} == dict.fromkeys(jobs, count)


def test_a_reset_forgets_the_state_and_the_next_sync_is_a_new_generation(
    airbyte: AirbyteServer, landing: Landing, platform_query: Query
) -> None:
    connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder)
    airbyte.sync(connection)
    files = len(landing.keys())
    reset = airbyte.call("POST", "/jobs", {"connectionId": connection, "jobType": "reset"})
    assert airbyte.wait(reset["jobId"])["status"] == "succeeded"
    assert platform_query("select 1 from airbyte_state where connection_id = %s", (connection,)) == []
    assert len(landing.keys()) == files
    airbyte.sync(connection)
    newest_file = landing.file(landing.keys("orders")[-1]).read(["_airbyte_generation_id"])
    assert pc.unique(newest_file["_airbyte_generation_id"]).to_pylist() == [1]


@pytest.mark.parametrize("value", ["NaN", "-Infinity", r'"\ud800"'])
@pytest.mark.parametrize("path", ["/sources", "/workspaces/{}/definitions/declarative_sources"])
def test_a_body_with_a_value_that_is_not_json_is_refused(
    airbyte: AirbyteServer, path: str, value: str
) -> None:
    workspace = airbyte.workspace()
    where = '"host": "h", "port": 5432, "database": "d"'
    configuration = f'{{"sourceType": "postgres", {where}, "username": {value}}}'
    parts = f'"configuration": {configuration}, "manifest": {{"streams": [{value}]}}'
    answer = airbyte.http.post(
        airbyte.url + path.format(workspace),
        content=f'{{"name": "n", "workspaceId": "{workspace}", {parts}}}'.encode(),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
    assert "lacks" not in answer.json()["detail"]
    assert "n" not in {one["name"] for one in airbyte.call("GET", path.format(workspace))["data"]}
