"""In the forked process: become the client's dbt, run it, and end as plain dbt would have ended."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import io
import os
import signal
import socket
import sys
import threading
import time
import traceback
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from lakehouse.dbt.forked import artifacts
from lakehouse.dbt.forked.dremio_adapter import interrupt
from lakehouse.dbt.forked.protocol import STREAMS, Invocation, receive_invocation

_PR_SET_PDEATHSIG: Final = 1
"""prctl(2)"""

_FAULT: Final = 2
"""dbt's exit code for an error that is not the project's."""


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, told to dbt as Ctrl-C is: it cancels its jobs before it ends."""


def run(connection: socket.socket, gate: int, parent: int) -> NoReturn:
    """Run what the client asks for, once the parent has opened the gate. Never returns."""
    code = _FAULT
    try:
        code = _run(connection, gate, parent)
    except BaseException:  # noqa: BLE001  the process ends here, and says why
        traceback.print_exc()
    finally:
        os._exit(code)


def _run(connection: socket.socket, gate: int, parent: int) -> int:
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Until dbt runs, these end the process, as they do with every other.
        signal.signal(number, signal.SIG_DFL)
    _end_with(parent)
    if not os.read(gate, 1):
        return _FAULT
    os.close(gate)
    invocation, streams = receive_invocation(connection)
    connection.close()
    _become(invocation, streams)
    artifacts.apply_settings(os.environ)
    received: list[int] = []
    _take_signals(received)
    code = _FAULT
    try:
        code = _dbt()
    except KeyboardInterrupt:
        received = received or [signal.SIGINT]
    finally:
        _finish()
    if received:
        _end_by(received[0])
    return code


def _end_with(parent: int) -> None:
    """Be interrupted when the parent is killed: nobody could say any more how this run ended."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(_FAULT)


def _become(invocation: Invocation, streams: list[int]) -> None:
    os.umask(invocation.umask)
    os.environ.clear()
    os.environ.update(invocation.environment)
    time.tzset()
    for number, stream in zip(STREAMS, streams, strict=True):
        os.dup2(stream, number, inheritable=True)
        os.close(stream)
    sys.stdin = io.TextIOWrapper(
        io.BufferedReader(io.FileIO(0, closefd=False)), encoding=sys.stdin.encoding, errors=sys.stdin.errors
    )
    sys.stdout = _writer(1, sys.stdout.encoding, sys.stdout.errors or "strict")
    sys.stderr = _writer(2, sys.stderr.encoding, "backslashreplace")
    sys.argv = [str(Path(sys.prefix) / "bin" / "dbt"), *invocation.arguments]
    os.chdir(invocation.folder)


def _writer(number: int, encoding: str, errors: str) -> io.TextIOWrapper:
    """A standard stream as the interpreter makes it: by line on a terminal and for errors, else by block."""
    at_once = bool(os.environ.get("PYTHONUNBUFFERED"))
    raw = io.FileIO(number, "w", closefd=False)
    buffer = io.BufferedWriter(raw)
    return io.TextIOWrapper(
        buffer,
        encoding=encoding,
        errors=errors,
        line_buffering=number == 2 or raw.isatty(),
        write_through=at_once,
    )


def _take_signals(received: list[int]) -> None:
    def end(number: int, _: FrameType | None) -> None:
        interrupt()
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        received.append(number)
        raise Terminated

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


def _dbt() -> int:
    """dbt's command line; its exit code."""
    from dbt.cli.main import cli

    try:
        cli()
    except SystemExit as end:
        if end.code is None:
            return 0
        if isinstance(end.code, int):
            return end.code
        print(end.code, file=sys.stderr)
        return 1
    return 0


def _finish() -> None:
    """What the interpreter does at its end, short of taking every object apart."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more
            stream.flush()


def _end_by(number: int) -> NoReturn:
    """End by the signal, as a process does that knows nothing of it."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)
    os._exit(128 + number)
