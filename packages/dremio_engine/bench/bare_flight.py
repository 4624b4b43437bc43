"""A Flight server without anything but one table in memory: what pyarrow can send. Prints its port."""

from __future__ import annotations

import sys

import pyarrow as pa
from pyarrow import flight

BATCH_ROWS = 65_536


class BareServer(flight.FlightServerBase):
    """Sends the table of an Arrow file to whoever asks."""

    def __init__(self, file: str) -> None:
        super().__init__("grpc+tcp://127.0.0.1:0")
        with pa.OSFile(file, "rb") as source:
            self._table = pa.ipc.open_file(source).read_all()

    def do_get(self, context: flight.ServerCallContext, ticket: flight.Ticket) -> flight.FlightDataStream:
        """All of it."""
        batches = self._table.to_batches(max_chunksize=BATCH_ROWS)
        return flight.RecordBatchStream(pa.RecordBatchReader.from_batches(self._table.schema, batches))


if __name__ == "__main__":
    server = BareServer(sys.argv[1])
    print(server.port, flush=True)
    server.serve()
