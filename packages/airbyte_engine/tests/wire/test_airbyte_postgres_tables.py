"""Tables of other people's databases: endless cursors, names that collide or are none, old encodings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import psycopg
import pyarrow as pa
import pytest
from tests.wire.conftest import Landing
from tests.wire.tables import Tables

from testing.ingestion_stack import AirbyteServer, IngestionStack


@contextmanager
def database(stack: IngestionStack, encoding: str) -> Iterator[dict[str, Any]]:
    """A database of that encoding, which belongs to the shop's user."""
    where = stack.database("SHOP")
    name = f"{encoding.lower()}_texts"
    superuser = where | {"user": "postgres", "password": stack.superuser_password(), "dbname": "postgres"}
    with psycopg.connect(**superuser, autocommit=True) as connection:
        connection.execute(
            f"create database {name} owner {where['user']} encoding {encoding} locale 'C' template template0"
        )
        try:
            yield where | {"dbname": name}
        finally:
            connection.execute(f"drop database {name} with (force)")


def test_a_value_that_nothing_ever_passes_does_not_become_the_cursor(tables: Tables) -> None:
    for name, (kind, before, never, _) in ENDLESS.items():
        tables.run(f"create table {name} (id bigint primary key, at {kind})")
        tables.run(f"insert into {name} values (1, '{before}'), (2, '{never}')")
    tables.connect(*ENDLESS, cursor="at")
    assert tables.sync()["rowsSynced"] == 2 * len(ENDLESS)
    for name, (_, _, _, after) in ENDLESS.items():
        tables.run(f"insert into {name} values (3, '{after}')")
    assert tables.sync()["rowsSynced"] == len(ENDLESS)
    for name, (_, _, never, _) in ENDLESS.items():
        tables.run(f"insert into {name} values (4, '{never}')")
    assert tables.sync()["rowsSynced"] == 2 * len(ENDLESS), (
        "all rows beyond the horizon, as one of them is new"
    )
    assert tables.sync()["rowsSynced"] == 0
    for name in ENDLESS:
        assert set(tables.column(name, "id")) == {1, 2, 3, 4}


ENDLESS = {
    "moments": ("timestamptz", "2025-10-16 10:00+00", "infinity", "2025-10-16 11:00+00"),
    "times": ("timestamp", "2025-10-16 10:00", "9999-12-31 00:00", "2025-10-16 11:00"),
    "days": ("date", "2025-10-16", "9999-12-31", "2025-10-17"),
    "integers": ("integer", "10", "2147483647", "11"),
    "bigints": ("bigint", "10", "9223372036854775807", "11"),
    "doubles": ("double precision", "10", "NaN", "11"),
    "numerics": ("numeric", "9", "Infinity", "10"),
}


def test_a_partitioned_table_with_statistics_is_read_at_once(tables: Tables) -> None:
    tables.run("create table events (id bigint primary key, at timestamptz) partition by range (id)")
    tables.run("create table events_1 partition of events for values from (0) to (100)")
    tables.run("insert into events select n, now() from generate_series(1, 50) as n")
    tables.run("analyze events")
    tables.connect("events")
    assert tables.sync()["rowsSynced"] == 50
    assert sorted(tables.column("events", "id")) == list(range(1, 51))


def test_tables_whose_names_differ_in_case_only_are_told_apart(tables: Tables) -> None:
    tables.run('create table orders (id bigint); create table "Orders" (id bigint)')
    tables.run('insert into orders values (1); insert into "Orders" values (2), (3)')
    tables.run('create table "odd / name" (id bigint); insert into "odd / name" values (4)')
    tables.connect("orders", "Orders", "odd / name")
    assert tables.sync()["rowsSynced"] == 4
    assert tables.column("orders", "id") == [1]
    assert tables.column("Orders", "id") == [2, 3]
    assert tables.column("odd / name", "id") == [4]


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        (
            '"Id" bigint, id bigint',
            "Table {schema}.things cannot land: the columns Id and id differ only in case: rename one of",
        ),
        (
            'id bigint, "_AIRBYTE_RAW_ID" text',
            "{schema}.things cannot land: the column _AIRBYTE_RAW_ID has the name of one that Airbyte adds",
        ),
        (
            '"order nr" bigint, "order-nr" bigint',
            "the columns order nr and order-nr would both land as order_nr: rename one of them",
        ),
    ],
)
def test_columns_that_no_reader_could_tell_apart_are_refused_by_name(
    tables: Tables, columns: str, named: str
) -> None:
    tables.run(f"create table things ({columns})")
    tables.connect("things")
    assert named.format(schema=tables.schema) in tables.failure()


@pytest.mark.parametrize("path", ["full", "cursor", "cdc"])
def test_names_that_avro_cannot_have_land_as_airbyte_writes_them(tables: Tables, path: str) -> None:
    """With values for which the first reading is not enough: a zero, NaN, times that Parquet cannot hold."""
    tables.run(
        'create table sheet (id bigint primary key, "Order Nr" bigint, "Gr\u00f6\u00dfe (cm)" numeric(6, 2),'
        ' "at noon" timestamp, "2025" text)'
    )
    tables.run("insert into sheet values (1, 10, 0, 'infinity', 'a'), (2, 20, 'NaN', '2025-10-16', null)")
    if path == "cursor":
        tables.connect("sheet", cursor="Order Nr")
    else:
        tables.connect_by(path, "sheet")
    assert tables.sync()["rowsSynced"] == 2
    tables.run("insert into sheet values (3, 30, 1.5, '-infinity', 'c')")
    assert tables.sync()["rowsSynced"] == {"full": 3, "cursor": 1, "cdc": 1}[path]
    rows = {row["id"]: row for row in tables.landing.rows("sheet").to_pylist()}
    names = ("Order_Nr", "Gro_e__cm_", "at_noon", "_2025")
    assert {number: tuple(row[name] for name in names) for number, row in rows.items()} == {
        1: (10, Decimal("0.00"), None, "a"),
        2: (20, None, dt.datetime(2025, 10, 16), None),
        3: (30, Decimal("1.50"), None, "c"),
    }
    told = {
        number: [(each["field"], each["change"]) for each in row["_airbyte_meta"]["changes"]]
        for number, row in rows.items()
    }
    assert told == {
        1: [("at noon", "NULLED")],
        2: [("Gr\u00f6\u00dfe (cm)", "NULLED")],
        3: [("at noon", "NULLED")],
    }


def test_texts_of_an_old_encoding_land_as_utf_8(
    stack: IngestionStack, airbyte: AirbyteServer, landing: Landing
) -> None:
    with database(stack, "LATIN1") as where:
        tables = Tables(airbyte, landing, where)
        tables.run("create table things (id bigint primary key, name text, span interval)")
        tables.run("insert into things values (1, 'Zo\u00eb', '1 day'), (2, 'M\u00fcller', null)")
        tables.connect_by("cdc", "things")
        assert tables.sync()["rowsSynced"] == 2
        tables.run("insert into things values (3, 'Fran\u00e7ois', null)")
        assert tables.sync()["rowsSynced"] == 1
        assert tables.column("things", "name") == ["Fran\u00e7ois", "M\u00fcller", "Zo\u00eb"]
        tables.drop()


def test_bytes_of_no_encoding_land_if_they_are_utf_8_and_are_named_if_not(
    stack: IngestionStack, airbyte: AirbyteServer, landing: Landing
) -> None:
    with database(stack, "SQL_ASCII") as where:
        tables = Tables(airbyte, landing, where)
        tables.run("create table things (id bigint primary key, name text)")
        tables.run("insert into things values (1, 'Zo\u00eb')")
        tables.connect("things")
        assert tables.sync()["rowsSynced"] == 1
        assert tables.column("things", "name") == ["Zo\u00eb"]
        tables.run(r"insert into things values (2, convert_from('\x5a6feb', 'SQL_ASCII'))")
        named = rf"Column name of {tables.schema}.things has a text that is not UTF-8: 'Zo\xeb'"
        assert named in tables.failure()


FITTING = [
    ("0044-03-15 BC", "0044-03-15 12:30:00.000001 BC"),
    ("4713-01-01 BC", "4714-11-24 00:00:00 BC"),
    ("0001-01-01", "0001-12-31 23:59:59.999999 BC"),
    ("10000-01-01", "9999-12-31 23:59:59.999999"),
    ("5874897-12-31", "294247-01-10 04:00:54.775806"),
    ("2025-10-16", "2025-10-16 01:02:03"),
]
TOO_LATE = [("infinity", "294247-01-10 04:00:54.775807"), ("-infinity", "294276-12-31 23:59:59.999999")]
INFINITE = [("infinity", "infinity"), ("-infinity", "-infinity")]
TIMES = "id bigint primary key, day date, moment timestamp, instant timestamptz"


@pytest.mark.parametrize("unfit", [[], TOO_LATE, INFINITE], ids=["none", "too late", "infinite"])
@pytest.mark.parametrize("path", ["full", "cursor", "cdc"])
def test_a_time_lands_as_it_is_or_is_null_with_the_reason(
    tables: Tables, path: str, unfit: list[tuple[str, str]]
) -> None:
    """DuckDB's scanner makes a year before Christ of 294276, and a far one of infinity."""
    tables.run(f"create table things ({TIMES})")
    rows = enumerate([*FITTING, *unfit], 1)
    values = ", ".join(f"({n}, '{day}', '{moment}', '{moment}')" for n, (day, moment) in rows)
    tables.connect_by(path, "things")
    if path == "cdc":
        tables.sync()
    tables.run(f"insert into things values {values}")
    tables.sync()
    table = tables.landing.rows("things").sort_by("id")
    for name, kind in (("day", pa.int32()), ("moment", pa.int64()), ("instant", pa.int64())):
        landed = [value.as_py() for value in table[name].combine_chunks().view(kind)]
        days = f"{name} - date '1970-01-01'" if name == "day" else f"extract(epoch from {name}) * 1000000"
        fitting = tables.ask(f"select {days} from things where id <= {len(FITTING)} order by id")
        assert landed == [int(value) for (value,) in fitting] + [None] * len(unfit), name
    told = [
        {(change["field"], change["change"], change["reason"]) for change in meta["changes"]}
        for meta in table["_airbyte_meta"].to_pylist()
    ]
    left_out = {(name, "NULLED", "DESTINATION_SERIALIZATION_ERROR") for name in ("day", "moment", "instant")}
    assert told == [set()] * len(FITTING) + [left_out] * len(unfit)


def test_a_cursor_before_christ_is_continued(tables: Tables) -> None:
    tables.run(f"create table things ({TIMES})")
    tables.run("insert into things (id, moment) values (1, '0044-03-15 12:00 BC'), (2, '0045-01-01 BC')")
    tables.connect("things", cursor="moment")
    assert tables.sync()["rowsSynced"] == 2
    assert tables.sync()["rowsSynced"] == 0
    tables.run("insert into things (id, moment) values (3, '0043-01-01 BC')")
    assert tables.sync()["rowsSynced"] == 1
