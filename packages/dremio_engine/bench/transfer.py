"""How fast the engine's Flight server sends a result, beside a bare pyarrow Flight server with the same."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow import flight

from bench.pairs import Times, take_turns
from bench.report import Table, count
from packages.dremio_engine.bench.engine import Sides, engine_with_orders

SECONDS = 12.0
EVERYTHING = "select * from {orders}"
KEPT = "select * from {orders} where order_id < 500000"
"""Less than the 64 MiB up to which the engine keeps a Flight result whole: it can be fetched again."""
BARE_SERVER = Path(__file__).with_name("bare_flight.py")


def run(sizes: list[int]) -> Iterator[Table]:
    """For each size one table: a finished result, and a query whose rows are sent while it runs."""
    for rows in sizes:
        yield _at(rows)


def _at(rows: int) -> Table:
    table = Table(
        f"Flight transfer, {count(rows)} orders",
        ("what", "result", "engine", "bare pyarrow server", "engine : bare", "engine : (DuckDB + bare)"),
    )
    with engine_with_orders(rows) as sides:
        ticket = _ticket(sides, KEPT)
        kept = sides.flight_client.do_get(ticket, sides.options).read_all()
        everything = sides.by_flight(EVERYTHING)
        with _bare_server(kept, sides) as bare_kept, _bare_server(everything, sides) as bare:
            finished = take_turns(
                {
                    "engine": lambda: sides.flight_client.do_get(ticket, sides.options).read_all(),
                    "bare": lambda: _everything(bare_kept),
                },
                SECONDS / 3,
            )
            running = take_turns(
                {
                    "engine": lambda: sides.by_flight(EVERYTHING),
                    "bare": lambda: _everything(bare),
                    "one after the other": lambda: (sides.straight(EVERYTHING), _everything(bare)),
                },
                SECONDS,
            )
    _add(table, "DoGet of a finished result", kept, finished)
    _add(table, "query, its rows sent while it runs", everything, running)
    table.notes.append("Ratios are of times: of medians / of minima. Sender and receiver share the machine.")
    return table


def _add(table: Table, what: str, result: pa.Table, times: dict[str, Times]) -> None:
    megabytes = result.nbytes / 1e6
    speed = {name: f"{megabytes / taken.median:,.0f} MB/s" for name, taken in times.items()}
    both = times.get("one after the other")
    table.add(
        what, f"{megabytes:,.0f} MB", speed["engine"], speed["bare"], times["engine"].over(times["bare"]),
        times["engine"].over(both) if both else "-",
    )  # fmt: skip


def _ticket(sides: Sides, sql: str) -> flight.Ticket:
    """The ticket of a statement that has ended."""
    command = flight.FlightDescriptor.for_command(sql.replace("{orders}", "shop.orders"))
    ticket = sides.flight_client.get_flight_info(command, sides.options).endpoints[0].ticket
    sides.rest.wait(ticket.ticket.decode())
    return ticket


def _everything(server: flight.FlightClient) -> pa.Table:
    return server.do_get(flight.Ticket(b"")).read_all()


@contextmanager
def _bare_server(result: pa.Table, sides: Sides) -> Iterator[flight.FlightClient]:
    file = Path(sides.engine.state) / f"result-{result.num_rows}.arrow"
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
