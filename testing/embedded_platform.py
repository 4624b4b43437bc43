"""Some services of the embedded platform for a session of tests, in a folder and on ports of their own.

Used by the tests of both environments, so it needs the standard library only; the services run in theirs.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
PYTHON: Final = ROOT / ".local" / "envs" / "embedded" / "bin" / "python"
PORTS: Final = (
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
UP_SECONDS: Final = 300
FIRST_PORT: Final = 22_000
BLOCK_SIZE: Final = 120
BLOCKS: Final = 80


class EmbeddedPlatform:
    """A platform that nothing else uses. Each test session has one per room, beside any that is up."""

    def __init__(self, room: str) -> None:
        # Not pytest's folder, which only its owner may enter: PostgreSQL may run as another user.
        self.folder = Path(tempfile.mkdtemp(prefix=f"lakehouse-{room}-"))
        self.folder.chmod(0o755)
        self._own = {
            "PYTHONPATH": str(ROOT),
            "LAKEHOUSE_STATE_DIR": str(self.folder / "state"),
            "LAKEHOUSE_RECEIPTS_DIR": str(self.folder / "receipts"),
        } | {
            f"LAKEHOUSE_PORT_{name}": str(port)
            for name, port in zip(PORTS, free_ports(len(PORTS)), strict=True)
        }
        self.wire: dict[str, str] = {}
        """Addresses, users and passwords, as the platform exports them; empty until it is up."""

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a process that belongs to this platform."""
        return os.environ | self._own | self.wire

    def up(self, *services: str) -> None:
        """Start the services and those they need, healthy when this returns."""
        self._command("up", *services)
        printed = self._command("env").splitlines()
        self.wire = dict(line.split("=", 1) for line in printed if "=" in line)

    def down(self) -> None:
        """Stop everything and delete its state."""
        self._command("down")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _command(self, *arguments: str) -> str:
        done = subprocess.run(
            [PYTHON, "-m", "embedded.cli", *arguments],
            cwd=ROOT,
            env=os.environ | self._own,
            capture_output=True,
            text=True,
            timeout=UP_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nothing listens on now, all different.

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
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
