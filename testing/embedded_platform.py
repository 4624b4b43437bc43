"""Some services of the embedded platform for a session of tests, in a folder and on ports of their own.

Tests of both environments use it, so it needs only the standard library; the services run in their own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from testing.ports import free_platform_ports, port_variables
from testing.repository import PYTHON, ROOT
from testing.shell_variables import read_shell_variables

UP_SECONDS: Final = 600
"""Passed only by a start that hangs, on a busy machine too."""


class EmbeddedPlatform:
    """A platform that nothing else uses, beside any other that is up; its folder carries the name."""

    def __init__(self, name: str) -> None:
        # Not pytest's folder, which only its owner may enter: PostgreSQL may run as another user.
        self.folder = Path(tempfile.mkdtemp(prefix=f"lakehouse-{name}-"))
        self.folder.chmod(0o755)
        self._own = {
            # The engines of this checkout, also where its environments are another's.
            "PYTHONPATH": os.pathsep.join(map(str, [ROOT, *sorted(ROOT.glob("packages/*/src"))])),
            # Whatever values somebody has in .env, they are not for tests.
            "LAKEHOUSE_ENV_FILE": os.devnull,
            "LAKEHOUSE_STATE_DIR": str(self.folder / "state"),
            "LAKEHOUSE_RECEIPTS_DIR": str(self.folder / "receipts"),
            "OBSERVE": "0",
        } | port_variables(free_platform_ports())
        self._started: set[str] = set()
        self.wire: dict[str, str] = {}
        """Addresses, users and passwords, as the platform exports them; empty until it is up."""

    @property
    def environ(self) -> dict[str, str]:
        """The environment of a process that belongs to this platform."""
        return os.environ | self._own | self.wire

    def up(self, *services: str) -> None:
        """Start the services and those they need; healthy when this returns."""
        if self._started.issuperset(services):
            return
        self._command("up", *services)
        self._started.update(services)
        if not self.wire:
            self.wire = read_shell_variables(self._command("env"))

    def stop(self, *services: str) -> None:
        """Stop these services; the others go on."""
        self._command("down", *services)
        self._started.difference_update(services)

    def down(self) -> None:
        """Stop everything, whoever started it, and delete its state."""
        if (self.folder / "state").exists():
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
