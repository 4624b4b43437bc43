"""The table of `make status`."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from embedded.stack.processes import resident_bytes
from embedded.stack.record import UncheckedError
from embedded.stack.service import NotReadyError, Service
from embedded.stack.supervisor import ProgramState, Supervisor

DOWN = "down"
HEALTHY = "healthy"
OFF = "off"
"""Of an optional service that nobody asked for, or that was stopped: nothing is wrong."""
UNCHECKED = "running"
"""Of a service known from the record only, because this environment lacks what its check needs."""
HEADINGS = ("service", "what", "pid", "health", "address", "memory")
PID_WIDTH = 24


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


def all_well(found: Sequence[Row]) -> bool:
    """Is every service healthy that was asked for?"""
    return any(row.health == HEALTHY for row in found) and all(row.health in (HEALTHY, OFF) for row in found)


def _health(service: Service, known: list[ProgramState]) -> str:
    if service.optional and all(state.state == "STOPPED" for state in known):
        return OFF
    if not any(state.pid for state in known):
        return next((state.state.lower() for state in known if state.state == "FATAL"), DOWN)
    for state in known:
        if not state.pid:
            return f"{state.name} is {state.state.lower()}"
    try:
        service.check()
    except UncheckedError:
        return UNCHECKED
    except NotReadyError:
        return "not answering"
    return HEALTHY


def table(found: Sequence[Row], paint: Callable[[str], str] = str) -> list[str]:
    """The rows as lines to print, under a heading and above the sum of their memory; `paint` colours what
    the health check said."""
    cells = [HEADINGS]
    for row in found:
        pids = _folded(" ".join(map(str, row.pids)) or "-", PID_WIDTH)
        memory = _megabytes(row.memory) if row.memory else "-"
        cells.append((row.service, row.title, pids[0], row.health, row.address, memory))
        cells += [("", "", more, "", "", "") for more in pids[1:]]
    cells.append(("", "", "", "", "in all", _megabytes(sum(row.memory for row in found))))
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    heading, *lines = cells
    return [_line(heading, widths, str), *(_line(line, widths, paint) for line in lines)]


def _line(cells: Sequence[str], widths: Sequence[int], paint: Callable[[str], str]) -> str:
    """The cells side by side; the last column, a number, stands to the right."""
    *texts, memory = cells
    padded = [text.ljust(widths[column]) for column, text in enumerate(texts)]
    painted = [paint(text) if HEADINGS[column] == "health" else text for column, text in enumerate(padded)]
    return "  ".join([*painted, memory.rjust(widths[-1])])


def _folded(words: str, width: int) -> list[str]:
    lines = [""]
    for word in words.split():
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MB"
