"""Change data capture: what lands of a table's life, and where the next sync begins."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from tests.wire.captured import SIMPLE, Captured, open_transaction
from tests.wire.conftest import Landing
from tests.wire.faults import details

from testing.ingestion_stack import AirbyteServer, IngestionStack

Query = Callable[..., list[tuple[Any, ...]]]


def test_first_all_rows_then_every_insert_update_and_delete_in_the_order_of_commits(
    captured: Captured, query: Query
) -> None:
    table = captured.table(SIMPLE)
    query(f"insert into {table} select n, 'old', n from generate_series(1, 100) as n")
    captured.connect("things")
    first = captured.sync()
    assert first["rowsSynced"] == 100
    assert captured.newest() == captured.source_rows()
    query(f"insert into {table} values (101, 'new', 1.25)")
    query(f"update {table} set name = 'changed' where id = 1")
    query(f"update {table} set name = 'changed again' where id = 1")
    query(f"delete from {table} where id = 2")
    second = captured.sync()
    assert second["rowsSynced"] == 4
    new = captured.rows()[100:]
    assert [(row["id"], row["name"]) for row in new] == [
        (101, "new"),
        (1, "changed"),
        (1, "changed again"),
        (2, None),
    ]
    assert [row["_ab_cdc_deleted_at"] is None for row in new] == [True, True, True, False]
    assert new[3]["_ab_cdc_deleted_at"] == new[3]["_ab_cdc_updated_at"]
    assert dt.datetime.now(dt.UTC) - new[3]["_ab_cdc_deleted_at"] < dt.timedelta(minutes=1)
    assert captured.newest() == captured.source_rows()
    assert captured.sync()["rowsSynced"] == 0


def test_a_truncate_is_one_row_that_deletes_everything_before_it(captured: Captured, query: Query) -> None:
    table = captured.table(SIMPLE)
    query(f"insert into {table} values (1, 'a', 1)")
    captured.connect("things")
    captured.sync()
    query(f"truncate {table}")
    query(f"insert into {table} values (2, 'b', 2)")
    assert captured.sync()["rowsSynced"] == 2
    _, truncated, after = captured.rows()
    assert [truncated[name] for name in ("id", "name", "amount")] == [None, None, None]
    assert truncated["_ab_cdc_deleted_at"] is not None
    assert (after["id"], after["_ab_cdc_deleted_at"]) == (2, None)


def test_a_row_whose_key_changes_is_deleted_under_the_old_key(captured: Captured, query: Query) -> None:
    table = captured.table(SIMPLE)
    query(f"insert into {table} values (1, 'a', 1)")
    captured.connect("things")
    captured.sync()
    query(f"update {table} set id = 10 where id = 1")
    assert captured.sync()["rowsSynced"] == 2
    assert captured.newest() == captured.source_rows()
    assert list(captured.newest()) == [10]


def test_a_transaction_open_during_the_first_read_is_neither_lost_nor_doubled(
    stack: IngestionStack, captured: Captured, query: Query
) -> None:
    """It began before the slot and commits after the read: PostgreSQL waits for it to make the slot."""
    table = captured.table(SIMPLE)
    query(f"insert into {table} values (1, 'a', 1)")
    captured.connect("things", initial_waiting_seconds=1)
    with open_transaction(stack.environ) as other:
        other.execute(f"insert into {table} values (2, 'open', 2)")
        job = captured.try_sync()
        assert job["status"] == "failed"
        assert "initial_waiting_seconds" in captured.failure(job)["externalMessage"]
        assert "process" in captured.failure(job)["externalMessage"]
        other.commit()
    assert captured.sync()["rowsSynced"] == 2
    assert captured.sync()["rowsSynced"] == 0
    assert captured.newest() == captured.source_rows()


def test_changes_between_a_slot_made_by_hand_and_the_first_read_come_once(
    captured: Captured, query: Query
) -> None:
    """In the order of Airbyte's setup guide: the slot before the publication."""
    table = captured.table(SIMPLE)
    query("select pg_create_logical_replication_slot(%s, 'pgoutput')", (captured.name,))
    query(f"insert into {table} values (1, 'a', 1), (2, 'b', 2)")
    query(f"update {table} set name = 'seen' where id = 1")
    captured.connect("things")
    assert captured.sync()["rowsSynced"] == 2
    query(f"update {table} set name = 'later' where id = 1")
    assert captured.sync()["rowsSynced"] == 1
    assert captured.newest() == captured.source_rows()


def test_several_tables_share_a_slot_and_a_table_that_joins_later_is_read_first(
    captured: Captured, query: Query
) -> None:
    one, two = captured.table(SIMPLE, "one"), captured.table(SIMPLE, "two")
    captured.connect("one", "two")
    captured.streams("one")
    query(f"insert into {one} values (1, 'a', 1)")
    query(f"insert into {two} values (1, 'a', 1)")
    assert captured.sync()["rowsSynced"] == 1
    query(f"insert into {one} values (2, 'b', 2)")
    query(f"update {two} set name = 'unseen'")
    assert captured.sync()["rowsSynced"] == 1
    captured.streams("one", "two")
    query(f"update {one} set name = 'c' where id = 1")
    query(f"insert into {two} values (2, 'b', 2)")
    captured.sync()
    assert captured.newest("one") == captured.source_rows("one")
    assert captured.newest("two") == captured.source_rows("two")


def test_types_are_those_of_a_full_read(captured: Captured, landing: Landing, query: Query) -> None:
    """The same rows, once read as a table and once from the log: same schema, same values."""
    table = captured.table(KINDS)
    captured.connect("things")
    query(f"insert into {table} {VALUES}")
    assert captured.sync()["rowsSynced"] == 3
    full = landing.rows("things")
    query(f"delete from {table}")
    query(f"insert into {table} {VALUES}")
    assert captured.sync()["rowsSynced"] == 6
    key = landing.keys("things")[-1]
    log = landing.file(key).read()
    assert log.schema.equals(full.schema, check_metadata=False)
    inserted = log.filter(log["_ab_cdc_deleted_at"].is_null())
    columns = [name for name in full.column_names if not name.startswith("_a")]
    for name in columns:
        assert _bytes(inserted, name) == _bytes(full, name), name
    types = {field.name: field.type for field in full.schema}
    assert types["money"] == pa.decimal128(12, 2)
    assert types["exact"] == pa.string()
    values = {name: full.sort_by("id")[name].to_pylist() for name in ("exact", "money", "words", "mark")}
    assert values["exact"] == ["12345678901234567890.123456789", "NaN", None]
    assert values["money"] == [Decimal("1.23"), None, Decimal("0.00")]
    assert values["words"] == ["h\u00e9llo \U0001f600", "", "\\N\ttab"]
    assert values["mark"] == ["x", "", None]
    meta = log.sort_by([("_ab_cdc_lsn", "ascending")])["_airbyte_meta"].to_pylist()
    [left_out] = [entry["changes"] for entry in meta if entry["changes"]]
    assert sorted(change["field"] for change in left_out) == ["at", "at_zone", "day", "money"]
    assert {(change["change"], change["reason"]) for change in left_out} == {
        ("NULLED", "DESTINATION_SERIALIZATION_ERROR")
    }


KINDS = """
    id bigint primary key, small smallint, number integer, single real, double double precision,
    flag boolean, words text, short varchar(10), mark char(5), day date, at timestamp, at_zone timestamptz,
    exact numeric, money numeric(12, 2), wide numeric(40, 2), raw bytea, document jsonb, mark_id uuid,
    list integer[], clock time, span interval, big text
"""
VALUES = """values
    (1, 1, 2, 1.5, 2.25, true, 'h\u00e9llo \U0001f600', 'abc', 'x', '2025-10-16',
        '2025-10-16 01:02:03.123456', '2025-03-30 02:30:00+02', 12345678901234567890.123456789, 1.23,
        1234567890123456789012345678901234567.89, '\\x00ff', '{"a": 1}',
        '5ae6b09b-fdec-41af-aaf7-7d94cfc33ef6', '{1,2}', '01:02:03', '1 day 2 hours', repeat('x', 1000000)),
    (2, null, null, 'NaN', 'Infinity', false, '', ' ', '', 'infinity', 'infinity', '-infinity', 'NaN', 'NaN',
        null, '', 'null', null, null, null, null, null),
    (3, -1, null, '-Infinity', 'NaN', null, E'\\\\N\\ttab', E'tab\\t', null, '0044-03-15 BC',
        '0044-03-15 10:00:00 BC', '1999-12-31 23:59:59.999999-11', null, 0, null, null, null, null, '{}',
        '23:59:59.999999', '-1 year', null)
"""


def _bytes(table: pa.Table, name: str) -> list[Any]:
    """A column's values by id, as they lie in the file: Python has no infinite or ancient dates."""
    column = table.sort_by("id")[name].combine_chunks()
    if pa.types.is_timestamp(column.type):
        column = column.view(pa.int64())
    if pa.types.is_date(column.type):
        column = column.view(pa.int32())
    return [str(value) for value in column.to_pylist()]


@pytest.mark.parametrize("identity", ["default", "full"])
def test_a_large_value_that_an_update_leaves_alone_arrives_with_the_update(
    captured: Captured, query: Query, identity: str
) -> None:
    table = captured.table("id bigint, part text, name text, big text, primary key (id, part)")
    query(f"alter table {table} alter column big set storage external")
    query(f"alter table {table} replica identity {identity}")
    query(f"insert into {table} select n, 'p', 'a', repeat(n::text, 9000) from generate_series(1, 3) as n")
    captured.connect("things")
    captured.sync()
    query(f"update {table} set name = 'b'")
    query(f"delete from {table} where id = 3")
    assert captured.sync()["rowsSynced"] == 4
    updated = captured.rows()[3:6]
    assert [row["name"] for row in updated] == ["b", "b", "b"]
    expected = ["1" * 9000, "2" * 9000, "3" * 9000 if identity == "full" else None]
    assert [row["big"] for row in updated] == expected
    assert captured.newest() == captured.source_rows()
    changes = [row["changes"] for row in captured.landing.rows("things")["_airbyte_meta"].to_pylist()]
    reported = [change for row in changes for change in row]
    lost = {"field": "big", "change": "NULLED", "reason": "SOURCE_RETRIEVAL_ERROR"}
    assert reported == ([] if identity == "full" else [lost])


def test_columns_that_come_go_and_change_type_in_mid_stream_each_land_as_they_were(
    captured: Captured, query: Query
) -> None:
    table = captured.table(SIMPLE)
    captured.connect("things")
    captured.sync()
    query(f"insert into {table} values (1, 'a', 1)")
    query(f"alter table {table} add column extra integer")
    query(f"insert into {table} values (2, 'b', 2, 20)")
    query(f"alter table {table} drop column name")
    query(f"insert into {table} values (3, 3, 30)")
    query(f"alter table {table} alter column amount type text")
    query(f"insert into {table} values (4, 'four', 40)")
    assert captured.sync()["rowsSynced"] == 4
    files = [captured.landing.file(key).read() for key in captured.landing.keys("things")]
    landed = {row["id"]: row for file in files for row in file.to_pylist()}
    assert "extra" not in landed[1]
    assert (landed[2]["extra"], landed[2]["name"]) == (20, "b")
    assert "name" not in landed[3]
    assert (landed[3]["amount"], landed[4]["amount"]) == (Decimal("3.00"), "four")


def test_an_idle_database_lets_go_of_its_log(
    airbyte: AirbyteServer, captured: Captured, query: Query
) -> None:
    """Other tables write, none of the captured ones: the slot must not keep their log forever."""
    captured.table(SIMPLE)
    captured.table("beat bigint", "pulse")
    beat = f"insert into {captured.name}.pulse values (1)"
    captured.connect("things", heartbeat_action_query=beat)
    captured.sync()
    before = captured.slot()["confirmed"]
    noise = captured.table("text text", "noise")
    query(f"insert into {noise} select repeat('x', 500) from generate_series(1, 2000)")
    job = captured.sync()
    assert job["rowsSynced"] == 0
    assert captured.slot()["confirmed"] > before + 500_000
    assert query(f"select count(*) from {captured.name}.pulse") == [(2,)]
    (attempt,) = details(airbyte, job)["attempts"]
    seen = attempt["attempt"]["replicationSlot"]
    assert (seen["slot"], seen["wal_status"]) == (captured.name, "reserved")
    assert 0 <= seen["behind"] < 100_000
    assert "bytes of log behind" in captured.log(job)


def test_full_refresh_streams_of_the_same_connection_are_read_as_ever(
    airbyte: AirbyteServer, captured: Captured, query: Query, platform_query: Query
) -> None:
    table = captured.table(SIMPLE)
    other = captured.table("id bigint primary key", "others")
    captured.connect("things", "others")
    streams = [
        {"name": "things", "syncMode": "incremental_append"},
        {"name": "others", "syncMode": "full_refresh_append"},
    ]
    body = {"configurations": {"streams": streams}}
    airbyte.call("PATCH", f"/connections/{captured.connection}", body)
    query(f"insert into {table} values (1, 'a', 1)")
    query(f"insert into {other} values (1), (2)")
    assert captured.sync()["rowsSynced"] == 3
    assert captured.sync()["rowsSynced"] == 2
    ((state,),) = platform_query(
        "select state from airbyte_state where connection_id = %s", (captured.connection,)
    )
    assert state["state_type"] == "global"
    assert state["global_state"]["shared_state"]["lsn"] <= captured.slot()["confirmed"]
    names = [entry["stream_descriptor"]["name"] for entry in state["global_state"]["stream_states"]]
    assert names == ["others", "things"]


def test_the_shops_own_days_arrive_by_capture(
    stack: IngestionStack, airbyte: AirbyteServer, captured: Captured, query: Query
) -> None:
    method = {
        "method": "CDC",
        "publication": "airbyte_publication",
        "replication_slot": captured.name,
    }
    connection = airbyte.add_connection(
        "shop_postgres_to_lake", captured.landing.folder, replication_method=method
    )
    assert airbyte.sync(connection)["status"] == "succeeded"
    ((day,),) = query("select day + 1 from shop_internal.calendar")
    assert stack.shop("advance", "--to", str(day)).returncode == 0
    query("update products set active = not active where product_id = 1")
    assert airbyte.sync(connection)["status"] == "succeeded"
    for stream, key in (("customers", "customer_id"), ("orders", "order_id")):
        columns = ", ".join(
            name for name in captured.landing.rows(stream).column_names if not name.startswith("_a")
        )
        expected = {row[0]: row for row in query(f"select {columns} from {stream}")}
        newest = captured.newest(stream, key)
        assert {number: tuple(row.values()) for number, row in newest.items()} == expected
