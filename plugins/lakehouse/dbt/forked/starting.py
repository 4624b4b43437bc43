"""A connection to the parent for these versions and this environment; starts the parent where there is none.

The client listens on the socket itself and hands it to the parent that it starts: whoever connects waits in
the socket's queue while the parent imports dbt, and nobody polls for a file to appear.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from lakehouse.dbt.forked.fingerprint import environment_at_import, fingerprint
from lakehouse.dbt.forked.place import private_folder, short_name

PROGRAM = "dbt-parent"
"""The parent's LAKEHOUSE_PROGRAM where the client has none: by it a platform knows what is its own.

A task's client has its service's, and so that service's end is the parent's."""

_PASSED_ON = (
    "LAKEHOUSE_DBT_IDLE_SECONDS",
    "LAKEHOUSE_DBT_MOST_RUNS",
    "LAKEHOUSE_DBT_WARMED",
    "LAKEHOUSE_PROGRAM",
    "LAKEHOUSE_STATE_DIR",
    "LOGNAME",
    "PATH",
    "TMPDIR",
    "USER",
)
"""Nothing else, and so no secret, of the first client's environment stays with the parent."""

_QUEUE = 128


def connect(dbt_environment: str, environment: Mapping[str, str]) -> socket.socket:
    """A connection that the parent has taken or will take.

    Raises:
        PlaceError: there is no folder for the socket.
        OSError: there is no dbt environment, or the parent cannot be started.
    """
    name = fingerprint(dbt_environment, environment)
    path = private_folder(environment)
    folder = os.open(path, os.O_PATH | os.O_DIRECTORY)
    try:
        address = short_name(folder, f"{name}.sock")
        connection = _connected(address)
        if connection is None:
            with _lock(os.path.join(path, f"{name}.lock")):
                connection = _connected(address) or _started(
                    dbt_environment, environment, path, name, address
                )
        return connection
    finally:
        os.close(folder)


def _connected(address: str) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(address)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    return connection


def _started(
    dbt_environment: str, environment: Mapping[str, str], folder: str, name: str, address: str
) -> socket.socket:
    """Replace a socket that nobody listens on any more, and start a parent that does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        path = os.path.join(folder, f"{name}.sock")
        if os.path.lexists(path):
            os.unlink(path)
        listener.bind(address)
        listener.listen(_QUEUE)
        log = os.open(os.path.join(folder, f"{name}.log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            _start(dbt_environment, environment, listener.fileno(), path, log)
        finally:
            os.close(log)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(address)
        return connection


def _start(dbt_environment: str, environment: Mapping[str, str], listener: int, path: str, log: int) -> None:
    """Start the parent in a session of its own: what stops the client's group leaves it alone."""
    own = environment_at_import(environment) | {
        name: environment[name] for name in _PASSED_ON if name in environment
    }
    python = os.path.join(dbt_environment, "bin", "python")
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "parent.py")
    import subprocess  # once a night; not for every model

    subprocess.Popen(  # nobody waits for it: it outlives this process
        [python, "-P", program, str(listener), path],
        cwd="/",
        env={"LAKEHOUSE_PROGRAM": PROGRAM} | own,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        pass_fds=(listener,),
        start_new_session=True,
        umask=0o077,
    )


@contextmanager
def _lock(path: str) -> Iterator[None]:
    """One client at a time starts a parent; the others then find it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
