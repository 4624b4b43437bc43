"""Arrow Flight as pyarrow.flight and sqlalchemy-dremio use it. docs.dremio.com: Arrow Flight."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import flight
from tests.conformance.target import Target

from testing.engine_on_the_wire import Client

Session = tuple[flight.FlightClient, list[tuple[bytes, bytes]]]


@pytest.fixture(scope="module")
def session(dremio: Target) -> Session:
    """A client and the header that carries its token."""
    client = flight.FlightClient(dremio.flight_url)
    return client, [client.authenticate_basic_token(dremio.user, dremio.password)]


def stream(session: Session, sql: str, *headers: tuple[bytes, bytes]) -> flight.FlightStreamReader:
    client, token = session
    options = flight.FlightCallOptions(headers=[*token, *headers], timeout=60)
    info = client.get_flight_info(flight.FlightDescriptor.for_command(sql.encode()), options)
    return client.do_get(info.endpoints[0].ticket, options)


def read(session: Session, sql: str, *headers: tuple[bytes, bytes]) -> pa.Table:
    return stream(session, sql, *headers).read_all()


def test_a_basic_login_gives_a_bearer_token(session: Session) -> None:
    _, [(name, value)] = session
    assert (name, value[:7]) == (b"authorization", b"Bearer ")


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_wrong_password_is_unauthenticated(dremio: Target, password: str) -> None:
    with pytest.raises(flight.FlightUnauthenticatedError):
        flight.FlightClient(dremio.flight_url).authenticate_basic_token(dremio.user, password)


@pytest.mark.parametrize("headers", [[], [(b"authorization", b"Bearer nothing")]])
def test_without_a_valid_token_a_call_is_unauthenticated(
    dremio: Target, headers: list[tuple[bytes, bytes]]
) -> None:
    with pytest.raises(flight.FlightUnauthenticatedError):
        flight.FlightClient(dremio.flight_url).get_flight_info(
            flight.FlightDescriptor.for_command(b"select 1"), flight.FlightCallOptions(headers=headers)
        )


def test_a_token_of_rest_is_a_bearer_token_of_flight(dremio: Target, client: Client) -> None:
    token = client.http.headers["Authorization"].removeprefix("_dremio").encode()
    bearer = (flight.FlightClient(dremio.flight_url), [(b"authorization", b"Bearer " + token)])
    assert read(bearer, "select 7 as a").to_pylist() == [{"a": 7}]


@pytest.mark.parametrize(
    ("expression", "arrow_type"),
    [
        ("1", pa.int32()),
        ("cast(1 as bigint)", pa.int64()),
        ("cast(1.5 as float)", pa.float32()),
        ("cast(1.5 as double)", pa.float64()),
        ("cast(1.5 as decimal(10,2))", pa.decimal128(10, 2)),
        ("'x'", pa.string()),
        ("true", pa.bool_()),
        ("date '2025-10-16'", pa.date64()),
        ("time '10:20:30'", pa.time32("ms")),
        ("timestamp '2025-10-16 01:02:03.456'", pa.timestamp("ms")),
        ("count(*)", pa.int64()),
        ("sum(1)", pa.int64()),
        ("sum(cast(1.5 as double))", pa.float64()),
        ("sum(cast(1.5 as decimal(10,2)))", pa.decimal128(38, 2)),
        ("cast('x' as varbinary)", pa.binary()),
    ],
)
def test_a_type_goes_out_as_dremio_sends_it(
    session: Session, expression: str, arrow_type: pa.DataType
) -> None:
    assert read(session, f"select {expression} as a").schema.field("a").type == arrow_type


def test_lists_and_structs_go_out_nested(session: Session) -> None:
    table = read(
        session, "select convert_from('[1, 2]', 'json') as l, convert_from('{\"k\":\"v\"}', 'json') as s"
    )
    assert pa.types.is_list(table.schema.field("l").type)
    assert pa.types.is_struct(table.schema.field("s").type)
    assert table.to_pylist() == [{"l": [1, 2], "s": {"k": "v"}}]


def test_an_empty_result_has_a_schema_and_a_batch(session: Session) -> None:
    """sqlalchemy-dremio makes its table from the batches, and fails when there is none."""
    reader = stream(session, "select a, b from (values (1, 'x')) as v(a, b) where 1 = 0")
    batches = [chunk.data for chunk in reader]
    assert reader.schema.names == ["a", "b"]
    assert len(batches) >= 1
    assert sum(batch.num_rows for batch in batches) == 0
    assert all(batch.schema == reader.schema for batch in batches)


def test_many_rows_come_whole(session: Session) -> None:
    digits = "(values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9))"
    joined = " cross join ".join(f"{digits} as t{i}(d{i})" for i in range(5))
    number = " + ".join(f"d{i} * {10**i}" for i in range(5))
    column = read(session, f"select {number} as n from {joined}").column("n").combine_chunks()
    assert pc.sum(column).as_py() == 99_999 * 50_000
    assert len(pc.unique(column)) == 100_000


def test_rest_and_flight_give_the_same_rows(session: Session, client: Client, dremio: Target) -> None:
    table = dremio.table("same")
    client.sql(f"create table {table} as select * from (values (1,'a'),(2,'b'),(3,null)) as t(id, name)")
    sql = f"select id, name from {table} order by id"
    assert read(session, sql).to_pylist() == client.sql(sql)


def test_the_schema_header_is_where_short_names_start(
    session: Session, client: Client, dremio: Target
) -> None:
    client.sql(f"create table {dremio.table('short')} as select 5 as a")
    header = (b"schema", f"{dremio.source}.{dremio.run}".encode())
    assert read(session, "select a from short", header).to_pylist() == [{"a": 5}]


@pytest.mark.parametrize("name", [b"routing_queue", b"routing_tag", b"routing_engine", b"cookie"])
def test_the_headers_of_clients_are_taken(session: Session, name: bytes) -> None:
    assert read(session, "select 1 as a", (name, b"x=1")).to_pylist() == [{"a": 1}]


def test_the_schema_of_a_query_is_known_before_its_rows(session: Session) -> None:
    client, token = session
    options = flight.FlightCallOptions(headers=token)
    described = client.get_schema(flight.FlightDescriptor.for_command(b"select 1 as a, 'x' as b"), options)
    assert described.schema.names == ["a", "b"]


def test_an_error_names_what_is_wrong(session: Session) -> None:
    with pytest.raises((pa.ArrowException, flight.FlightError), match="no_such_table"):
        read(session, 'select * from "no_such_source"."no_such_table"')


def test_an_unknown_ticket_is_an_error(session: Session) -> None:
    client, token = session
    with pytest.raises((pa.ArrowException, flight.FlightError)):
        client.do_get(flight.Ticket(b"no such ticket"), flight.FlightCallOptions(headers=token)).read_all()


def test_flight_sql_is_refused_by_name_where_it_is_not_spoken(session: Session, dremio: Target) -> None:
    if not dremio.embedded:
        pytest.skip("Dremio speaks Arrow Flight SQL; the embedded engine refuses it by name")
    client, token = session
    command = b"\n?type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery\x12\x0a\n\x08select 1"
    with pytest.raises(flight.FlightServerError, match="Flight SQL"):
        client.get_flight_info(
            flight.FlightDescriptor.for_command(command), flight.FlightCallOptions(headers=token)
        )
