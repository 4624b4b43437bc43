"""What the stack has to know about a service: plain data and a few callables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from embedded.errors import PlatformError


class NotReadyError(Exception):
    """The service does not answer as it should yet; the message says what it answered."""


class PreparationError(PlatformError):
    """A first-start step failed for good; the message says which, why, and where to read more."""


def nothing() -> None:
    """The step of a service that needs none."""


def no_obstacles() -> list[str]:
    """Of a service that runs on any machine."""
    return []


OBSERVER_NICE = 10
"""Of what only watches: a night does not wait for it."""


@dataclass(frozen=True)
class Program:
    """One process that supervisord keeps alive. `name` is also the name of its log file."""

    name: str
    argv: tuple[str, ...]
    environment: Callable[[], Mapping[str, str]] = dict
    """Asked for when the program is to be started, so that a command that starts nothing does not pay it."""
    stop_signal: str = "TERM"
    stop_seconds: int = 10
    signal_whole_group: bool = True
    """Stop and kill the children too; a program that must stop its own says False."""
    nice: int = 0
    """0 to 19: how far it gives way to the others when processors are short."""


@dataclass(frozen=True)
class Service:
    """A service of the platform: one or more programs that are up or down together.

    `obstacles` are what must change on this machine before anything is started, one line each;
    `prepare` runs before the programs start and when everything in `needs` is ready;
    `check` returns when the service is healthy and raises NotReadyError while it is not;
    `complete` runs once healthy and before those who need it. All are safe to repeat.
    """

    name: str
    title: str
    address: str
    ports: tuple[str, ...]
    programs: tuple[Program, ...]
    check: Callable[[], None]
    needs: tuple[str, ...] = ()
    obstacles: Callable[[], list[str]] = no_obstacles
    prepare: Callable[[], None] = nothing
    complete: Callable[[], None] = nothing
    start_seconds: float = 60.0
    optional: bool = False
    """Started only when it is asked for: by name, because another needs it, or with all optional ones."""
