"""What must hold before anything starts; every failure is one line that says what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import psutil

from embedded.settings import Settings
from embedded.stack.processes import holder_of, port_is_free
from embedded.stack.service import Service

NEEDED_DISK_BYTES = 5 * 2**30
"""State of a few nights at a million orders, logs included, with room to spare. LAKEHOUSE_NEEDED_DISK_GIB
overrides it."""

NEEDED_MEMORY_BYTES = 5 * 2**30
"""The whole platform at rest plus a night; below this the machine would start to swap."""

NEEDED_ENVS = ("airflow", "connectors", "dbt", "embedded", "superset")


class PreflightError(Exception):
    """The machine is not ready; `problems` are one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def check_machine(settings: Settings, services: Iterable[Service]) -> None:
    """Raises PreflightError naming everything that stands in the way of starting `services`."""
    problems = [
        *_missing_envs(settings),
        *_unusable_state(settings.state_dir),
        *_little_memory(),
        *(problem for service in services for problem in _ports_in_use(settings, service)),
    ]
    if problems:
        raise PreflightError(problems)


def _missing_envs(settings: Settings) -> list[str]:
    missing = [name for name in NEEDED_ENVS if not settings.python(name).exists()]
    return [f"environments not built: {', '.join(missing)}. Run `make setup`"] if missing else []


def _unusable_state(folder: Path) -> list[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [f"cannot create {folder}: {error.strerror}. Set LAKEHOUSE_STATE_DIR to a folder you own"]
    free = shutil.disk_usage(folder).free
    needed = _needed_disk_bytes()
    if free < needed:
        return [
            f"only {free / 2**30:.1f} GiB free in {folder}, {needed / 2**30:g} GiB needed: "
            "free some or set LAKEHOUSE_STATE_DIR"
        ]
    return _lacks_attributes(folder)


def _needed_disk_bytes() -> float:
    value = os.environ.get("LAKEHOUSE_NEEDED_DISK_GIB", "").strip()
    try:
        return float(value) * 2**30 if value else NEEDED_DISK_BYTES
    except ValueError:
        raise PreflightError([f"LAKEHOUSE_NEEDED_DISK_GIB={value!r} is not a number"]) from None


def _lacks_attributes(folder: Path) -> list[str]:
    """Swift keeps an object's metadata in extended attributes; some tmpfs and network folders have none."""
    probe = folder / ".attributes"
    try:
        probe.touch()
        os.setxattr(probe, "user.swift.probe", b"1")
    except OSError as error:
        return [
            f"{folder} cannot hold the object store ({error.strerror}): "
            "set LAKEHOUSE_STATE_DIR to a local disk"
        ]
    finally:
        probe.unlink(missing_ok=True)
    return []


def _little_memory() -> list[str]:
    available = psutil.virtual_memory().available
    if available >= NEEDED_MEMORY_BYTES:
        return []
    need = f"{NEEDED_MEMORY_BYTES / 2**30:.0f} GiB"
    return [f"only {available / 2**30:.1f} GiB of memory available, {need} needed: stop something first"]


def _ports_in_use(settings: Settings, service: Service) -> list[str]:
    problems = []
    for name in service.ports:
        port = settings.port(name)
        if port_is_free(port):
            continue
        holder = holder_of(port)
        who = f"pid {holder.pid} ({holder.command})" if holder.pid else holder.command
        problems.append(
            f"port {port} ({service.name}) is in use by {who}: stop it, move this port with "
            f"LAKEHOUSE_PORT_{name}=<port>, or all of them with LAKEHOUSE_PORT_OFFSET=<number>"
        )
    return problems
