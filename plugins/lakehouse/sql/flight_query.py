"""A statement's rows over Arrow Flight, batch by batch as Dremio sends them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa
from pyarrow import flight

from lakehouse.platform.connections import Connection

FLIGHT_PORT: Final = 32010
"""Dremio's default; used when the connection has no extra `flight_port`."""
CERTIFICATES: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
"""Variables that may name a company's own authorities; gRPC itself reads neither."""

_AROUND: Final = (
    re.compile(r"^(?:Flight (?:returned|error)[^:]*|[A-Za-z ]+ error), with message: "),
    re.compile(r"\.? ?(?:gRPC client debug context|Client context): .*$", re.DOTALL),
    re.compile(r"\.? Detail: [A-Za-z: ]+$"),
)
"""What Flight, gRPC and a Python server put before and behind Dremio's words."""


class StatementError(Exception):
    """Dremio refused the statement, or it failed; the message is Dremio's own."""


class UnreachableError(Exception):
    """Dremio does not answer, or does not let this user in; the message says where and who."""


@dataclass(frozen=True)
class Rows:
    """A result while it arrives."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


@contextmanager
def query(where: Connection, statement: str) -> Iterator[Rows]:
    """Run one statement; the rest of the result is dropped, and its job cancelled, when the block is left.

    Raises:
        StatementError: Dremio refused the statement, or it failed on the way.
        UnreachableError: nobody answers, or the login is refused.
    """
    address = flight_address(where)
    with (
        _in_dremios_words(),
        closing(flight.FlightClient(address, tls_root_certs=_authorities(address))) as client,
    ):
        options = flight.FlightCallOptions(headers=[_logged_in(client, where, address)])
        descriptor = flight.FlightDescriptor.for_command(statement.encode())
        [endpoint, *_] = client.get_flight_info(descriptor, options).endpoints
        reader = client.do_get(endpoint.ticket, options)
        try:
            yield Rows(reader.schema, _batches(reader))
        finally:
            reader.cancel()


def flight_address(where: Connection) -> str:
    """Dremio's Flight port, encrypted where the connection's schema is https."""
    scheme, _, rest = where.url().partition("://")
    host = rest.partition("/")[0].rpartition(":")[0] or rest
    port = where.extra.get("flight_port") or FLIGHT_PORT
    return f"{'grpc+tls' if scheme == 'https' else 'grpc'}://{host}:{port}"


def _authorities(address: str) -> bytes | None:
    """The certificates that this machine's user trusts; None: those that gRPC has built in."""
    named = next((os.environ[name] for name in CERTIFICATES if os.environ.get(name)), None)
    return Path(named).read_bytes() if named and address.startswith("grpc+tls") else None


def _batches(reader: flight.FlightStreamReader) -> Iterator[pa.RecordBatch]:
    while True:
        try:
            yield reader.read_chunk().data
        except StopIteration:
            return


def _logged_in(client: flight.FlightClient, where: Connection, address: str) -> tuple[bytes, bytes]:
    """The header that goes with each further call."""
    try:
        token: tuple[bytes, bytes] = client.authenticate_basic_token(where.login, where.password)
    except flight.FlightUnauthenticatedError as error:
        raise UnreachableError(
            f"Dremio at {address} refuses the user {where.login!r}: {_words(error)}"
        ) from error
    except flight.FlightError as error:
        # The first call of all. pyarrow 26 names no reason when nobody listens, or listens without TLS.
        raise UnreachableError(f"Dremio at {address} does not answer: {_words(error)}") from error
    return token


@contextmanager
def _in_dremios_words() -> Iterator[None]:
    try:
        yield
    except (flight.FlightError, pa.ArrowException) as error:
        raise StatementError(_words(error)) from error


def _words(error: Exception) -> str:
    """What Dremio said."""
    text = str(error)
    for around in _AROUND:
        text = around.sub("", text)
    return text.strip() or type(error).__name__
