"""Statements that users commonly write, over Flight: the schema that is announced is the one that comes."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import flight

from testing.engine_on_the_wire import Client, EngineProcess

SETUP = [
    "create table gold.words (id int, k varchar, j varchar) partition by (k) tblproperties ('a' = 'b')",
    """insert into gold.words values (1, 'a', '{"n": 1}'), (2, 'b', '{"n": 2, "l": ["x", "y"]}')""",
    "create function bronze.doubled(x int) returns bigint return x * 2",
    "create function bronze.up_to(most int) returns table (id int) return"
    " select id from gold.words where id <= most",
]
CLEANUP = ["drop function bronze.doubled", "drop function bronze.up_to", "drop table gold.words"]
COUNTS = ["rewritten_data_files_count", "rewritten_delete_files_count", "new_data_files_count"]
STATEMENTS = [
    (
        "select u.n from gold.words w, unnest(array[w.id, 7]) as u(n) order by n",
        ["n"],
        [(1,), (2,), (7,), (7,)],
    ),
    (
        "select * from (select id, k from gold.words) pivot (max(id) for k in ('a' as a, 'b' as b))",
        ["a", "b"],
        [(1, 2)],
    ),
    (
        "select id, convert_from(j, 'JSON') as v from gold.words order by id",
        ["id", "v"],
        [(1, {"l": None, "n": 1}), (2, {"l": ["x", "y"], "n": 2})],
    ),
    (
        "select typeof(id), bronze.doubled(id) as d from gold.words where id = 2",
        ["EXPR$0", "d"],
        [("INT", 4)],
    ),
    ("select id from table(bronze.up_to(1))", ["id"], [(1,)]),
    ("show functions like 'bronze.d%'", ["FUNCTION_NAME"], [("bronze.doubled",)]),
    ("show tblproperties gold.words", ["table_property_name", "table_property_value"], [("a", "b")]),
    (
        "show create table gold.words",
        ["path", "sql_definition"],
        [
            (
                "[gold.words]",
                'CREATE TABLE "gold"."words" (\n  "id" INTEGER,\n  "k" VARCHAR,\n  "j" VARCHAR\n)\n'
                "PARTITION BY (\"k\")\nTBLPROPERTIES ('a' = 'b')",
            )
        ],
    ),
    ("optimize table gold.words for partitions k = 'a'", COUNTS, [(0, 0, 0)]),
    ("optimize table gold.words", COUNTS, [(0, 0, 0)]),
    (
        "alter session reset all",
        ["ok", "summary"],
        [(True, "ALL updated.")],
    ),
]


@pytest.fixture(scope="module", autouse=True)
def words(client: Client) -> Iterator[None]:
    """A table, its properties, and two functions; other modules share the engine."""
    for sql in SETUP:
        client.sql(sql)
    yield
    for sql in CLEANUP:
        client.sql(sql)


@pytest.mark.parametrize(("sql", "names", "rows"), STATEMENTS, ids=[sql for sql, _, _ in STATEMENTS])
def test_a_statement_is_answered_over_flight(
    engine: EngineProcess, sql: str, names: list[str], rows: list[tuple[object, ...]]
) -> None:
    announced, table = read(engine, sql)
    assert table.column_names == names
    assert table.schema == announced
    assert [tuple(row.values()) for row in table.to_pylist()] == rows


def test_files_are_copied_over_flight(engine: EngineProcess, client: Client) -> None:
    folder = Path(engine.nas) / "datalake" / "copied"
    folder.mkdir(parents=True)
    (folder / "more.csv").write_text("id,k\n3,c\nx,d\n")
    client.create({"entityType": "source", "type": "NAS", "name": "copied", "config": {"path": str(folder)}})
    sql = "copy into gold.words from '@copied/more.csv' (on_error 'continue')"
    announced, table = read(engine, sql)
    assert table.schema == announced
    assert table.to_pylist() == [{"Rows Inserted": 1, "Rejected Records": 1}]
    _, found = read(engine, "select k from gold.words where id = 3")
    assert found.column(0).to_pylist() == ["c"]


def read(engine: EngineProcess, sql: str) -> tuple[pa.Schema, pa.Table]:
    """The schema that a statement announces, and its rows."""
    connection = flight.FlightClient(engine.flight_url)
    token = connection.authenticate_basic_token(engine.user, engine.password)
    options = flight.FlightCallOptions(headers=[token])
    info = connection.get_flight_info(flight.FlightDescriptor.for_command(sql), options)
    return info.schema, connection.do_get(info.endpoints[0].ticket, options).read_all()
