"""The table of `make status`."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Mapping
from dataclasses import dataclass

from rich.table import Table

from embedded.stack.processes import resident_bytes
from embedded.stack.service import NotReadyError, Service
from embedded.stack.supervisor import ProgramState, Supervisor

DOWN = "down"
HEALTHY = "healthy"


@dataclass(frozen=True)
class Row:
    """One service: its pids, what its health check says, its memory in bytes."""

    service: str
    title: str
    pids: tuple[int, ...]
    health: str
    address: str
    memory: int


def rows(supervisor: Supervisor, services: Mapping[str, Service]) -> list[Row]:
    """The state of every service now, asked side by side."""
    states = supervisor.states() if supervisor.running() else {}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(lambda service: _row(service, states), services.values()))


def _row(service: Service, states: Mapping[str, ProgramState]) -> Row:
    known = [states[program.name] for program in service.programs if program.name in states]
    pids = tuple(state.pid for state in known if state.pid)
    memory = sum(resident_bytes(pid) for pid in pids)
    return Row(service.name, service.title, pids, _health(service, known), service.address, memory)


def _health(service: Service, known: list[ProgramState]) -> str:
    if not any(state.pid for state in known):
        return next((state.state.lower() for state in known if state.state == "FATAL"), DOWN)
    for state in known:
        if not state.pid:
            return f"{state.name} is {state.state.lower()}"
    try:
        service.check()
    except NotReadyError:
        return "not answering"
    return HEALTHY


def table(found: list[Row]) -> Table:
    """The rows, to print."""
    shown = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("service", "what", "pid", "health", "address"):
        shown.add_column(heading, overflow="fold", no_wrap=heading != "pid")
    shown.add_column("memory", justify="right")
    for row in found:
        colour = {HEALTHY: "green", DOWN: "dim"}.get(row.health, "red")
        pids = " ".join(map(str, row.pids)) or "-"
        memory = f"{row.memory / 2**20:,.0f} MB" if row.memory else "-"
        shown.add_row(row.service, row.title, pids, f"[{colour}]{row.health}[/]", row.address, memory)
    total = sum(row.memory for row in found)
    shown.add_row("", "", "", "", "in all", f"{total / 2**20:,.0f} MB", style="bold")
    return shown
