"""supervisord: its configuration, its start and the calls made to it over its unix socket."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import xmlrpc.client
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embedded.errors import PlatformError
from embedded.settings import ROOT, Settings
from embedded.stack.environment import base_environment
from embedded.stack.private_files import write_private
from embedded.stack.processes import mark
from embedded.stack.record import write_record
from embedded.stack.service import Program, Service

PROGRAM = Path(__file__).with_name("supervisord.py")

SOCKET_PATH_LIMIT = 90
"""A unix socket's path holds 107 bytes, and supervisord first binds `<path>.<pid>`."""

ANSWER_SECONDS = 10.0
FROZEN_SECONDS = 30.0
"""A supervisord that does not answer a call for so long is not waited for: `down` then ends it by force."""


class SupervisorError(PlatformError):
    """supervisord did not start, or does not answer; the message says where its log is."""


@dataclass(frozen=True)
class ProgramState:
    """What supervisord says of a program; `pid` is 0 unless it runs."""

    name: str
    state: str
    pid: int
    started: float
    explanation: str


class Supervisor:
    """The supervisord of one platform."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = settings.run_dir
        self.config = self._folder / "supervisord.conf"
        self.log = settings.logs_dir / "supervisord.log"
        self.socket = socket_path(settings)

    def running(self) -> bool:
        try:
            self._call("supervisor.getState")
        except SupervisorError:
            return False
        return True

    def pid(self) -> int:
        return int(self._call("supervisor.getPID"))

    def apply(self, services: Iterable[Service], environment: Mapping[str, str]) -> None:
        """Make supervisord run with exactly these services' programs known; none is started or stopped by
        it, but a program whose definition changed is stopped and comes back with the new one."""
        known = list(services)
        self._write([program for service in known for program in service.programs], environment)
        write_record(self._folder, known)
        if not self.running():
            self._start()
            return
        added, changed, removed = self._call("supervisor.reloadConfig")[0]
        for name in (*changed, *removed):
            self._call("supervisor.stopProcessGroup", name)
            self._call("supervisor.removeProcessGroup", name)
        for name in (*added, *changed):
            self._call("supervisor.addProcessGroup", name)

    def start(self, program: str) -> None:
        if self.states()[program].state not in {"RUNNING", "STARTING"}:
            self._call("supervisor.startProcess", program, False)

    def stop(self, program: str) -> None:
        if self.states()[program].state in {"RUNNING", "STARTING", "BACKOFF"}:
            self._call("supervisor.stopProcess", program, False)

    def states(self) -> dict[str, ProgramState]:
        return {
            info["name"]: ProgramState(
                info["name"], info["statename"], info["pid"], float(info["start"]), info["spawnerr"]
            )
            for info in self._call("supervisor.getAllProcessInfo")
        }

    def shutdown(self) -> None:
        self._call("supervisor.shutdown")

    def forget(self) -> None:
        """Once it has stopped: remove the socket's folder where that is outside the state."""
        if self.socket.parent != self._folder:
            shutil.rmtree(self.socket.parent, ignore_errors=True)

    def log_file(self, program: str) -> Path:
        return self._settings.logs_dir / f"{program}.log"

    def _call(self, method: str, *arguments: Any) -> Any:
        """Raises SupervisorError when there is no answer, or a refusal."""
        transport = _UnixTransport(self.socket)
        proxy = xmlrpc.client.ServerProxy("http://supervisord", transport=transport)
        try:
            return getattr(proxy, method)(*arguments)
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
            raise SupervisorError(f"supervisord: {method} failed ({error}); its log: {self.log}") from error
        finally:
            transport.close()

    def _start(self) -> None:
        self.socket.parent.mkdir(mode=0o700, exist_ok=True)
        self.socket.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-I", str(PROGRAM), "-c", self.config.name],
            cwd=self._folder,
            env=base_environment(self._settings) | mark("supervisord", self._settings.state_dir),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        deadline = time.monotonic() + ANSWER_SECONDS
        while not self.running():
            if done.returncode != 0 or time.monotonic() > deadline:
                raise SupervisorError(f"supervisord did not start: {done.stderr.strip()} (log: {self.log})")
            time.sleep(0.05)

    def _write(self, programs: list[Program], environment: Mapping[str, str]) -> None:
        specifications = self._folder / "programs"
        specifications.mkdir(parents=True, exist_ok=True)
        self._settings.logs_dir.mkdir(parents=True, exist_ok=True)
        self._settings.home_dir.mkdir(mode=0o700, exist_ok=True)
        prints = {}
        for program in programs:
            text = specification(program, environment, self._settings)
            prints[program.name] = hashlib.sha256(text.encode()).hexdigest()[:16]
            write_private(specifications / f"{program.name}.json", text)
        write_private(self.config, render(self._settings, programs, prints, self.socket))


class _UnixTransport(xmlrpc.client.Transport):
    """XML-RPC over a unix socket, with a time limit; supervisor's own transport is not always installed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: tuple[str, dict[str, str]] | str) -> http.client.HTTPConnection:
        return _UnixConnection(self._path)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("supervisord", timeout=FROZEN_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(os.fspath(self._path))


def socket_path(settings: Settings) -> Path:
    """The socket beside the configuration or, where that path is too long, in a short private folder."""
    path = settings.run_dir / "supervisor.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
        return path
    digest = hashlib.sha256(os.fsencode(settings.state_dir)).hexdigest()[:12]
    folder = Path(tempfile.gettempdir()) / f"lakehouse-{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise SupervisorError(f"{folder} belongs to another user; remove it or set TMPDIR")
    return folder / "supervisor.sock"


def specification(program: Program, environment: Mapping[str, str], settings: Settings) -> str:
    """What `launch.py` needs to become the program, as JSON."""
    own = dict(program.environment()) | {"PYTHONUNBUFFERED": "1"} | mark(program.name, settings.state_dir)
    whole = base_environment(settings) | dict(environment) | own
    content = {
        "argv": list(program.argv),
        "environment": whole,
        "folder": str(ROOT),
        "nice": program.nice,
    }
    return json.dumps(content, indent=1, sort_keys=True)


def render(settings: Settings, programs: Iterable[Program], prints: Mapping[str, str], socket: Path) -> str:
    """supervisord.conf: every program known, none started by itself; `prints` tell a changed program."""
    # Relative to the folder supervisord is started in: it expands the percent signs of a log's path twice.
    logs = Path("..") / settings.logs_dir.name
    launcher = [sys.executable, "-I", str(ROOT / "embedded" / "stack" / "launch.py")]
    sections: dict[str, dict[str, object]] = {
        "unix_http_server": {
            "file": socket.name if socket.parent == settings.run_dir else socket,
            "chmod": "0700",
        },
        "supervisord": {
            "logfile": logs / "supervisord.log",
            "logfile_maxbytes": "5MB",
            "logfile_backups": 2,
            "pidfile": "supervisord.pid",
            "childlogdir": logs,
            "umask": "022",
            "strip_ansi": "false",
            **({"user": "root"} if os.getuid() == 0 else {}),
        },
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"
        },
    }
    for program in programs:
        specified = settings.run_dir / "programs" / f"{program.name}.json"
        sections[f"program:{program.name}"] = {
            "command": shlex.join([*launcher, str(specified), prints[program.name]]),
            "autostart": "false",
            "autorestart": "true",
            "startsecs": 1,
            "startretries": 3,
            "stopsignal": program.stop_signal,
            "stopwaitsecs": program.stop_seconds,
            "stopasgroup": str(program.signal_whole_group).lower(),
            "killasgroup": str(program.signal_whole_group).lower(),
            "redirect_stderr": "true",
            "stdout_logfile": logs / f"{program.name}.log",
            "stdout_logfile_maxbytes": "20MB",
            "stdout_logfile_backups": 2,
        }
    lines = []
    for name, values in sections.items():
        lines.append(f"[{name}]")
        lines += [f"{key}={str(value).replace('%', '%%')}" for key, value in values.items()]
        lines.append("")
    return "\n".join(lines)
