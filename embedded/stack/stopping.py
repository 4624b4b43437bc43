"""Stops the platform and proves it: nothing that was started for this state folder is left running."""

from __future__ import annotations

import time
from collections.abc import Iterable

import psutil

from embedded.settings import Settings
from embedded.stack.processes import end, leftovers, tree, wait_until_gone
from embedded.stack.service import Service
from embedded.stack.supervisor import Supervisor

GRACE_SECONDS = 10.0
SUPERVISOR_SECONDS = 15.0


class StopError(Exception):
    """Processes that neither stopped nor could be killed; the message has their pids."""


def stop_all(supervisor: Supervisor, settings: Settings, services: Iterable[Service]) -> int:
    """Stop everything, those who need others first; return how many processes that ended.

    Raises StopError when something still runs.
    """
    everything = leftovers(settings.state_dir)
    if supervisor.running():
        everything = _together(everything, tree(supervisor.pid()))
        for layer in _layers(list(services)):
            _stop(supervisor, layer)
        supervisor.shutdown()
        wait_until_gone(everything, SUPERVISOR_SECONDS)
    everything = _together(everything, leftovers(settings.state_dir))
    remaining = end(everything, GRACE_SECONDS)
    if remaining:
        pids = ", ".join(f"{process.pid} ({process.name()})" for process in remaining)
        raise StopError(f"still running: {pids}")
    supervisor.forget()
    return len(everything)


def stop_some(supervisor: Supervisor, services: Iterable[Service]) -> None:
    """Stop these services only, and let the supervisor and the rest go on."""
    for layer in _layers(list(services)):
        _stop(supervisor, layer)


def _stop(supervisor: Supervisor, services: Iterable[Service]) -> None:
    programs = [program for service in services for program in service.programs]
    states = supervisor.states()
    family = [process for program in programs for process in tree(states[program.name].pid) if process.pid]
    for program in programs:
        supervisor.stop(program.name)
    deadline = time.monotonic() + max(program.stop_seconds for program in programs) + 5
    stopping = {"RUNNING", "STARTING", "STOPPING", "BACKOFF"}
    while time.monotonic() < deadline:
        states = supervisor.states()
        if not any(states[program.name].state in stopping for program in programs):
            break
        time.sleep(0.1)
    end(wait_until_gone(family, 2.0), GRACE_SECONDS)


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


def _together(*groups: Iterable[psutil.Process]) -> list[psutil.Process]:
    return list({process.pid: process for group in groups for process in group}.values())
