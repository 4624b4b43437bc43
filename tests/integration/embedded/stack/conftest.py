"""A platform of its own per test module, on free ports, driven by its command as a user would."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
import pytest

from embedded.settings import DEFAULT_PORTS, HOST, ROOT
from testing.shell_variables import read_shell_variables

COMMAND_SECONDS = 180


@dataclass
class Stack:
    """One platform; `offset` moves all its ports."""

    state_dir: Path
    offset: int
    extra: dict[str, str] = field(default_factory=dict)
    _known: dict[int, dict[str, str]] = field(default_factory=dict)
    """The wire by offset: asking the command takes longer than most queries."""

    def command(
        self, *arguments: str, python: Sequence[str] = (sys.executable,)
    ) -> subprocess.CompletedProcess[str]:
        """`embedded.cli <arguments>` on this platform; both outputs are in stdout."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("LAKEHOUSE_")} | {
            # Whatever values somebody has in .env, they are not for tests.
            "LAKEHOUSE_ENV_FILE": os.devnull,
            "LAKEHOUSE_STATE_DIR": str(self.state_dir),
            "LAKEHOUSE_PORT_OFFSET": str(self.offset),
            **self.extra,
        }
        return subprocess.run(
            [*python, "-m", "embedded.cli", *arguments],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def must(self, *arguments: str) -> str:
        done = self.command(*arguments)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def wire(self) -> dict[str, str]:
        return read_shell_variables(self.must("env"))

    def port(self, name: str) -> int:
        return DEFAULT_PORTS[name] + self.offset

    def is_up(self, *port_names: str) -> bool:
        """Does something listen on each of these ports?"""
        return not any(_free(self.port(name)) for name in port_names)

    def connect(self, prefix: str) -> psycopg.Connection:
        if self.offset not in self._known:
            self._known[self.offset] = self.wire()
        wire = self._known[self.offset]
        return psycopg.connect(
            host=wire[f"{prefix}_PG_HOST"],
            port=int(wire[f"{prefix}_PG_PORT"]),
            dbname=wire[f"{prefix}_PG_DATABASE"],
            user=wire[f"{prefix}_PG_USER"],
            password=wire[f"{prefix}_PG_PASSWORD"],
            autocommit=True,
        )

    def processes(self) -> list[psutil.Process]:
        """Everything that mentions this state folder: supervisord and what it runs."""
        mine = str(self.state_dir)
        found = []
        for process in psutil.process_iter():
            try:
                told = [*process.cmdline(), process.environ().get("LAKEHOUSE_STATE_DIR", "")]
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
            if process.pid != os.getpid() and any(mine in text for text in told):
                found.append(process)
        return found

    def supervisor(self) -> psutil.Process:
        """The platform's supervisord."""
        [found] = [
            p for p in self.processes() if any(w.endswith("/stack/supervisord.py") for w in p.cmdline())
        ]
        return found

    def daemon(self, program: str) -> psutil.Process:
        """A process in a session of its own, as a task of this program may leave one, without its parent."""
        marks = {"LAKEHOUSE_PROGRAM": program, "LAKEHOUSE_STATE_DIR": str(self.state_dir)}
        waiting = "import signal; signal.pause()"
        leave = (
            "import subprocess, sys; print(subprocess.Popen("
            f"[sys.executable, '-c', {waiting!r}], start_new_session=True, "
            "stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).pid)"
        )
        done = subprocess.run(
            [sys.executable, "-c", leave], env=os.environ | marks, capture_output=True, text=True, check=True
        )
        return psutil.Process(int(done.stdout))

    def listener(self, port_name: str) -> int:
        """The pid that listens on a port of this platform."""
        port = self.port(port_name)
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return connection.pid
        raise AssertionError(f"nothing listens on {port_name}")


def free_offset() -> int:
    """An offset at which every port of a platform is free now."""
    for offset in range(3100, 5000, 150):
        if all(_free(port + offset) for port in DEFAULT_PORTS.values()):
            return offset
    raise AssertionError("no room for a platform between offsets 3100 and 5000")


def _free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) != 0


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A platform that is down; whatever a test leaves running is stopped after the module."""
    # pytest's folders have mode 700: as root this is also the test that PostgreSQL, which drops its
    # rights, can live below a folder that only root may enter.
    platform = Stack(tmp_path_factory.mktemp("platform") / "state", free_offset())
    yield platform
    platform.command("down")
