"""Flight's sessions, tickets and refusals, and results larger than what the engine holds of one."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pyarrow as pa
import pytest
from pyarrow import flight

from testing.engine_on_the_wire import Client, EngineProcess

STREAM_BYTES = 4 << 20
PASSWORD = "an0ther-secret"
DIGITS = "(values (0),(1),(2),(3),(4),(5),(6),(7),(8),(9))"
# 10 million rows of 16 bytes: 160 MB, forty times what is held.
BIG = "select a.n * 100000 + b.n as n, a.n as m from disk.many a, disk.many b where b.n < 100"


@pytest.fixture(scope="module")
def streaming_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine that holds 4 MiB of a Flight result, with 100,000 rows on disk and a second user."""
    process = EngineProcess(tmp_path_factory.mktemp("streaming"))
    process.start(
        DREMIO_STREAM_BYTES=str(STREAM_BYTES), DREMIO_UNREAD_SECONDS="2", DREMIO_TOKEN_SECONDS="600"
    )
    client = process.client()
    config = {"path": f"{process.state}/nas"}
    source = {"entityType": "source", "type": "NAS", "name": "disk", "config": config}
    assert client.create(source).status_code == 200
    joined = ", ".join(f"{DIGITS} as t{i}(d{i})" for i in range(5))
    number = " + ".join(f"cast(d{i} as bigint) * {10**i}" for i in range(5))
    client.sql(f"create table disk.many as select {number} as n from {joined}")
    assert client.http.post("/api/v3/user", json={"name": "bob", "password": PASSWORD}).status_code == 200
    yield process
    process.stop()


@pytest.fixture
def rest(streaming_engine: EngineProcess) -> Client:
    return streaming_engine.client()


class Cookies(flight.ClientMiddlewareFactory):
    """The cookie jar that Dremio's own Python examples bring along."""

    def __init__(self) -> None:
        self.cookies: dict[str, str] = {}
        self.set = 0

    def start_call(self, info: flight.CallInfo) -> flight.ClientMiddleware:
        return _CookieCall(self)


class _CookieCall(flight.ClientMiddleware):
    def __init__(self, jar: Cookies) -> None:
        self._jar = jar

    def sending_headers(self) -> dict[str, str]:
        return (
            {"cookie": "; ".join(f"{k}={v}" for k, v in self._jar.cookies.items())}
            if self._jar.cookies
            else {}
        )

    def received_headers(self, headers: dict[str, list[str]]) -> None:
        for value in headers.get("set-cookie", []):
            name, _, rest = value.partition("=")
            self._jar.cookies[name] = rest.partition(";")[0]
            self._jar.set += 1


class Caller:
    """A Flight client logged in as a user."""

    def __init__(self, engine: EngineProcess, user: str = "", password: str = "", jar: Cookies | None = None):
        self.client = flight.FlightClient(engine.flight_url, middleware=[jar] if jar else [])
        name, secret = user or engine.user, password or engine.password
        self.token = self.client.authenticate_basic_token(name, secret)

    def options(self, *headers: tuple[bytes, bytes]) -> flight.FlightCallOptions:
        return flight.FlightCallOptions(headers=[self.token, *headers])

    def info(self, sql: str, *headers: tuple[bytes, bytes]) -> flight.FlightInfo:
        return self.client.get_flight_info(flight.FlightDescriptor.for_command(sql), self.options(*headers))

    def read(self, sql: str, *headers: tuple[bytes, bytes]) -> pa.Table:
        return self.client.do_get(self.info(sql, *headers).endpoints[0].ticket, self.options()).read_all()


def test_a_big_result_is_streamed_in_bounded_memory(streaming_engine: EngineProcess, rest: Client) -> None:
    assert streaming_engine.process is not None
    process = psutil.Process(streaming_engine.process.pid)
    caller = Caller(streaming_engine)
    caller.read("select n from disk.many")
    before, most, rows, total = process.memory_info().rss, 0, 0, 0
    info = caller.info(BIG)
    assert info.total_records == -1, "it runs while it is read"
    for chunk in caller.client.do_get(info.endpoints[0].ticket, caller.options()):
        rows += chunk.data.num_rows
        total += chunk.data.nbytes
        most = max(most, process.memory_info().rss)
    assert rows == 10_000_000
    assert total > 30 * STREAM_BYTES
    assert most - before < total / 2, f"{(most - before) >> 20} MiB more while {total >> 20} MiB went through"
    job = rest.http.get(f"/api/v3/job/{info.endpoints[0].ticket.ticket.decode()}").json()
    assert (job["jobState"], job["rowCount"], job["queryType"]) == ("COMPLETED", rows, "FLIGHT")


def test_a_ticket_that_fits_is_read_again_without_running_again(streaming_engine: EngineProcess) -> None:
    caller = Caller(streaming_engine)
    info = caller.info("select random() as r")
    ticket = info.endpoints[0].ticket
    first = caller.client.do_get(ticket, caller.options()).read_all()
    assert caller.client.do_get(ticket, caller.options()).read_all() == first
    assert (info.total_records, first.num_rows) == (1, 1)


def test_a_big_ticket_that_was_read_runs_again(streaming_engine: EngineProcess) -> None:
    caller = Caller(streaming_engine)
    ticket = caller.info(BIG + " and a.n < 10000").endpoints[0].ticket
    for _ in range(2):
        assert caller.client.do_get(ticket, caller.options()).read_all().num_rows == 1_000_000


def test_a_client_that_stops_reading_ends_its_statement(
    streaming_engine: EngineProcess, rest: Client
) -> None:
    caller = Caller(streaming_engine)
    left, unread = caller.info(BIG).endpoints[0].ticket, caller.info(BIG).endpoints[0].ticket
    reader = caller.client.do_get(left, caller.options())
    assert reader.read_chunk().data.num_rows > 0
    reader.cancel()
    for ticket, state, words in ((left, "CANCELED", ""), (unread, "FAILED", "were not read for 2 s")):
        status = rest.wait(ticket.ticket.decode(), 20)
        assert status["jobState"] == state
        assert words in status["errorMessage"]
    # What nobody read runs again when somebody does.
    assert caller.client.do_get(unread, caller.options()).read_chunk().data.num_rows > 0


def test_a_refusal_shows_no_traceback_and_no_path(streaming_engine: EngineProcess) -> None:
    caller = Caller(streaming_engine)
    for sql in (
        "select nothing from disk.many",
        "select 1 as value",
        "select 1 from nowhere.x",
        "select 1 / 0",
    ):
        with pytest.raises(pa.ArrowInvalid) as refused:
            caller.info(sql)
        assert "Traceback" not in str(refused.value)
        assert "/" not in str(refused.value)


def test_an_error_in_a_late_row_comes_while_reading(streaming_engine: EngineProcess) -> None:
    caller = Caller(streaming_engine)
    late = "case when a.n = 99999 and b.n = 99 then 'x' else '1' end"
    info = caller.info(f"select n, cast(t as integer) as i from (select b.n as n, {late} as t"
                       " from disk.many a, disk.many b where b.n < 100) q")  # fmt: skip
    with pytest.raises(pa.ArrowInvalid, match="Failed to cast the string x to INTEGER"):
        caller.client.do_get(info.endpoints[0].ticket, caller.options()).read_all()


def test_a_change_runs_once_whatever_is_asked_of_it(streaming_engine: EngineProcess, rest: Client) -> None:
    caller = Caller(streaming_engine)
    rest.sql("create table disk.once as select 0 as a")
    insert = "insert into disk.once select 1"
    schema = caller.client.get_schema(flight.FlightDescriptor.for_command(insert), caller.options()).schema
    assert schema.names == ["Records"]
    assert rest.value("select count(*) from disk.once") == 1
    ticket = caller.info(insert).endpoints[0].ticket
    for _ in range(2):
        assert caller.client.do_get(ticket, caller.options()).read_all().to_pylist() == [{"Records": 1}]
    assert rest.value("select count(*) from disk.once") == 2


def test_get_schema_is_what_get_flight_info_says(streaming_engine: EngineProcess) -> None:
    caller = Caller(streaming_engine)
    for sql in (
        "select n, sum(n) as s from disk.many group by n order by n limit 3",
        "with c as (select 1 as a) select a from c",
        "describe disk.many",
        "show schemas",
        "create table disk.x (a integer)",
    ):
        descriptor = flight.FlightDescriptor.for_command(sql)
        found = caller.client.get_schema(descriptor, caller.options()).schema
        if not sql.startswith("create"):
            assert found == caller.info(sql).schema
    with pytest.raises(pa.ArrowInvalid, match="not found"):
        caller.client.get_schema(flight.FlightDescriptor.for_command("select 1 from a.b"), caller.options())


def test_another_users_ticket_is_refused(streaming_engine: EngineProcess) -> None:
    ticket = Caller(streaming_engine).info("select 1 as a").endpoints[0].ticket
    bob = Caller(streaming_engine, "bob", PASSWORD)
    for stolen in (ticket, flight.Ticket(b"no-such-job"), flight.Ticket(b"\xff\x00")):
        with pytest.raises(flight.FlightServerError, match="Could not find a job with id"):
            bob.client.do_get(stolen, bob.options()).read_all()


def test_a_personal_access_token_opens_flight(streaming_engine: EngineProcess, rest: Client) -> None:
    user = rest.http.get(f"/api/v3/user/by-name/{streaming_engine.user}").json()
    body = {"label": "for Flight", "millisecondsToExpire": 60_000}
    token = rest.http.post(f"/api/v3/user/{user['id']}/token", json=body).json()
    bearer = flight.FlightCallOptions(headers=[(b"authorization", f"Bearer {token}".encode())])
    client = flight.FlightClient(streaming_engine.flight_url)
    command = flight.FlightDescriptor.for_command("select 1 as a")
    ticket = client.get_flight_info(command, bearer).endpoints[0].ticket
    assert client.do_get(ticket, bearer).read_all().to_pylist() == [{"a": 1}]
    for name in (streaming_engine.user, "$token"):
        assert Caller(streaming_engine, name, token).read("select 2 as a").to_pylist() == [{"a": 2}]
    with pytest.raises(flight.FlightUnauthenticatedError):
        Caller(streaming_engine, "bob", token)


def test_the_cookie_keeps_the_session_and_its_schema(streaming_engine: EngineProcess) -> None:
    jar = Cookies()
    caller = Caller(streaming_engine, jar=jar)
    routing = ((b"routing_tag", b"t"), (b"routing_queue", b"q"), (b"routing_engine", b"e"))
    assert caller.read("select count(*) as c from many", (b"schema", b"disk"), *routing).to_pylist() == [
        {"c": 100_000}
    ]
    assert set(jar.cookies) == {"SESSION_ID"}
    assert jar.set == 1, "the cookie is set once"
    # A new login with the same cookie is the same session: `many` still means disk.many.
    again = Caller(streaming_engine, jar=jar)
    assert again.read("select count(*) as c from many").to_pylist() == [{"c": 100_000}]
    stranger = Caller(streaming_engine, "bob", PASSWORD, jar)
    with pytest.raises(pa.ArrowInvalid, match="'many' not found"):
        stranger.read("select count(*) as c from many")
    with pytest.raises(pa.ArrowInvalid, match="'many' not found"):
        Caller(streaming_engine).read("select count(*) as c from many")


FLIGHT_SQL_COMMANDS = (
    "CommandGetCatalogs", "CommandGetCrossReference", "CommandGetDbSchemas", "CommandGetExportedKeys",
    "CommandGetImportedKeys", "CommandGetPrimaryKeys", "CommandGetSqlInfo", "CommandGetTableTypes",
    "CommandGetTables", "CommandGetXdbcTypeInfo", "CommandPreparedStatementQuery",
    "CommandPreparedStatementUpdate", "CommandStatementIngest", "CommandStatementQuery",
    "CommandStatementSubstraitPlan", "CommandStatementUpdate", "TicketStatementQuery",
)  # fmt: skip


@pytest.mark.parametrize("name", FLIGHT_SQL_COMMANDS)
def test_every_command_of_flight_sql_is_refused_by_name(streaming_engine: EngineProcess, name: str) -> None:
    caller = Caller(streaming_engine)
    url = f"type.googleapis.com/arrow.flight.protocol.sql.{name}".encode()
    command = b"\n" + bytes([len(url)]) + url + b"\x12\x0a\n\x08select 1"
    words = rf"Flight SQL is not supported .*\[{name}\]"
    descriptor = flight.FlightDescriptor.for_command(command)
    with pytest.raises(flight.FlightServerError, match=words):
        caller.client.get_flight_info(descriptor, caller.options())
    with pytest.raises(pa.ArrowException, match=words):
        caller.client.get_schema(descriptor, caller.options())
    writer, _ = caller.client.do_put(descriptor, pa.schema([("a", pa.int32())]), caller.options())
    with pytest.raises(flight.FlightServerError, match=words):
        writer.close()


def test_sql_that_speaks_of_flight_sql_is_sql(streaming_engine: EngineProcess) -> None:
    text = "type.googleapis.com/arrow.flight.protocol.sql.CommandGetTables"
    assert Caller(streaming_engine).read(f"select '{text}' as t").to_pylist() == [{"t": text}]


def test_what_dremio_does_not_implement_is_not_implemented(streaming_engine: EngineProcess) -> None:
    caller = Caller(streaming_engine)
    assert list(caller.client.list_actions(caller.options())) == []
    for action in (
        "CreatePreparedStatement",
        "ClosePreparedStatement",
        "BeginTransaction",
        "SetSessionOptions",
    ):
        with pytest.raises(flight.FlightServerError, match=rf"Flight SQL is not supported .*\[{action}\]"):
            list(caller.client.do_action(flight.Action(action, b""), caller.options()))
    with pytest.raises(pa.ArrowNotImplementedError, match="doAction is not implemented"):
        list(caller.client.do_action(flight.Action("shutdown", b""), caller.options()))
    with pytest.raises(pa.ArrowNotImplementedError, match="listFlights is not implemented"):
        list(caller.client.list_flights(options=caller.options()))
    path = flight.FlightDescriptor.for_path("disk", "many")
    with pytest.raises(pa.ArrowInvalid, match="Only descriptors with a command"):
        caller.client.get_flight_info(path, caller.options())
    for command in (b"", b"\xff\xfe"):
        with pytest.raises(pa.ArrowInvalid):
            caller.client.get_flight_info(flight.FlightDescriptor.for_command(command), caller.options())


@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer nothing", "Basic", "Basic !!!", "Basic bm9uZQ==", "Digest x"]
)
def test_a_call_without_a_valid_login_is_unauthenticated(
    streaming_engine: EngineProcess, authorization: str
) -> None:
    client = flight.FlightClient(streaming_engine.flight_url)
    options = flight.FlightCallOptions(headers=[(b"authorization", authorization.encode())])
    with pytest.raises(flight.FlightUnauthenticatedError):
        client.get_flight_info(flight.FlightDescriptor.for_command("select 1"), options)


def test_a_client_that_goes_away_cancels_its_statement(streaming_engine: EngineProcess, rest: Client) -> None:
    caller = Caller(streaming_engine)
    slow = "select count(*) from disk.many a, disk.many b, disk.many c where a.n * b.n % 7 = c.n % 5"
    options = flight.FlightCallOptions(headers=[caller.token], timeout=1.0)
    with pytest.raises(flight.FlightTimedOutError):
        caller.client.get_flight_info(flight.FlightDescriptor.for_command(slow), options)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if not [row for row in rest.sql("select query from sys.jobs") if row["query"] == slow]:
            break
        time.sleep(0.2)
    (job,) = [r for r in rest.sql("select query, status from sys.jobs_recent") if r["query"] == slow]
    assert job["status"] == "CANCELED"


def test_no_file_of_the_protocol_stays_behind(streaming_engine: EngineProcess) -> None:
    spill = Path(streaming_engine.state) / "dremio" / "spill"
    assert not [p for p in spill.glob("**/*") if re.search("tmp", p.name)]
