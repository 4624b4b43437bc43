"""Queries over Arrow Flight, where a value keeps its type."""

from collections.abc import Callable

import pyarrow as pa
import pytest
from pyarrow import flight
from tests.conformance.target import Target

pytest.register_assert_rewrite("tests.conformance.dialect.case")

Read = Callable[[str], pa.Table]


@pytest.fixture(scope="session")
def read(dremio: Target) -> Read:
    """Runs a query and gives its rows."""
    client = flight.FlightClient(dremio.flight_url)
    options = flight.FlightCallOptions(
        headers=[client.authenticate_basic_token(dremio.user, dremio.password)], timeout=60
    )

    def rows(sql: str) -> pa.Table:
        info = client.get_flight_info(flight.FlightDescriptor.for_command(sql.encode()), options)
        return client.do_get(info.endpoints[0].ticket, options).read_all()

    return rows
