"""What must hold before anything starts; every failure is one line that says what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from embedded.errors import PlatformError
from embedded.settings import Settings
from embedded.stack.ports import holder_of, port_is_free
from embedded.stack.service import Service


class PreflightError(PlatformError):
    """The machine is not ready; `problems` are one line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Needs:
    """What a platform needs of a machine: environments by name, and free disk and memory."""

    environments: tuple[str, ...]
    disk_bytes: int
    """LAKEHOUSE_NEEDED_DISK_GIB overrides it."""
    memory_bytes: int


def check_machine(settings: Settings, needs: Needs, services: Iterable[Service]) -> None:
    """Raises PreflightError naming everything that stands in the way of starting `services`."""
    idle = list(services)
    unusable = _unusable_state(settings.state_dir, needs.disk_bytes)
    problems = [
        *_missing_envs(settings, needs.environments),
        *unusable,
        *_little_memory(needs.memory_bytes),
        *(problem for service in idle if not unusable for problem in service.obstacles()),
        *(problem for service in idle for problem in _ports_in_use(settings, service)),
    ]
    if problems:
        raise PreflightError(problems)


def _missing_envs(settings: Settings, names: Iterable[str]) -> list[str]:
    missing = [name for name in names if not settings.python(name).exists()]
    return [f"environments not built: {', '.join(missing)}. Run `make setup`"] if missing else []


def _unusable_state(folder: Path, disk_bytes: int) -> list[str]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return [f"cannot create {folder}: {error.strerror}. Set LAKEHOUSE_STATE_DIR to a folder you own"]
    free = shutil.disk_usage(folder).free
    needed = _needed_disk_bytes(disk_bytes)
    if free < needed:
        return [
            f"only {free / 2**30:.1f} GiB free in {folder}, {needed / 2**30:g} GiB needed: "
            "free some or set LAKEHOUSE_STATE_DIR"
        ]
    return []


def _needed_disk_bytes(default: int) -> float:
    value = os.environ.get("LAKEHOUSE_NEEDED_DISK_GIB", "").strip()
    try:
        return float(value) * 2**30 if value else default
    except ValueError:
        raise PreflightError([f"LAKEHOUSE_NEEDED_DISK_GIB={value!r} is not a number"]) from None


def _little_memory(memory_bytes: int) -> list[str]:
    available = psutil.virtual_memory().available
    if available >= memory_bytes:
        return []
    need = f"{memory_bytes / 2**30:.0f} GiB"
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
