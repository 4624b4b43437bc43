"""Queries over Arrow Flight, where a value keeps its type."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import flight, fs
from tests.conformance.target import Target

from testing.engine_on_the_wire import Client

pytest.register_assert_rewrite("tests.dialect.example", "tests.dialect.behaviour")

from tests.dialect.example import ROW, Dialect, Refused  # noqa: E402
from tests.dialect.row_of_every_type import row_of_every_type  # noqa: E402


@dataclass
class Wire:
    """The target's Flight endpoint; `row` is the table with the row of every type, if it could be made."""

    user: str
    client: flight.FlightClient
    options: flight.FlightCallOptions
    row: str | None

    def read(self, sql: str) -> pa.Table:
        """The rows of an example. Raises Refused."""
        if ROW in sql and self.row is None:
            pytest.skip("DREMIO_CONFORMANCE_FILES is not set: there is no way to put a file into the source")
        command = sql.replace(ROW, self.row or "").encode()
        try:
            info = self.client.get_flight_info(flight.FlightDescriptor.for_command(command), self.options)
            return self.client.do_get(info.endpoints[0].ticket, self.options).read_all()
        except pa.ArrowException as error:
            raise Refused(str(error)) from error


@pytest.fixture(scope="session")
def dialect(dremio: Target, row: str | None) -> Dialect:
    """What the examples that all speakers of the dialect share are run by."""
    connection = flight.FlightClient(dremio.flight_url)
    token = connection.authenticate_basic_token(dremio.user, dremio.password)
    options = flight.FlightCallOptions(headers=[token], timeout=60)
    return Wire(dremio.user, connection, options, row)


@pytest.fixture(scope="session")
def row(dremio: Target, client: Client) -> Iterator[str | None]:
    """The table with the row of every type, promoted from a file; nothing where no file can be put.

    The table is dropped with the others of the run, the file is deleted here.
    """
    if dremio.files is None:
        yield None
        return
    whole, root = fs.FileSystem.from_uri(dremio.files)
    path = [dremio.source, f"{dremio.run}_row", "row_of_every_type"]
    folder = f"{root.rstrip('/')}/{path[1]}"
    whole.create_dir(f"{folder}/{path[2]}", recursive=True)
    with whole.open_output_stream(f"{folder}/{path[2]}/row.parquet") as stream:
        pq.write_table(row_of_every_type(), stream)
    entity = "dremio:/" + "/".join(path)
    body = {"entityType": "dataset", "id": entity, "path": path, "type": "PHYSICAL_DATASET"}
    answer = client.http.post(
        f"/api/v3/catalog/{quote(entity, safe='')}", json={**body, "format": {"type": "Parquet"}}
    )
    assert answer.status_code == 200, answer.text
    yield ".".join(f'"{part}"' for part in path)
    whole.delete_dir(folder)
