"""Older versions of a table: read, listed, rolled back to, given up; small files put together."""

import json
from typing import Any

import pytest

from testing.engine_on_the_wire import Client, EngineProcess, StatementFailed


def snapshots(client: Client, table: str) -> list[dict[str, Any]]:
    """The table's snapshots, oldest first."""
    return client.sql(f"select * from table(table_snapshot('{table}')) order by committed_at, snapshot_id")


@pytest.fixture(scope="module")
def versions(engine: Any) -> list[int]:
    """`marts.travelled` with 1, 2 and 3 rows, then one row changed; other tables change in between."""
    client = engine.client()
    client.sql("create table marts.travelled as select 1 as id, 'a' as name")
    client.sql("create table marts.other as select 1 as n")
    client.sql("insert into marts.travelled values (2, 'b')")
    client.sql("insert into marts.other values (2)")
    client.sql("insert into marts.travelled values (3, 'c')")
    client.sql("insert into marts.other values (3)")
    client.sql("update marts.travelled set name = 'A' where id = 1")
    return [row["snapshot_id"] for row in snapshots(client, "marts.travelled")]


def test_a_table_lists_only_the_versions_at_which_its_own_rows_changed(
    client: Client, versions: list[int]
) -> None:
    rows = snapshots(client, "marts.travelled")
    assert [row["operation"] for row in rows] == ["append", "append", "append", "overwrite"]
    assert [row["parent_id"] for row in rows] == [None, *versions[:-1]]
    assert json.loads(rows[1]["summary"])["added-records"] == "1"
    others = [row["snapshot_id"] for row in snapshots(client, "marts.other")]
    assert len(others) == 3
    assert not set(others) & set(versions)
    history = client.sql("select * from table(table_history('marts.travelled')) order by made_current_at")
    assert [row["snapshot_id"] for row in history] == versions
    assert all(row["is_current_ancestor"] for row in history)


def test_an_older_version_is_read_by_its_id_in_joins_subqueries_and_views(
    client: Client, versions: list[int]
) -> None:
    for rows, version in enumerate(versions[:3], 1):
        assert client.value(f"select count(*) from marts.travelled at snapshot '{version}'") == rows
    changed = client.sql(
        f"select before.name as was, t.name as is_now from marts.travelled at snapshot"
        f" '{versions[2]}' as before join marts.travelled t on t.id = before.id where t.name <> before.name"
    )
    assert changed == [{"was": "a", "is_now": "A"}]
    inner = f"select max(id) as m from marts.travelled at snapshot '{versions[1]}'"
    assert client.value(f"select m from ({inner}) as q") == 2
    client.sql(f"create or replace view bronze.first_travelled as {inner}")
    assert client.value("select m from bronze.first_travelled") == 2
    client.sql(f"create table marts.copied as select * from marts.travelled at snapshot '{versions[0]}'")
    assert client.value("select count(*) from marts.copied") == 1


def test_an_older_version_is_read_by_a_moment(client: Client, versions: list[int]) -> None:
    moments = [row["committed_at"] for row in snapshots(client, "marts.travelled")]
    for rows, moment in enumerate(moments[:3], 1):
        assert client.value(f"select count(*) from marts.travelled at timestamp '{moment}'") == rows
    assert client.value("select count(*) from marts.travelled at timestamp '2999-01-01'") == 3


@pytest.mark.parametrize(
    ("clause", "words"),
    [
        ("at snapshot '999999'", "snapshot ID '999999' is invalid"),
        ("at snapshot 'abc'", "snapshot ID 'abc' is invalid"),
        ("at timestamp '1999-01-01 00:00:00'", "is out of range"),
        ("at timestamp 'yesterday'", "is not a timestamp"),
        ("at timestamp current_timestamp", "takes a literal only"),
        ("at branch main", "AT BRANCH at line 1, column 38 is not supported"),
        ('at tag "v1"', "AT TAG"),
        ('at commit "abc" as x', "AT COMMIT"),
    ],
)
def test_what_cannot_be_read_says_so(client: Client, versions: list[int], clause: str, words: str) -> None:
    with pytest.raises(StatementFailed) as refused:
        client.sql(f"select count(*) from marts.travelled {clause}")
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select * from table(table_manifests('marts.travelled'))", "[TABLE_MANIFESTS] is not supported"),
        ("select * from table(read_text('/etc/hostname'))", "[READ_TEXT] is not supported"),
        ("select * from table(table_files('marts.nothing'))", "'nothing' not found"),
        ("select * from table(table_files(marts.travelled))", "as a string"),
        ("select * from bronze.first_travelled at snapshot '1'", "Time travel is not supported"),
        ("delete from marts.travelled at snapshot '1'", "DELETE"),
    ],
)
def test_what_has_no_versions_says_so(client: Client, versions: list[int], sql: str, words: str) -> None:
    with pytest.raises(StatementFailed) as refused:
        client.sql(sql)
    assert words in str(refused.value)


def test_files_and_partitions_are_listed(engine: EngineProcess, client: Client) -> None:
    client.sql("create table gold.listed partition by (day(d)) as select date '2025-10-16' as d, 1 as n")
    client.sql("insert into gold.listed values (date '2025-10-16', 2), (date '2025-10-17', 3)")
    files = client.sql(
        "select file_path, \"file_format\", record_count from table(table_files('gold.listed'))"
    )
    assert len(files) == 3
    folder = f"{engine.nas}/datalake/gold/listed/year=2025/month=10/"
    assert all(row["file_path"].startswith(folder) for row in files)
    assert {row["file_format"] for row in files} == {"PARQUET"}
    partitions = client.sql("select * from table(table_partitions('gold.listed')) order by \"partition\"")
    assert [(row["record_count"], row["file_count"]) for row in partitions] == [(2, 2), (1, 1)]
    assert partitions[0]["partition"] == "{year(d)=2025, month(d)=10, day(d)=16}"


def test_rollback_brings_back_rows_and_keeps_the_columns(client: Client) -> None:
    client.sql("create table marts.rolled as select 1 as id, 'x' as name")
    client.sql("insert into marts.rolled values (2, 'y')")
    client.sql("alter table marts.rolled add columns (note varchar)")
    client.sql('alter table marts.rolled alter column "name" "label" varchar')
    client.sql("delete from marts.rolled where id = 1")
    first, second, *_ = snapshots(client, "marts.rolled")
    client.sql(f"rollback table marts.rolled to snapshot '{first['snapshot_id']}'")
    assert client.sql("select * from marts.rolled") == [{"id": 1, "label": "x", "note": None}]
    client.sql(f"rollback table marts.rolled to timestamp '{second['committed_at']}'")
    assert client.value("select count(*) from marts.rolled") == 2
    with pytest.raises(StatementFailed, match="is invalid"):
        client.sql("rollback table marts.rolled to snapshot '123456789'")


def test_rollback_keeps_rows_whose_files_never_left_the_table(client: Client) -> None:
    """DuckLake hides what a transaction deletes from the older versions it reads as well."""
    client.sql("create table marts.appended as select 1 as id")
    client.sql("insert into marts.appended values (2)")
    first = snapshots(client, "marts.appended")[0]
    client.sql(f"rollback table marts.appended to snapshot '{first['snapshot_id']}'")
    assert client.sql("select id from marts.appended") == [{"id": 1}]
    assert [s["operation"] for s in snapshots(client, "marts.appended")][-1] == "overwrite"


def test_vacuum_gives_up_this_tables_snapshots_and_no_others(client: Client) -> None:
    client.sql("create table marts.vacuumed as select 1 as id")
    client.sql("create table marts.beside as select 1 as id")
    for i in range(3):
        client.sql(f"delete from marts.vacuumed where id = {i + 1}")
        client.sql(f"insert into marts.vacuumed values ({i + 2})")
        client.sql(f"insert into marts.beside values ({i})")
    before, beside = snapshots(client, "marts.vacuumed"), snapshots(client, "marts.beside")
    assert len(before) == 7
    kept = client.sql("vacuum table marts.vacuumed expire snapshots")
    assert kept[0]["deleted_data_files_count"] == 0, "nothing is five days old"
    (counts,) = client.sql(
        "vacuum table marts.vacuumed expire snapshots older_than = '2999-01-01 00:00:00.000' retain_last = 2"
    )
    assert counts["deleted_data_files_count"] > 0
    assert [s["snapshot_id"] for s in snapshots(client, "marts.vacuumed")] == [
        s["snapshot_id"] for s in before[-2:]
    ]
    with pytest.raises(StatementFailed, match="is invalid"):
        client.sql(f"select * from marts.vacuumed at snapshot '{before[2]['snapshot_id']}'")
    assert snapshots(client, "marts.beside") == beside
    for rows, snapshot in enumerate(beside, 1):
        sql = f"select count(*) from marts.beside at snapshot '{snapshot['snapshot_id']}'"
        assert client.value(sql) == rows
    assert client.sql("select id from marts.vacuumed") == [{"id": 4}]


def test_optimize_puts_small_files_of_a_partition_together(client: Client) -> None:
    client.sql("create table gold.crumbs partition by (k) localsort by (n) as select 1 as k, 0 as n")
    for i in range(1, 8):
        client.sql(f"insert into gold.crumbs values ({i % 2}, {i})")
    client.sql("delete from gold.crumbs where n = 3")
    before = snapshots(client, "gold.crumbs")
    (counts,) = client.sql("optimize table gold.crumbs rewrite data using bin_pack (min_input_files = 2)")
    assert counts["new_data_files_count"] >= 2
    assert counts["rewritten_data_files_count"] >= 7
    files = client.sql("select * from table(table_partitions('gold.crumbs'))")
    assert [row["file_count"] for row in files] == [1, 1]
    assert client.value("select sum(n) from gold.crumbs") == 28 - 3
    old = f"select count(*) from gold.crumbs at snapshot '{before[3]['snapshot_id']}'"
    assert client.value(old) == 4, "merging keeps every version readable"
    (again,) = client.sql("optimize table gold.crumbs")
    assert set(again.values()) == {0}


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("vacuum catalog lake", "VACUUM CATALOG"),
        ("vacuum table gold.t remove orphan files", "REMOVE ORPHAN FILES"),
        ("create table gold.nope partition by (truncate(3, a)) as select 'x' as a", "transform [truncate]"),
        ("create table gold.nope like gold.t", "CREATE TABLE .. [LIKE]"),
        ("alter table gold.t add primary key (a)", "PRIMARY KEY"),
        ("alter table gold.t rename to gold.u", "RENAME"),
        ("copy into gold.t from (select $1 from '@lake/x')", "COPY INTO with transformations"),
        ("create or replace folder bronze.f", "CREATE OR REPLACE FOLDER"),
    ],
)
def test_maintenance_that_is_not_done_is_refused_by_name(client: Client, sql: str, words: str) -> None:
    with pytest.raises(StatementFailed) as refused:
        client.sql(sql)
    assert words in str(refused.value)


def test_partition_fields_and_the_order_of_rows_change_for_new_files(client: Client) -> None:
    client.sql("create table gold.reshaped as select date '2025-10-16' as d, 2 as n")
    client.sql("alter table gold.reshaped add partition field month(d)")
    client.sql("alter table gold.reshaped localsort by (n)")
    client.sql("insert into gold.reshaped values (date '2025-11-01', 3), (date '2025-11-01', 1)")
    paths = [r["file_path"] for r in client.sql("select file_path from table(table_files('gold.reshaped'))")]
    assert [path.count("year=2025/month=11") for path in sorted(paths)] == [0, 1]
    assert [r["n"] for r in client.sql("select n from gold.reshaped where d > date '2025-10-31'")] == [1, 3]
    client.sql("alter table gold.reshaped drop partition field month(d)")
    with pytest.raises(StatementFailed, match="is not there"):
        client.sql("alter table gold.reshaped drop partition field month(d)")
    client.sql("insert into gold.reshaped values (date '2025-12-01', 4)")
    assert client.value("select sum(n) from gold.reshaped") == 10


def test_a_view_that_names_its_columns_names_all_of_them(client: Client) -> None:
    for names in ("a", "a, b, c"):
        with pytest.raises(
            StatementFailed, match=r"names \d column\(s\), its query has 2; name every column"
        ):
            client.sql(f"create view wares.partly ({names}) as select 1, 2")


def test_a_view_may_name_its_columns(client: Client) -> None:
    client.sql("create view if not exists bronze.named (a, b) as select 1 as x, 'y' as z")
    client.sql("create view if not exists bronze.named as select 2 as other")
    assert client.sql("select a, b from bronze.named") == [{"a": 1, "b": "y"}]
