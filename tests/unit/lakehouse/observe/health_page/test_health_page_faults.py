"""Every section degrades alone: a table missing, PostgreSQL slow, hanging or away; the page still answers."""

from __future__ import annotations

import threading
import time
from datetime import UTC, date, datetime
from typing import Any

import pytest
from psycopg import OperationalError
from psycopg.errors import QueryCanceled

from lakehouse.observe.health_page.reading import READERS, Asked, Reader, Section
from lakehouse.platform.database import LedgerMissingError, PostgresConnections, transaction
from tests.unit.lakehouse.observe.health_page.conftest import NoPostgres

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)
NIGHT = date(2026, 11, 29)


class FakeConnection:
    """What a section may do with a connection, without a server."""

    closed = False

    def __init__(self) -> None:
        self.rolled_back = 0

    def cursor(self) -> Any:
        return self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def execute(self, *_: object) -> None:
        pass

    def commit(self) -> None:
        pass

    def rollback(self) -> None:
        self.rolled_back += 1

    def close(self) -> None:
        self.closed = True


class FakePostgres:
    """Counts how often it is connected to."""

    def __init__(self) -> None:
        self.connections: list[FakeConnection] = []

    def get_conn(self) -> FakeConnection:
        self.connections.append(FakeConnection())
        return self.connections[-1]


def answers(_: PostgresConnections, asked: Asked) -> str:
    return f"night of {asked.night}"


def fails_with(error: Exception) -> Any:
    def read(postgres: PostgresConnections, _: Asked) -> None:
        with transaction(postgres):
            raise error

    return read


def reader(connect: Any = FakePostgres, seconds: float = 2.0) -> Reader:
    return Reader(connect, lambda *_: NIGHT, seconds)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (QueryCanceled("canceling statement due to statement timeout"), "longer than 700 ms"),
        (LedgerMissingError("run provision_platform"), "Run the DAG provision_platform"),
        (OperationalError("server closed the connection"), "PostgreSQL is away"),
        (ZeroDivisionError("a secret"), "ZeroDivisionError"),
    ],
)
def test_what_one_section_cannot_read_takes_nothing_from_the_others(error: Exception, words: str) -> None:
    sections = [Section("a", "A", answers), Section("b", "B", fails_with(error)), Section("c", "C", answers)]
    page = reader().read(sections, NOW)
    assert [read.data for read in page.reads] == ["night of 2026-11-29", None, "night of 2026-11-29"]
    problem = page.reads[1].problem
    assert problem is not None
    assert words in problem
    assert "secret" not in problem
    assert [read.problem for read in page.reads][::2] == [None, None]


def test_a_page_takes_one_connection_and_gives_it_back() -> None:
    postgres = FakePostgres()
    sections = [Section(name, name, fails_with(ValueError())) for name in "abc"]
    reader(lambda: postgres).read(sections, NOW, NIGHT)
    assert len(postgres.connections) == 1
    assert postgres.connections[0].closed
    assert postgres.connections[0].rolled_back >= 3


def test_a_server_that_is_away_is_asked_once_and_named_in_every_section() -> None:
    asked = []

    class Away(NoPostgres):
        def get_conn(self) -> Any:
            asked.append(1)
            return super().get_conn()

    def read(postgres: PostgresConnections, _: Asked) -> None:
        with transaction(postgres):
            pass

    page = reader(Away).read([Section(name, name, read) for name in "abcd"], NOW, NIGHT)
    assert [each.problem for each in page.reads] == ["The platform's PostgreSQL is away."] * 4
    assert len(asked) == 1


def test_no_connection_at_all_is_said_too() -> None:
    def connect() -> Any:
        raise LookupError("no connection platform_postgres")

    page = reader(connect).read([Section("a", "A", answers)], NOW, NIGHT)
    assert page.reads[0].problem is not None
    assert "LookupError" in page.reads[0].problem


def test_a_hanging_server_costs_the_time_limit_and_no_more() -> None:
    goes_on = threading.Event()

    def hang(_: PostgresConnections, __: Asked) -> None:
        goes_on.wait(120)

    sections = [Section("a", "A", answers), Section("b", "B", hang), Section("c", "C", answers)]
    limited = reader(seconds=0.2)
    began = time.monotonic()
    page = limited.read(sections, NOW)
    assert time.monotonic() - began < 50
    assert page.asked.night == NIGHT
    assert [read.problem is None for read in page.reads] == [True, False, False]
    assert "in time" in str(page.reads[1].problem)
    # As many as may hang; then pages are answered without a thread of their own.
    before = threading.active_count()
    for _ in range(READERS * 2):
        limited.read(sections, NOW)
    assert threading.active_count() - before <= READERS
    goes_on.set()


def test_after_a_hang_pages_are_read_again() -> None:
    goes_on = threading.Event()
    sections = [Section("a", "A", lambda *_: goes_on.wait(120))]
    limited = reader(seconds=0.1)
    for _ in range(READERS):
        limited.read(sections, NOW)
    goes_on.set()
    assert Reader.read(reader(), [Section("a", "A", answers)], NOW).reads[0].problem is None
    limited._answer_seconds = 10
    assert limited.read(sections, NOW).reads[0].data is True


def test_the_night_is_today_s_if_nobody_can_say_better() -> None:
    def choose(*_: object) -> date:
        raise OperationalError("gone")

    page = Reader(FakePostgres, choose).read([Section("a", "A", answers)], NOW)
    assert page.asked.night == NIGHT
    assert page.reads[0].data == "night of 2026-11-29"
