"""Statements that change something or look at it: docs.dremio.com/current/reference/sql (commands)."""

import pytest
from tests.conformance.target import Target

from testing.engine_on_the_wire import Client, StatementFailed


def test_tables_are_found_whatever_their_case(dremio: Target, client: Client) -> None:
    client.sql(f"create table {dremio.table('Cased')} as select 1 as A")
    assert client.value(f"select a from {dremio.table('CASED')}") == 1


def test_a_merge_updates_and_inserts(dremio: Target, client: Client) -> None:
    target = dremio.table("merged")
    client.sql(f"create table {target} as select * from (values (1, 'old'), (2, 'kept')) as t(id, v)")
    found = client.sql(
        f"merge into {target} as t using (values (1, 'new'), (3, 'added')) as s(id, v) on (t.id = s.id)"
        " when matched then update set v = s.v when not matched then insert (id, v) values (s.id, s.v)"
    )
    assert found == [{"Records": 2}]
    assert client.sql(f"select id, v from {target} order by id") == [
        {"id": 1, "v": "new"}, {"id": 2, "v": "kept"}, {"id": 3, "v": "added"},
    ]  # fmt: skip


def test_rows_are_inserted_updated_and_deleted(dremio: Target, client: Client) -> None:
    name = dremio.table("changed")
    client.sql(f"create table {name} (id integer, amount decimal(12,2), note varchar)")
    assert client.sql(f"insert into {name} values (1, 1.5, 'a'), (2, 2.5, 'b')") == [{"Records": 2}]
    assert client.sql(f"insert into {name} (id, note) select 3, 'c'") == [{"Records": 1}]
    client.sql(f"update {name} set amount = 9 where id = 3")
    client.sql(f"delete from {name} where id = 1")
    assert client.sql(f"select id, amount, note from {name} order by id") == [
        {"id": 2, "amount": 2.5, "note": "b"}, {"id": 3, "amount": 9, "note": "c"},
    ]  # fmt: skip
    client.sql(f"truncate table {name}")
    assert client.value(f"select count(*) from {name}") == 0


def test_columns_are_added_changed_and_dropped(dremio: Target, client: Client) -> None:
    name = dremio.table("reshaped")
    client.sql(f"create table {name} as select 1 as a, 'x' as b")
    client.sql(f"alter table {name} add columns (c double)")
    client.sql(f"alter table {name} alter column a a bigint")
    client.sql(f"alter table {name} drop column b")
    fields = client.by_path(dremio.source, dremio.run, "reshaped")["fields"]
    assert [(f["name"], f["type"]["name"]) for f in fields] == [("a", "BIGINT"), ("c", "DOUBLE")]
    assert client.sql(f"select a, c from {name}") == [{"a": 1, "c": None}]


def test_a_table_is_made_with_partitions_sorting_and_format(dremio: Target, client: Client) -> None:
    client.sql(
        f"create table {dremio.table('stored')} partition by (month(d)) localsort by (id)"
        " store as (type => 'iceberg') as (select 1 as id, date '2025-10-16' as d)"
    )
    assert client.value(f"select count(*) from {dremio.table('stored')}") == 1


def test_an_older_snapshot_is_read_and_rolled_back_to(dremio: Target, client: Client) -> None:
    name = dremio.table("travelled")
    client.sql(f"create table {name} as select 1 as a")
    client.sql(f"insert into {name} values (2)")
    snapshots = client.sql(f"select snapshot_id from table(table_snapshot('{name}')) order by committed_at")
    first, last = snapshots[0]["snapshot_id"], snapshots[-1]["snapshot_id"]
    assert first != last
    count = "select count(*) from"
    assert client.value(f"{count} {name} at snapshot '{first}'") == 1
    assert client.value(f"{count} {name} at snapshot '{last}'") == 2
    client.sql(f"rollback table {name} to snapshot '{first}'")
    assert client.value(f"{count} {name}") == 1


def test_a_table_is_optimized_and_vacuumed_without_loss(dremio: Target, client: Client) -> None:
    name = dremio.table("tidied")
    client.sql(f"create table {name} as select 1 as a")
    for value in (2, 3):
        client.sql(f"insert into {name} values ({value})")
    client.sql(f"optimize table {name}")
    client.sql(f"vacuum table {name} expire snapshots older_than '2100-01-01 00:00:00.000' retain_last 1")
    assert client.value(f"select sum(a) from {name}") == 6


def test_a_view_is_made_replaced_and_dropped(dremio: Target, client: Client) -> None:
    name = f'"{dremio.space}"."a_view"'
    client.sql(f"create view {name} as select 1 as a")
    with pytest.raises(StatementFailed):
        client.sql(f"create view {name} as select 2 as a")
    client.sql(f"create or replace view {name} as select 2 as a")
    assert client.value(f"select a from {name}") == 2
    client.sql(f"drop view {name}")
    with pytest.raises(StatementFailed):
        client.sql(f"select a from {name}")


def test_statements_of_inspection(dremio: Target, client: Client) -> None:
    client.sql(f"create table {dremio.table('described')} as select 1 as a, 'x' as b")
    described = client.sql(f"describe {dremio.table('described')}")
    assert [(row["COLUMN_NAME"], row["DATA_TYPE"]) for row in described] == [
        ("a", "INTEGER"), ("b", "CHARACTER VARYING"),
    ]  # fmt: skip
    assert {"SCHEMA_NAME": dremio.space} in client.sql("show schemas")
    assert client.sql("explain plan for select 1")
    assert client.sql("select * from sys.version")
