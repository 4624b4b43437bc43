"""What is found out about a PostgreSQL database that nobody has described."""

from __future__ import annotations

import psycopg
import pytest

from lakehouse.onboarding.profiling.postgres import connected, profile_postgres
from lakehouse.onboarding.profiling.profile import ProfileError, SourceProfile
from testing.foreign_business import PASSWORD, ForeignBusiness, Server

TYPES = {
    "smallint": "int", "integer": "int", "bigint": "bigint", "real": "double", "double precision": "double",
    "numeric(12,2)": "decimal(12,2)", "numeric(40,2)": "varchar", "numeric": "varchar", "boolean": "boolean",
    "char(3)": "varchar", "varchar(9)": "varchar", "text": "varchar", "uuid": "varchar", "mood": "varchar",
    "json": "varchar", "jsonb": "varchar", "text[]": "varchar", "mood[]": "varchar", "date": "date",
    "time": "varchar", "timestamp": "timestamp", "timestamptz(3)": "timestamp", "interval": "varchar",
    "inet": "varchar", "int4range": "varchar", "money": "decimal(19,2)", "bit(3)": "varchar",
    "positive": "int",
    "price": "decimal(8,3)", "pair": "varchar", "xml": "varchar", "oid": "bigint", "money[]": "varchar",
    "fee": "varchar", "varbit": "varchar", "macaddr": "varchar", "point": "varchar", "timetz": "varchar",
    "polygon": "varchar", '"char"': "varchar", "name": "varchar", "tsrange": "varchar", "oid[]": "varchar",
}  # fmt: skip


@pytest.fixture
def known(business: ForeignBusiness) -> SourceProfile:
    business.next_day()
    return profile_postgres(business.dsn)


def test_every_table_of_the_cafe_has_a_mode_a_key_and_a_cursor(known: SourceProfile) -> None:
    found = {table.name: (table.mode, table.cursor, table.key, table.rows) for table in known.tables}
    assert found == {
        "customers": ("incremental", "updated_at", ("customer_id",), 40),
        "feedback": ("full_refresh", None, (), 21),
        "order_items": ("full_refresh", None, ("order_id", "line"), 300),
        "orders": ("incremental", "updated_at", ("order_id",), 200),
        "products": ("full_refresh", None, ("sku",), 12),
        "stock": ("full_refresh", None, ("store_id", "sku"), 36),
        "stores": ("incremental", "updated_at", ("store_id",), 3),
    }
    assert not any(table.estimated or table.problems for table in known.tables)


def test_an_enum_brings_its_values_in_order_and_an_array_of_it_none(known: SourceProfile) -> None:
    state = next(column for column in known.table("orders").columns if column.name == "state")
    assert state.one_of == ("open", "paid", "served", "cancelled")
    tags = next(column for column in known.table("stores").columns if column.name == "tags")
    assert (tags.one_of, tags.note) == ((), "as JSON text, e.g. [1,2]")


def test_deleted_rows_are_seen_where_the_table_marks_them(known: SourceProfile) -> None:
    assert known.table("customers").deleted_at == "deleted_at"
    assert known.table("orders").deleted_at is None


def test_cdc_is_possible_for_every_table_with_a_key(known: SourceProfile) -> None:
    assert [table.name for table in known.tables if table.cdc != "possible"] == ["feedback"]


def test_every_type_of_postgresql_has_its_contract_type(business: ForeignBusiness) -> None:
    with business.connection() as owner:
        owner.execute("create type mood as enum ('glad', 'sad')")
        owner.execute("create type pair as (a int, b text)")
        owner.execute("create domain small as int check (value < 9); create domain positive as small")
        owner.execute("create domain price as numeric(8, 3); create domain fee as money")
        columns = ", ".join(f"c{number} {kind} not null" for number, kind in enumerate(TYPES))
        owner.execute(f"create table every_type ({columns}, mood2 mood)")
    [table] = profile_postgres(business.dsn, ["every_type"]).tables
    *found, mood = table.columns
    assert [column.contract_type for column in found] == list(TYPES.values())
    assert not any(column.nullable or column.unsupported for column in found)
    assert (mood.one_of, mood.nullable) == (("glad", "sad"), True)


def test_partitions_count_as_their_table_and_a_view_is_read_whole(business: ForeignBusiness) -> None:
    with business.connection() as owner:
        owner.execute("create table events (id bigint primary key, n int) partition by range (id)")
        owner.execute("create table events_1 partition of events for values from (0) to (100)")
        owner.execute("insert into events select n, n from generate_series(1, 50) as n")
        owner.execute("create view recent as select * from events where id > 40")
        owner.execute("create view empty as select 1 as one where false")
    found = profile_postgres(business.dsn)
    assert {table.name: (table.rows, table.mode, table.is_view) for table in found.tables} == {
        "empty": (0, "full_refresh", True),
        "events": (50, "full_refresh", False),
        "recent": (10, "full_refresh", True),
    }
    assert found.table("recent").cdc == "public.recent is a view, and only tables have a log"


def test_names_that_no_lake_can_carry_are_told(business: ForeignBusiness) -> None:
    with business.connection() as owner:
        owner.execute('create table "Order Items" (id int primary key, "unit price" int, bronze_date date)')
        owner.execute('create table twice (id int primary key, name text, "Name" text, raw bytea)')
        owner.execute('create table landed (id int primary key, "_Airbyte_Extracted_At" timestamp)')
        owner.execute("create table files (digest bytea primary key, name text)")
    found = profile_postgres(business.dsn)
    [problem] = found.table("Order Items").problems
    assert "make a view called order_items" in problem
    unsupported = {column.name: column.unsupported for column in found.table("Order Items").columns}
    assert unsupported["id"] == ""
    assert unsupported["unit_price"] == ""
    assert "adds a column bronze_date" in unsupported["bronze_date"]
    [problem] = found.table("twice").problems
    assert problem.startswith("columns name, Name differ in letter case only")
    assert "base64" in found.table("twice").columns[-1].unsupported
    [problem] = found.table("landed").problems
    assert "column _Airbyte_Extracted_At has the name of one that Airbyte adds" in problem
    assert "make a view that calls it Airbyte_Extracted_At_value" in problem
    files = found.table("files")
    assert (files.key, files.mode) == ((), "full_refresh")
    assert files.why.startswith("digest of its key cannot be brought in")


def test_a_name_that_two_schemas_have_is_left_out_and_the_way_out_is_told(business: ForeignBusiness) -> None:
    with business.connection() as owner:
        owner.execute("create schema east; create table east.dup (id int primary key, a int)")
        owner.execute("create table public.dup (id int primary key, b int)")
    both = profile_postgres(business.dsn, schemas=["public", "east"])
    for table in both.tables:
        [problem] = table.problems
        assert problem.startswith("schemas east, public each have a table of this name")
        assert "--schema east" in problem
    [one] = profile_postgres(business.dsn, ["public.dup"], schemas=["public", "east"]).tables
    assert (one.schema, one.problems) == ("public", ())


def test_what_the_role_may_not_do_is_told_with_the_sql_for_it(
    server: Server, business: ForeignBusiness
) -> None:
    business.next_day()
    name = f"{business.database}_reader"
    with business.connection() as owner, server.connection("postgres") as superuser:
        superuser.execute(f"create role {name} login password 'x'")
        try:
            owner.execute(f"grant select on orders, customers to {name}")
            owner.execute("alter table customers enable row level security")
            dsn = f"host={server.host} port={server.port} dbname={business.database} user={name} password=x"
            found = profile_postgres(dsn, cdc=["orders"])
            superuser.execute(f"alter role {name} bypassrls")
            sees_all = profile_postgres(dsn, ["customers"])
            owner.execute("alter table customers force row level security")
            [hidden] = profile_postgres(business.dsn, ["customers"]).tables
        finally:
            owner.execute(f"revoke all on orders, customers from {name}")
            superuser.execute(f"drop role {name}")
    may_not = f"the role may not replicate: a superuser runs ALTER ROLE {name} WITH REPLICATION;"
    assert found.notes == (f"CDC is not possible: {may_not}",)
    assert found.table("orders").problems == (may_not,)
    [problem] = found.table("products").problems
    assert f'GRANT SELECT ON "public"."products" TO {name};' in problem
    [problem] = found.table("customers").problems
    assert f"ALTER ROLE {name} WITH BYPASSRLS;" in problem
    assert sees_all.table("customers").problems == ()
    assert "row level security" in hidden.problems[0], "where it is forced, it hides rows from the owner, too"


def test_the_answer_to_a_wrong_address_says_what_is_wrong_and_hides_the_password(
    business: ForeignBusiness,
) -> None:
    wrong = {
        business.dsn.replace("p%40ss", "other"): "password authentication failed",
        f"{business.dsn}_nowhere": f'database "{business.database}_nowhere" does not exist',
        "postgresql://cafe:p@ss@word@host:1/cafe:x y": "the PostgreSQL address cannot be read",
        "host=127.0.0.1 port=1 dbname=cafe password=p@ss": "127.0.0.1:1/cafe",
    }
    for dsn, said in wrong.items():
        with pytest.raises(ProfileError) as failure:
            profile_postgres(dsn)
        assert said in str(failure.value)
        assert PASSWORD not in str(failure.value)
        assert "p@ss" not in str(failure.value)


def test_an_empty_schema_and_an_unknown_table_name_what_there_is(business: ForeignBusiness) -> None:
    with pytest.raises(ProfileError, match="schemas with tables: none"):
        profile_postgres(business.dsn)
    with business.connection() as owner:
        owner.execute("create schema sales; create table sales.orders (id int primary key)")
    with pytest.raises(ProfileError, match="schemas with tables: sales"):
        profile_postgres(business.dsn)
    with pytest.raises(
        ProfileError, match=r"there is no table order in schema public, sales; there are: orders"
    ):
        profile_postgres(business.dsn, ["order"], schemas=["public", "sales"])
    assert profile_postgres(business.dsn, ["sales.orders"]).table("orders").schema == "sales"


def test_looking_writes_nothing(business: ForeignBusiness) -> None:
    with connected(business.dsn) as connection, pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        connection.execute("create table made (id int)")
