"""The mode and the cursor that are proposed for a table, and the reason given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lakehouse.onboarding.adding.log_setup import statements_at_the_source
from lakehouse.onboarding.profiling.tables.capture import capture_statements, publish_more, table_obstacle
from lakehouse.onboarding.profiling.tables.choice import SMALL_ROWS, choose, deleted_at, usable_cursor
from lakehouse.onboarding.writing.blueprint import Blueprint, Source, Table
from tests.unit.lakehouse.onboarding.found_tables import column, index, table
from tests.unit.lakehouse.onboarding.made_profiles import STOCK

LARGE = SMALL_ROWS + 1


@pytest.mark.parametrize(
    "name",
    [
        "updated_at",
        "UpdatedAt",
        "modified",
        "last_modified",
        "last_update",
        "row_changed_on",
        "mtime",
        "lastupdated",
    ],
)
def test_a_time_named_after_changes_is_the_cursor(name: str) -> None:
    assert usable_cursor(table(column(name, "timestamptz"))) == (name, "")


@pytest.mark.parametrize(
    "name", ["created_at", "ordered_at", "date", "outdated", "exchange_at", "unchanged_at"]
)
def test_another_time_is_not(name: str) -> None:
    assert usable_cursor(table(column(name, "timestamptz")))[0] is None


def test_an_indexed_column_comes_before_one_without_index() -> None:
    found = table(
        column("changed_at", "timestamp"), column("updated_at", "timestamp"), indexes=(index("changed_at"),)
    )
    assert usable_cursor(found)[0] == "changed_at"


def test_a_cursor_that_may_be_null_is_refused_and_said_so() -> None:
    cursor, why = usable_cursor(table(column("updated_at", "timestamptz", nullable=True)))
    assert cursor is None
    assert why == "updated_at may be null, and a row without it would never arrive"


def test_a_date_is_too_coarse_for_a_cursor() -> None:
    cursor, why = usable_cursor(table(column("updated_on", "date")))
    assert cursor is None
    assert "does not tell two changes of a day apart" in why


def test_a_growing_number_is_not_a_cursor() -> None:
    choice = choose(table(column("name")), 50, "", log_wanted=False)
    assert (choice.mode, choice.cursor) == ("full_refresh", None)
    assert choice.why == (
        "id grows with new rows, but no column shows that a row has changed, and 50 rows are quickly read "
        "whole"
    )


def test_one_row_is_told_as_one() -> None:
    assert choose(table(column("name")), 1, "", log_wanted=False).why.endswith(
        "and 1 row is quickly read whole"
    )


@pytest.mark.parametrize(
    ("rows", "obstacle", "mode"),
    [
        (SMALL_ROWS, "", "full_refresh"),
        (SMALL_ROWS, "no log", "full_refresh"),
        (LARGE, "", "cdc"),
        (LARGE, "no log", "full_refresh"),
        (None, "", "cdc"),
    ],
)
def test_without_a_cursor_the_size_decides(rows: int | None, obstacle: str, mode: str) -> None:
    assert choose(table(column("name")), rows, obstacle, log_wanted=False).mode == mode


@pytest.mark.parametrize(
    ("rows", "obstacle", "mode"),
    [(9, "", "full_refresh"), (LARGE, "", "cdc"), (LARGE, "no log", "incremental")],
)
def test_rows_that_are_deleted_for_good_need_more_than_a_cursor(rows: int, obstacle: str, mode: str) -> None:
    found = table(column("updated_at", "timestamptz"), deletions=3)
    choice = choose(found, rows, obstacle, log_wanted=False)
    assert choice.mode == mode
    assert "delet" in choice.why


def test_a_table_that_marks_its_deleted_rows_is_read_by_cursor() -> None:
    found = table(
        column("updated_at", "timestamptz"), column("deleted_at", "timestamptz", nullable=True), deletions=3
    )
    assert deleted_at(found) == "deleted_at"
    assert choose(found, LARGE, "", log_wanted=False).mode == "incremental"


def test_the_log_is_taken_where_somebody_asks_for_it() -> None:
    found = table(column("updated_at", "timestamptz"))
    assert choose(found, 5, "", log_wanted=True).mode == "cdc"


def test_a_table_without_a_key_is_read_whole() -> None:
    found = table(column("updated_at", "timestamptz"), key=())
    choice = choose(found, LARGE, "", log_wanted=False)
    assert choice.mode == "full_refresh"
    assert "neither a primary key nor a unique index" in choice.why


def test_the_key_is_the_shortest_unique_index_over_columns_that_are_never_null() -> None:
    columns = (column("a"), column("b"), column("c", nullable=True), column("d"))
    indexes = (
        index("c", unique=True),
        index("d", unique=True, whole=False),
        index("d"),
        index("a", "b", unique=True),
    )
    assert table(*columns, key=(), indexes=indexes).key == ("a", "b")
    assert table(*columns, key=(), indexes=indexes[:3]).key == ()


def test_a_key_of_a_column_that_cannot_come_in_gives_way_to_another_or_to_none() -> None:
    found = table(column("code"), key=("raw",), left_out=frozenset({"raw"}))
    choice = choose(found, LARGE, "", log_wanted=False)
    assert (found.key, choice.mode) == ((), "full_refresh")
    assert choice.why == "raw of its key cannot be brought in, so its rows can only be read whole"
    assert "raw of the key of cafe.orders cannot be brought in" in table_obstacle(found, found.key)
    other = table(
        column("code"), key=("raw",), left_out=frozenset({"raw"}), indexes=(index("code", unique=True),)
    )
    assert other.key == ("code",)


def test_a_key_does_not_hold_for_rows_of_tables_that_inherit() -> None:
    found = table(column("updated_at", "timestamptz"), has_children=True)
    choice = choose(found, 5, "", log_wanted=False)
    assert (found.key, choice.mode) == ((), "full_refresh")
    assert "other tables inherit from it" in choice.why


def test_the_sql_for_the_log_publishes_a_partitioned_table_under_its_own_name() -> None:
    tables = [("Odd Shop", "orders"), ("public", "stock")]
    assert capture_statements("p", "s", tables, partitioned=True)[0] == (
        'CREATE PUBLICATION "p" FOR TABLE "Odd Shop"."orders", "public"."stock" '
        "WITH (publish_via_partition_root = true);"
    )
    assert "WITH" not in capture_statements("p", "s", tables, partitioned=False)[0]
    assert publish_more("p", tables[:1], partitioned=True) == (
        'ALTER PUBLICATION "p" SET (publish_via_partition_root = true);',
        'ALTER PUBLICATION "p" ADD TABLE "Odd Shop"."orders";',
    )


def test_a_later_call_changes_the_publication_that_is_there() -> None:
    def business(*names: str) -> Blueprint:
        tables = tuple(Table(name, "cdc", (), schema="sales", partitioned=name == "parts") for name in names)
        return Blueprint("cafe", (Source("postgres", "cafe_", tables),))

    nothing, stock = Blueprint("cafe"), business("stock")
    parts = replace(STOCK, name="parts", schema="sales")
    assert statements_at_the_source(nothing, stock, []) == (
        'CREATE PUBLICATION "cafe_publication" FOR TABLE "sales"."stock";',
        "SELECT pg_create_logical_replication_slot('cafe_slot', 'pgoutput');",
    )
    assert statements_at_the_source(stock, stock, []) == ()
    assert statements_at_the_source(stock, business("stock", "parts"), []) == (
        'ALTER PUBLICATION "cafe_publication" SET (publish_via_partition_root = true);',
        'ALTER PUBLICATION "cafe_publication" ADD TABLE "sales"."parts";',
    )
    assert statements_at_the_source(business("stock", "parts"), stock, []) == (), "it was dropped there"
    assert statements_at_the_source(business("stock", "parts"), stock, [parts]) == (
        'ALTER PUBLICATION "cafe_publication" DROP TABLE "sales"."parts";',
    )


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "v"}, "cafe.orders is a view, and only tables have a log"),
        ({"kind": "f"}, "is a foreign table"),
        ({"logged": False}, 'run ALTER TABLE "cafe"."orders" SET LOGGED;'),
        ({"has_children": True}, "other tables inherit from cafe.orders"),
        ({"key": ()}, 'run ALTER TABLE "cafe"."orders" ADD PRIMARY KEY (<columns>);'),
        ({"identity": "n"}, 'run ALTER TABLE "cafe"."orders" REPLICA IDENTITY DEFAULT;'),
    ],
)
def test_what_keeps_a_table_from_the_log_comes_with_the_sql_that_helps(fields: dict, said: str) -> None:
    found = table(column("name"), **fields)
    assert said in table_obstacle(found, found.key)


@pytest.mark.parametrize("fields", [{}, {"identity": "f"}, {"kind": "p"}])
def test_nothing_keeps_an_ordinary_table_from_the_log(fields: dict) -> None:
    found = table(column("name"), **fields)
    assert table_obstacle(found, found.key) == ""


def test_a_unique_index_as_key_needs_the_full_identity() -> None:
    found = table(column("code"), key=(), indexes=(index("code", unique=True),))
    assert found.key == ("code",)
    assert "REPLICA IDENTITY FULL;" in table_obstacle(found, found.key)
