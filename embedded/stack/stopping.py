"""Stops the platform and proves it: nothing that was started for this state folder is left running.

Works from what is recorded and from what runs, with the standard library only, so that no change of the
checkout and nothing that its environments lack can keep a platform from being stopped.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterable, Sequence

from embedded.errors import PlatformError
from embedded.settings import Settings
from embedded.stack.processes import Process, end, leftovers, marked, tree, wait_until_gone
from embedded.stack.service import Program, Service
from embedded.stack.supervisor import Supervisor, SupervisorError

GRACE_SECONDS = 10.0
ORPHANS_SECONDS = 20.0
SUPERVISOR_SECONDS = 15.0


class StopError(PlatformError):
    """Processes that neither stopped nor could be killed; the message has their pids."""


def stop_all(supervisor: Supervisor, settings: Settings, services: Iterable[Service]) -> int:
    """Stop everything, those who need others first; return how many processes that ended.

    Raises StopError when something still runs.
    """
    known = list(services)
    programs = _programs(known)
    everything = leftovers(settings.state_dir, _commands(programs))
    if supervisor.running():
        supervised = _stop_in_order(supervisor, settings, known)
        everything = _together(everything, supervised)
        wait_until_gone(supervised, SUPERVISOR_SECONDS)
    everything = _together(everything, leftovers(settings.state_dir, _commands(programs)))
    _end_or_raise(everything, settings, programs, GRACE_SECONDS)
    supervisor.forget()
    return len(everything)


def stop_some(supervisor: Supervisor, settings: Settings, services: Iterable[Service]) -> None:
    """Stop these services only, and let the supervisor and the rest go on."""
    for layer in _layers(list(services)):
        _stop(supervisor, settings, layer)


def end_leftovers(settings: Settings, services: Iterable[Service]) -> int:
    """End what outlived a killed supervisor: it would hold the ports and the data. Returns how many.

    Raises StopError.
    """
    programs = _programs(services)
    orphans = leftovers(settings.state_dir, _commands(programs))
    _end_or_raise(orphans, settings, programs, ORPHANS_SECONDS)
    return len(orphans)


def _stop_in_order(supervisor: Supervisor, settings: Settings, services: list[Service]) -> list[Process]:
    """Everything under the supervisor, which was told to stop. It may die or hang meanwhile."""
    supervised: list[Process] = []
    with contextlib.suppress(SupervisorError):
        supervised = tree(supervisor.pid())
        for layer in _layers(services):
            _stop(supervisor, settings, layer)
        supervisor.shutdown()
    return supervised


def _stop(supervisor: Supervisor, settings: Settings, services: Iterable[Service]) -> None:
    """Stop the programs of these services, then what they leave: daemons, and children that stay."""
    programs = _programs(services)
    states = supervisor.states()
    names = [program.name for program in programs if program.name in states]
    family = [process for name in names if states[name].pid for process in tree(states[name].pid)]
    for name in names:
        supervisor.stop(name)
    deadline = time.monotonic() + max(program.stop_seconds for program in programs) + 5
    stopping = {"RUNNING", "STARTING", "STOPPING", "BACKOFF"}
    while time.monotonic() < deadline:
        states = supervisor.states()
        if not any(states[name].state in stopping for name in names):
            break
        time.sleep(0.1)
    found = marked(settings.state_dir, _commands(programs))
    daemons = [process for process, name in found.items() if name in names]
    end(_together(wait_until_gone(family, 2.0), daemons), GRACE_SECONDS)


def _end_or_raise(
    processes: Sequence[Process], settings: Settings, programs: Sequence[Program], grace_seconds: float
) -> None:
    remaining = end(processes, grace_seconds, _stop_signals(processes, settings, programs))
    if remaining:
        pids = ", ".join(f"{process.pid} ({process.name})" for process in remaining)
        raise StopError(f"still running: {pids}. Only their owner or root can end them")


def _stop_signals(
    processes: Sequence[Process], settings: Settings, programs: Sequence[Program]
) -> Callable[[Process], int | None]:
    """The signal that each process is asked to stop with: its program's own, and none for the children of a
    program that stops its children itself."""
    by_name = {program.name: program for program in programs}
    program_of = {
        process.pid: by_name[name]
        for process, name in marked(settings.state_dir, _commands(programs)).items()
        if name in by_name
    }
    alone = {pid for pid, program in program_of.items() if not program.signal_whole_group}
    present = {process.pid for process in processes}

    def stop_signal(process: Process) -> int | None:
        if process.parent in alone & present:
            return None
        program = program_of.get(process.pid)
        return signal.Signals[f"SIG{program.stop_signal}"] if program else signal.SIGTERM

    return stop_signal


def _programs(services: Iterable[Service]) -> list[Program]:
    return [program for service in services for program in service.programs]


def _commands(programs: Iterable[Program]) -> dict[str, tuple[str, ...]]:
    return {program.name: program.argv for program in programs}


def _layers(services: list[Service]) -> list[list[Service]]:
    """The services in stop order: first those that nobody needs, last those that many do."""
    remaining = {service.name: service for service in services}
    layers = []
    while remaining:
        needed = {need for service in remaining.values() for need in service.needs}
        layer = [service for name, service in remaining.items() if name not in needed]
        layers.append(layer)
        for service in layer:
            del remaining[service.name]
    return layers


def _together(*groups: Iterable[Process]) -> list[Process]:
    return list({process.pid: process for group in groups for process in group}.values())
