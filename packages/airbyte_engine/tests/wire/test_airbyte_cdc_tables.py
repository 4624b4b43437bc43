"""Tables that are not what they were: what changes rows without a line in the log is noticed, and lands."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.wire.captured import SIMPLE, Captured

Query = Callable[..., list[tuple[Any, ...]]]
PARTITIONED = "id bigint primary key, name text, amount numeric(12, 2)) partition by range (id"


def advice(captured: Captured, job: dict[str, Any]) -> list[str]:
    """The statements that a failed sync says to run."""
    words = captured.failure(job)["externalMessage"]
    return [
        statement.rstrip(".") for statement in re.split(r"run | and then ", words.replace("Run ", "run "))[1:]
    ]


def assert_read_again(captured: Captured, reason: str) -> None:
    """The next sync reads the table again, says why, and leaves what the source has."""
    job = captured.sync()
    assert re.search(f"all rows are read again: .*{re.escape(reason)}", captured.log(job))
    source = captured.source_rows()
    columns = {name for row in source.values() for name in row}
    landed = captured.newest()
    assert {key: {name: row[name] for name in columns} for key, row in landed.items()} == source


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            "drop table {t}; create table {t} ({simple}); alter publication {name} add table {t}",
            "it is another table",
        ),
        (
            "create table {t}_new ({simple}); insert into {t}_new values (7, 'g', 7);"
            " alter table {t} rename to things_old; alter table {t}_new rename to things;"
            " alter publication {name} set table {t}",
            "it is another table",
        ),
        (
            "alter publication {name} drop table {t}; delete from {t} where id = 1;"
            " update {t} set name = 'unseen'; alter publication {name} add table {t}",
            "the publication was changed",
        ),
        (
            "alter publication {name} set (publish = 'insert'); delete from {t} where id = 1;"
            " alter publication {name} set (publish = 'insert, update, delete, truncate')",
            "the publication was changed",
        ),
        (
            "alter publication {name} set table {t} where (id > 5); insert into {t} values (3, 'c', 3);"
            " alter publication {name} set table {t}",
            "the publication was changed",
        ),
        ("alter table {t} rename column name to label", "its column name was renamed to label"),
        ("alter table {t} add column level integer default 5", "in the new column level"),
        ("alter table {t} add column number bigserial", "in the new column number"),
    ],
)
def test_a_table_that_is_not_the_one_that_was_read_is_read_again(
    captured: Captured, query: Query, change: str, reason: str
) -> None:
    table = captured.table(SIMPLE)
    query(f"insert into {table} values (1, 'a', 1), (2, 'b', 2)")
    captured.connect("things")
    captured.sync()
    for statement in change.format(t=table, name=captured.name, simple=SIMPLE).split(";"):
        query(statement)
    assert_read_again(captured, reason)


def test_a_table_that_only_bore_the_name_for_a_while_leaves_no_trace(
    captured: Captured, query: Query
) -> None:
    """The log is read by what a table is: the name belonged to another one, and came back."""
    table = captured.table(SIMPLE)
    other = captured.table(SIMPLE, "other")
    query(f"insert into {table} values (1, 'a', 1)")
    captured.connect("things", "other")
    captured.sync()
    for name, renamed in (("things", "away"), ("other", "things")):
        query(f"alter table {captured.name}.{name} rename to {renamed}")
    query(f"insert into {table} values (8, 'of the other', 8)")
    query(f"update {captured.name}.away set name = 'mine' where id = 1")
    for name, renamed in (("things", "other"), ("away", "things")):
        query(f"alter table {captured.name}.{name} rename to {renamed}")
    captured.sync()
    assert captured.newest() == captured.source_rows()
    assert captured.newest("other") == captured.source_rows("other")
    assert query(f"select count(*) from {other}") == [(1,)]


def test_a_new_column_without_values_costs_nothing(captured: Captured, query: Query) -> None:
    table = captured.table(SIMPLE)
    query(f"insert into {table} values (1, 'a', 1), (2, 'b', 2)")
    captured.connect("things")
    captured.sync()
    query(f"alter table {table} add column extra integer")
    query(f"update {table} set extra = 1 where id = 1")
    assert captured.sync()["rowsSynced"] == 1


@pytest.mark.parametrize("identity", ["default", "full"])
def test_a_generated_column_has_its_value_after_an_update_too(
    captured: Captured, query: Query, identity: str
) -> None:
    """The log leaves it out."""
    table = captured.table(
        SIMPLE + ", double numeric(12, 2) generated always as (amount * 2) stored,"
        " rich boolean generated always as (amount > 5) stored"
    )
    query(f"alter table {table} replica identity {identity}")
    query(f"insert into {table} (id, name, amount) select n, 'a', n from generate_series(1, 10) as n")
    captured.connect("things")
    captured.sync()
    query(f"update {table} set amount = 50 where id = 3")
    query(f"insert into {table} (id, name, amount) values (11, 'k', 2)")
    query(f"delete from {table} where id = 4")
    captured.sync()
    assert captured.newest() == captured.source_rows()
    assert captured.newest()[3]["rich"] is True


def test_the_partitions_of_a_table_come_and_go(captured: Captured, query: Query) -> None:
    table = captured.table(PARTITIONED)
    query(f"create table {table}_1 partition of {table} for values from (0) to (100)")
    query(f"insert into {table} values (1, 'a', 1), (2, 'b', 2)")
    captured.connect("things")
    job = captured.try_sync()
    assert job["status"] == "failed"
    assert advice(captured, job) == [
        f'ALTER PUBLICATION "{captured.name}" SET (publish_via_partition_root = true)'
    ]
    for statement in advice(captured, job):
        query(statement)
    assert captured.sync()["rowsSynced"] == 2

    query(f"create table {table}_2 partition of {table} for values from (100) to (200)")
    query(f"insert into {table} values (101, 'new', 1)")
    query(f"create table {table}_3 ({SIMPLE})")
    query(f"insert into {table}_3 values (201, 'full', 1), (202, 'full', 2)")
    query(f"alter table {table} attach partition {table}_3 for values from (200) to (300)")
    query(f"update {table} set name = 'changed' where id = 202")
    job = captured.sync()
    assert "new partitions" in captured.log(job)
    assert captured.newest() == captured.source_rows()

    query(f"truncate {table}_2")
    assert_read_again(captured, f"the partition {table}_2 was truncated by itself")
    query(f"alter table {table} detach partition {table}_3")
    assert_read_again(captured, f"the partition {table}_3 was detached or dropped")
    assert captured.sync()["rowsSynced"] == 0, "what was noticed once is remembered"


def test_the_advice_for_a_table_outside_the_publication_works(captured: Captured, query: Query) -> None:
    captured.table(SIMPLE, "other")
    captured.connect("other")
    table = captured.table(PARTITIONED)
    query(f"create table {table}_1 partition of {table} for values from (0) to (100)")
    query(f"insert into {table} values (1, 'a', 1)")
    captured.streams("things", "other")
    for statement in advice(captured, captured.try_sync()):
        query(statement)
    captured.sync()
    assert captured.newest() == captured.source_rows()


def test_a_partition_whose_rows_are_published_as_its_tables_is_refused(
    captured: Captured, query: Query
) -> None:
    table = captured.table(PARTITIONED)
    query(f"create table {table}_1 partition of {table} for values from (0) to (100)")
    captured.connect("things")
    query(f"alter publication {captured.name} set (publish_via_partition_root = true)")
    captured.streams("things_1")
    assert f"make {table} the stream" in captured.failure(captured.try_sync())["externalMessage"]


def test_rows_are_known_by_another_unique_index_where_it_is_all_there_is(
    captured: Captured, query: Query
) -> None:
    table = captured.table("id bigint not null, name text, amount numeric(12, 2)")
    query(f"create unique index by_id on {table} (id) include (name)")
    query(f"alter table {table} replica identity using index by_id")
    query(f"insert into {table} values (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)")
    captured.connect("things")
    captured.sync()
    query(f"delete from {table} where id = 1")
    query(f"update {table} set id = 20 where id = 2")
    captured.sync()
    assert captured.newest() == captured.source_rows()
