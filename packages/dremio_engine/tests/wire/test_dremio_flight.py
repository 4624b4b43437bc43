"""Arrow Flight as pyarrow.flight and sqlalchemy-dremio use it."""

import pyarrow as pa
import pytest
from pyarrow import flight

from testing.engine_on_the_wire import Client, EngineProcess, StatementFailed


def session(engine: EngineProcess) -> tuple[flight.FlightClient, flight.FlightCallOptions]:
    """A client and the options that carry its token."""
    client = flight.FlightClient(engine.flight_url)
    return client, flight.FlightCallOptions(
        headers=[client.authenticate_basic_token(engine.user, engine.password)]
    )


def read(engine: EngineProcess, sql: str, *headers: tuple[bytes, bytes]) -> pa.Table:
    """Rows of a statement over Flight."""
    client = flight.FlightClient(engine.flight_url)
    token = client.authenticate_basic_token(engine.user, engine.password)
    options = flight.FlightCallOptions(headers=[token, *headers])
    info = client.get_flight_info(flight.FlightDescriptor.for_command(sql), options)
    return client.do_get(info.endpoints[0].ticket, options).read_all()


def test_types_are_those_dremio_sends(engine: EngineProcess) -> None:
    table = read(
        engine,
        "select 1 as i, cast(1 as bigint) as b, date '2025-10-16' as d, timestamp '2025-10-16 01:02:03' as t,"
        " cast(1.5 as decimal(10,2)) as m, count(*) as c, sum(1) as s, cast('10:00:00' as time) as h",
    )
    assert {f.name: f.type for f in table.schema} == {
        "i": pa.int32(),
        "b": pa.int64(),
        "d": pa.date64(),
        "t": pa.timestamp("ms"),
        "m": pa.decimal128(10, 2),
        "c": pa.int64(),
        "s": pa.int64(),
        "h": pa.time32("ms"),
    }


def test_an_empty_result_still_brings_a_batch(engine: EngineProcess) -> None:
    client, options = session(engine)
    info = client.get_flight_info(
        flight.FlightDescriptor.for_command(b"select 1 as a from (values (1)) where 1 = 0"), options
    )
    batches = [chunk.data for chunk in client.do_get(info.endpoints[0].ticket, options)]
    assert [b.num_rows for b in batches] == [0]
    assert pa.Table.from_batches(batches).schema.names == ["a"]


def test_rest_and_flight_give_the_same_rows(engine: EngineProcess, client: Client) -> None:
    client.sql("create table marts.same as select * from (values (1,'a'),(2,'b'),(3,null)) as t(id, name)")
    sql = "select id, name from marts.same order by id"
    assert read(engine, sql).to_pylist() == client.sql(sql)


def test_lists_structs_and_maps_are_read_over_rest_and_flight(engine: EngineProcess, client: Client) -> None:
    client.sql(
        "create table marts.nested (l list<int>, s struct<a: int, b: list<varchar>>, m map<varchar, time>)"
    )
    client.sql(
        'insert into marts.nested select array[1, 2], convert_from(\'{"a": 1, "b": ["x"]}\', \'JSON\'), null'
    )
    nested = {"l": [1, 2], "s": {"a": 1, "b": ["x"]}, "m": None}
    assert client.sql("select * from marts.nested") == [nested]
    table = read(engine, "select * from marts.nested")
    assert table.to_pylist() == [nested]
    assert table.schema.field("m").type == pa.map_(pa.string(), pa.time32("ms"))
    assert client.value("select marts.nested.s.b[0] from marts.nested") == "x"


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select nothing from marts.lost", r"Column 'nothing' not found in any table; there are: id"),
        ("select cast(name as integer) from marts.lost", "Failed to cast the string a to INTEGER"),
        ("select id from marts.lost where id > 0", "x.parquet|No such file|Cannot open"),
        ("select upper(array[1])", r"Cannot apply 'upper' to arguments of type 'upper\(INTEGER\[\]\)'"),
    ],
)
def test_an_error_shows_no_traceback_folder_or_class_of_duckdb(
    engine: EngineProcess, client: Client, sql: str, words: str
) -> None:
    client.sql("create table if not exists marts.lost as select 1 as id, 'a' as name")
    if "where" in sql:
        for file in (engine.nas / "datalake").rglob("lost/*.parquet"):
            file.unlink()
    with pytest.raises(StatementFailed, match=words) as over_rest:
        client.sql(sql)
    with pytest.raises(pa.ArrowInvalid, match=words) as over_flight:
        read(engine, sql)
    for message in (str(over_rest.value), str(over_flight.value)):
        for foreign in (str(engine.nas), str(engine.state), "Traceback", ".py", "Error: ", "LINE 1"):
            assert foreign not in message


def test_the_schema_header_is_where_short_names_start(engine: EngineProcess, client: Client) -> None:
    client.sql("create table marts.short as select 5 as a")
    assert read(engine, "select a from short", (b"schema", b"marts")).to_pylist() == [{"a": 5}]


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_wrong_login_is_unauthenticated(engine: EngineProcess, password: str) -> None:
    with pytest.raises(flight.FlightUnauthenticatedError):
        flight.FlightClient(engine.flight_url).authenticate_basic_token(engine.user, password)


def test_a_call_without_a_token_is_unauthenticated(engine: EngineProcess) -> None:
    client = flight.FlightClient(engine.flight_url)
    with pytest.raises(flight.FlightUnauthenticatedError):
        client.get_flight_info(flight.FlightDescriptor.for_command(b"select 1"))


def test_an_error_names_what_is_wrong_and_the_job(engine: EngineProcess) -> None:
    with pytest.raises(pa.ArrowInvalid, match=r"Object 'there' not found within 'not'.*job "):
        read(engine, 'select * from "not"."there"')


def test_flight_sql_is_refused_by_name(engine: EngineProcess) -> None:
    client, options = session(engine)
    command = b"\n?type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery\x12\x0a\n\x08select 1"
    with pytest.raises(flight.FlightServerError, match="Flight SQL is not supported"):
        client.get_flight_info(flight.FlightDescriptor.for_command(command), options)
