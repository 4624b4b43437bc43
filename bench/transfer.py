"""How fast the engine's Flight server sends a result, beside a bare pyarrow Flight server with the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow import flight

from bench.engine import engine_with_orders
from bench.pairs import take_turns
from bench.report import Table, count

SECONDS = 12.0
BARE_SERVER = Path(__file__).with_name("bare_flight.py")


def run(sizes: list[int]) -> Iterator[Table]:
    """For each size one table: a ticket's DoGet alone, and with the query before it."""
    for rows in sizes:
        yield from _at(rows)


def _at(rows: int) -> list[Table]:
    table = Table(
        f"Flight transfer of {count(rows)} orders",
        ("what", "engine", "bare pyarrow server", "engine : bare", "result"),
    )
    with engine_with_orders(rows) as sides:
        info = sides.flight_client.get_flight_info(
            flight.FlightDescriptor.for_command("select * from files.orders"), sides.options
        )
        ticket = info.endpoints[0].ticket
        result = sides.flight_client.do_get(ticket, sides.options).read_all()
        with _bare_server(result, Path(sides.engine.state)) as bare:
            times = take_turns(
                {
                    "engine": lambda: sides.flight_client.do_get(ticket, sides.options).read_all(),
                    "bare": lambda: bare.do_get(flight.Ticket(b"")).read_all(),
                    "query": lambda: sides.by_flight("select * from {orders}"),
                },
                SECONDS,
            )
    megabytes = result.nbytes / 1e6
    speed = {name: f"{megabytes / taken.median:,.0f} MB/s" for name, taken in times.items()}
    size = f"{megabytes:,.0f} MB"
    table.add(
        "DoGet of a finished job", speed["engine"], speed["bare"], times["engine"].over(times["bare"]), size
    )
    table.add("query and DoGet", speed["query"], speed["bare"], times["query"].over(times["bare"]), size)
    table.notes.append("Ratios are of times: of medians / of minima. Sender and receiver share the machine.")
    return [table]


@contextmanager
def _bare_server(result: pa.Table, folder: Path) -> Iterator[flight.FlightClient]:
    file = folder / "result.arrow"
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, result.schema) as writer:
        writer.write_table(result)
    command = [sys.executable, str(BARE_SERVER), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            if server.stdout is None:
                raise RuntimeError("the bare server has no output")
            yield flight.connect(f"grpc+tcp://127.0.0.1:{int(server.stdout.readline())}")
        finally:
            server.terminate()
