"""Which of a driver's errors say that the platform's PostgreSQL is away."""

from __future__ import annotations

import socket
from typing import Any

import psycopg2
import pytest

from lakehouse.platform.database import (
    Lock,
    PlatformDatabaseUnavailableError,
    exclusively,
    transaction,
)
from lakehouse.platform.errors import TransientError


class NobodyListens:
    """A server that is down."""

    def get_conn(self) -> Any:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            return psycopg2.connect(host="127.0.0.1", port=closed.getsockname()[1])


class Answers:
    """A connection on which every statement ends with the error."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def get_conn(self) -> Any:
        return self

    cursor = get_conn

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def close(self) -> None:
        return None

    def execute(self, *_: object) -> None:
        raise self._error


SAYS = r"is away \(.*next attempt goes on.*look at the server"


def test_a_server_that_is_down_is_named_with_what_to_do_and_tried_again() -> None:
    with pytest.raises(PlatformDatabaseUnavailableError, match=SAYS) as told, transaction(NobodyListens()):
        pytest.fail("there is no cursor")
    assert isinstance(told.value, TransientError)
    alone = exclusively(NobodyListens(), Lock("load", "orders"), "test", 1)
    with pytest.raises(PlatformDatabaseUnavailableError, match=SAYS), alone:
        pytest.fail("there is no lock")


@pytest.mark.parametrize(
    "error",
    [
        psycopg2.OperationalError("server closed the connection unexpectedly"),
        psycopg2.InterfaceError("connection already closed"),
        psycopg2.errors.AdminShutdown("terminating connection due to administrator command"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_server_that_goes_away_in_a_statement_is_named_too(error: Exception) -> None:
    with (
        pytest.raises(PlatformDatabaseUnavailableError, match=str(error)),
        transaction(Answers(error)) as cursor,
    ):
        cursor.execute("select 1")


def test_a_wrong_statement_stays_what_it_is() -> None:
    error = psycopg2.errors.SyntaxError("syntax error")
    with pytest.raises(psycopg2.errors.SyntaxError), transaction(Answers(error)) as cursor:
        cursor.execute("selekt 1")
