"""Starts services: each when those it needs are ready, side by side otherwise, checked before called up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from embedded.errors import PlatformError
from embedded.stack.service import NotReadyError, Service
from embedded.stack.supervisor import Supervisor

POLL_SECONDS = 0.2
LOG_LINES = 15


class StartError(PlatformError):
    """A service did not come up; the message has its name, reason, last log lines and log path."""


@dataclass(frozen=True)
class Started:
    """A service that is up, and how long that took from the start of its own first step."""

    name: str
    seconds: float


def start_all(
    supervisor: Supervisor, services: Iterable[Service], announce: Callable[[Started], None]
) -> list[Started]:
    """Bring all services up, calling `announce` for each. Raises the first error after all have ended."""
    wanted = {service.name: service for service in services}
    ready = {name: threading.Event() for name in wanted}
    failed = threading.Event()

    def bring_up(service: Service) -> Started | None:
        for need in service.needs:
            while need in ready and not ready[need].wait(POLL_SECONDS):
                if failed.is_set():
                    return None
        began = time.monotonic()
        try:
            _start(supervisor, service, failed)
        except Exception:
            failed.set()
            raise
        ready[service.name].set()
        started = Started(service.name, time.monotonic() - began)
        announce(started)
        return started

    with ThreadPoolExecutor(max_workers=max(len(wanted), 1)) as pool:
        futures = [pool.submit(bring_up, service) for service in wanted.values()]
    errors = [error for future in futures if (error := future.exception())]
    if errors:
        raise next((error for error in errors if not isinstance(error, _AbandonedError)), errors[0])
    return [started for future in futures if (started := future.result())]


def asked_for(names: Sequence[str], table: Mapping[str, Service], with_optional: bool) -> list[Service]:
    """What to start, with all that it needs: the named services or, without names, every service, the
    optional ones only `with_optional`. Raises StartError for an unknown name."""
    every = [name for name, service in table.items() if with_optional or not service.optional]
    return needed_by(names or every, table)


def needed_by(names: Iterable[str], table: Mapping[str, Service]) -> list[Service]:
    """The named services and all they need, in the table's order. Raises StartError for an unknown name."""
    wanted: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in table:
            raise StartError(f"there is no service {name!r}; there are: {', '.join(table)}")
        if name not in wanted:
            wanted.add(name)
            pending += table[name].needs
    return [service for service in table.values() if service.name in wanted]


class _AbandonedError(StartError):
    """Given up because another service failed."""


def _start(supervisor: Supervisor, service: Service, failed: threading.Event) -> None:
    service.prepare()
    for program in service.programs:
        supervisor.start(program.name)
    deadline = time.monotonic() + service.start_seconds
    while reason := _reason_not_ready(supervisor, service):
        if failed.is_set():
            raise _AbandonedError(f"{service.name}: given up, another service failed")
        if time.monotonic() > deadline:
            raise StartError(
                _report(supervisor, service, f"not healthy in {service.start_seconds:.0f} s: {reason}")
            )
        time.sleep(POLL_SECONDS)
    service.complete()


def _reason_not_ready(supervisor: Supervisor, service: Service) -> str | None:
    states = supervisor.states()
    for program in service.programs:
        state = states[program.name]
        if state.state in {"FATAL", "EXITED", "UNKNOWN"}:
            raise StartError(
                _report(supervisor, service, f"{program.name} ended ({state.explanation or state.state})")
            )
        if state.state != "RUNNING":
            return f"{program.name} is {state.state.lower()}"
    try:
        service.check()
    except NotReadyError as error:
        return str(error)
    return None


def _report(supervisor: Supervisor, service: Service, problem: str) -> str:
    states = supervisor.states()
    # The program in trouble if there is one, else the last: the one that serves.
    troubled = [p.name for p in service.programs if states[p.name].state != "RUNNING"]
    log = supervisor.log_file(troubled[0] if troubled else service.programs[-1].name)
    lines = log.read_text(errors="replace").splitlines()[-LOG_LINES:] if log.exists() else []
    return "\n".join([f"{service.name}: {problem}", *(f"  | {line}" for line in lines), f"  log: {log}"])
