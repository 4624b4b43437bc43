"""What client, parent and forked process say to each other over a unix socket.

    client -> forked process   the invocation, and the client's streams as file descriptors
    parent -> client           the forked process: its pid, and a descriptor that stays the same process
    parent -> client           how it ended, as `waitpid` says it

End of file instead of an answer means that the other side has ended. An invocation is sent as its parts with
a zero byte between them, which none of them can hold: `json` would cost the client more than all the rest.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence

STREAMS = (0, 1, 2)
"""Standard input, output and error: passed as they are, so that a terminal stays a terminal."""

_NOTHING_STARTED = "it ended before it started anything"
_NUMBER_BYTES = 4


class Invocation:
    """What a dbt process is made of, besides its streams."""

    def __init__(
        self, arguments: Sequence[str], folder: str, environment: Mapping[str, str], umask: int
    ) -> None:
        self.arguments = list(arguments)
        self.folder = folder
        self.environment = dict(environment)
        self.umask = umask


def send_invocation(connection: socket.socket, invocation: Invocation) -> None:
    """Send the invocation and this process's streams. A stream that is closed is passed as /dev/null.

    Raises:
        EOFError: the parent ended before it released a process: nothing was run.
    """
    parts = [str(invocation.umask), invocation.folder, str(len(invocation.arguments)), *invocation.arguments]
    parts += [f"{name}={value}" for name, value in invocation.environment.items()]
    body = os.fsencode("\0".join(parts))
    nothing = os.open(os.devnull, os.O_RDWR)
    try:
        streams = [stream if _is_open(stream) else nothing for stream in STREAMS]
        socket.send_fds(connection, [_number(len(body))], streams)
        connection.sendall(body)
    except ConnectionError:
        raise EOFError(_NOTHING_STARTED) from None
    finally:
        os.close(nothing)


def receive_invocation(connection: socket.socket) -> tuple[Invocation, list[int]]:
    """The invocation, and the client's streams as descriptors of this process.

    Raises:
        EOFError: the client ended before it had said everything.
    """
    head, streams, _, _ = socket.recv_fds(connection, _NUMBER_BYTES, len(STREAMS))
    if len(head) < _NUMBER_BYTES or len(streams) != len(STREAMS):
        raise EOFError("the client ended before it sent its invocation")
    body = os.fsdecode(_exactly(connection, int.from_bytes(head, "big")))
    umask, folder, count, *rest = body.split("\0")
    arguments, variables = rest[: int(count)], rest[int(count) :]
    environment = dict(variable.split("=", 1) for variable in variables)
    return Invocation(arguments, folder, environment, int(umask)), list(streams)


def send_started(connection: socket.socket, pid: int, process: int) -> None:
    """Say which process answers the connection; `process` is its pidfd.

    Raises:
        OSError: the client has ended.
    """
    socket.send_fds(connection, [_number(pid)], [process], socket.MSG_NOSIGNAL)


def receive_started(connection: socket.socket) -> tuple[int, int]:
    """Pid and pidfd of the process that answers.

    Raises:
        EOFError: the parent ended before it released a process: nothing was run.
    """
    try:
        head, processes, _, _ = socket.recv_fds(connection, _NUMBER_BYTES, 1)
    except ConnectionError:  # it ended with a part of the invocation unread
        raise EOFError(_NOTHING_STARTED) from None
    if len(head) < _NUMBER_BYTES or not processes:
        raise EOFError(_NOTHING_STARTED)
    return int.from_bytes(head, "big"), processes[0]


def send_ended(connection: socket.socket, status: int) -> None:
    """Say how the process ended. Raises OSError when the client has ended."""
    connection.sendall(_number(status), socket.MSG_NOSIGNAL)


def receive_ended(connection: socket.socket) -> int:
    """The wait status of the process.

    Raises:
        EOFError: the parent ended first, so nobody knows.
    """
    return int.from_bytes(_exactly(connection, _NUMBER_BYTES), "big")


def _number(value: int) -> bytes:
    return value.to_bytes(_NUMBER_BYTES, "big")


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        try:
            part = connection.recv(min(size, 1 << 20))
        except ConnectionError:
            part = b""
        if not part:
            raise EOFError("the other side ended")
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
