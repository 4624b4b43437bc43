"""Ports of this machine that nothing listens on."""

from __future__ import annotations

import os
import random
import socket
from typing import Final

HOST: Final = "127.0.0.1"
FIRST_PORT: Final = 22_000
BLOCK_SIZE: Final = 60
BLOCKS: Final = 160
PLATFORM: Final = (
    "POSTGRES",
    "S3",
    "SWIFT_OBJECT",
    "SWIFT_CONTAINER",
    "SWIFT_ACCOUNT",
    "SHOP",
    "AIRBYTE",
    "DREMIO",
    "DREMIO_FLIGHT",
    "SUPERSET",
    "AIRFLOW",
    "ELASTICSEARCH",
    "ELASTICSEARCH_TRANSPORT",
    "PROMETHEUS",
    "ALERTMANAGER",
    "OBSERVER",
)
"""What the ports of a platform are for: LAKEHOUSE_PORT_<name> is each one's variable."""


_left: list[int] = []
"""Ports of this process's blocks that have not been given yet."""
_locks: list[socket.socket] = []


def free_platform_ports() -> dict[str, int]:
    """A free port for each of `PLATFORM`."""
    return dict(zip(PLATFORM, free_ports(len(PLATFORM)), strict=True))


def port_variables(ports: dict[str, int]) -> dict[str, str]:
    """The environment variables that give a platform these ports."""
    return {f"LAKEHOUSE_PORT_{name}": str(port) for name, port in ports.items()}


def free_ports(count: int) -> list[int]:
    """Ports that are free now, all different, and that no test of this machine has been given.

    Below the range that outgoing connections take their ports from: one of those could hold a port between
    this look and the service's start. That may be minutes later, so a port is given once only.
    """
    found: list[int] = []
    while len(found) < count:
        if not _left:
            _left.extend(_block())
        if _is_free(port := _left.pop()):
            found.append(port)
    return found


def _block() -> list[int]:
    """The ports of a block that no other test process has, in any order."""
    start = os.getpid()
    for number in (number % BLOCKS for number in range(start, start + BLOCKS)):
        # A name that only one socket can have, which goes with the process; there is no file to leave behind.
        lock = socket.socket(socket.AF_UNIX)
        try:
            lock.bind(f"\0lakehouse-test-ports-{number}")
        except OSError:
            lock.close()
            continue
        _locks.append(lock)
        first = FIRST_PORT + number * BLOCK_SIZE
        return random.sample(range(first, first + BLOCK_SIZE), BLOCK_SIZE)
    raise RuntimeError(f"other tests have all {BLOCKS} blocks of ports from {FIRST_PORT} on")


def _is_free(port: int) -> bool:
    """Can a service listen on it now?"""
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
