"""Airbyte's low-code connector as a process. Its imports, 1.7 s of processor time, are paid for once.

The process belongs to this one: it is in its group, and ends when this one does.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil

from airbyte_engine.worker import low_code
from airbyte_engine.worker.low_code import ENDED
from airbyte_engine.worker.protocol import WorkerError

_connectors: dict[Path, Connector] = {}


def connector_of(executable: Path) -> Connector:
    """The process that runs that `source-declarative-manifest`; started, if none does."""
    if executable not in _connectors or not _connectors[executable].is_running:
        _connectors[executable] = Connector(executable)
    return _connectors[executable]


class Connector:
    """Runs one command after the other, each in a fork that has the connector's imports done."""

    def __init__(self, executable: Path) -> None:
        """`executable` is the program; its environment's Python is beside it."""
        program = Path(low_code.__file__).with_name("__main__.py")
        self._process = subprocess.Popen(
            [str(executable.with_name("python")), str(program), str(executable)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def run(self, arguments: Sequence[str], complaints: Path) -> Command:
        """Begin a command; its lines are read by iterating.

        Args:
            arguments: of the command line, the command first.
            complaints: the file that its stderr becomes.
        """
        return Command(self._process, arguments, complaints)


class Command:
    """A command's lines of output, once; after the last one `code` is its exit code."""

    def __init__(self, process: subprocess.Popen[str], arguments: Sequence[str], complaints: Path) -> None:
        self.code: int | None = None
        self._process = process
        self._line = json.dumps([list(arguments), str(complaints)]) + "\n"
        self._complaints = complaints

    def __iter__(self) -> Iterator[str]:
        """Raises WorkerError when the connector's process has no pipes or does not take the command."""
        if self._process.stdin is None or self._process.stdout is None:
            raise WorkerError("The connector has no output", "system_error")
        try:
            self._process.stdin.write(self._line)
            self._process.stdin.flush()
            for line in self._process.stdout:
                if line.startswith(ENDED):
                    self.code = int(line.removeprefix(ENDED))
                    return
                yield line
            self.code = self._process.wait()
        except BrokenPipeError:
            self.code = self._process.wait()
        finally:
            if self.code is None:
                self._kill()

    def last_words(self) -> str:
        """The last line of its stderr."""
        if not self._complaints.exists():
            return "no output"
        lines = self._complaints.read_text(encoding="utf-8", errors="replace").splitlines()
        return lines[-1].strip() if lines else "no output"

    def _kill(self) -> None:
        """Nobody reads the rest."""
        with contextlib.suppress(psutil.NoSuchProcess):
            forks = psutil.Process(self._process.pid).children(recursive=True)
            self._process.kill()
            for fork in forks:
                fork.kill()
        self._process.wait()
