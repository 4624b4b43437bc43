"""Ports of this machine that nothing listens on."""

from __future__ import annotations

import os
import random
import socket
from typing import Final

HOST: Final = "127.0.0.1"
FIRST_PORT: Final = 22_000
BLOCK_SIZE: Final = 120
BLOCKS: Final = 80
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
)
"""What the ports of a platform are for: LAKEHOUSE_PORT_<name> is each one's variable."""


def free_platform_ports() -> dict[str, int]:
    """A free port for each of `PLATFORM`."""
    return dict(zip(PLATFORM, free_ports(len(PLATFORM)), strict=True))


def port_variables(ports: dict[str, int]) -> dict[str, str]:
    """The environment variables that give a platform these ports."""
    return {f"LAKEHOUSE_PORT_{name}": str(port) for name, port in ports.items()}


def free_ports(count: int) -> list[int]:
    """Ports that are free now, all different.

    Below the range that outgoing connections take their ports from: one of those could hold a port between
    this look and the service's start. Each test process looks in a block of its own.
    """
    first = FIRST_PORT + os.getpid() % BLOCKS * BLOCK_SIZE
    block = list(range(first, first + BLOCK_SIZE))
    random.shuffle(block)
    found = [port for port in block if _is_free(port)][:count]
    assert len(found) == count, f"no {count} free ports in {first}-{first + BLOCK_SIZE - 1}"
    return found


def _is_free(port: int) -> bool:
    """Can a service listen on it now?"""
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
