"""Who holds a port of this machine."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass

import psutil

from embedded.settings import HOST


@dataclass(frozen=True)
class Holder:
    """The process that listens on a port; `pid` is None when only its owner or root may see it."""

    pid: int | None
    command: str


def port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        # A port whose last connections are still in TIME_WAIT is free to listen on.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def holder_of(port: int) -> Holder:
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
            with contextlib.suppress(psutil.Error, OSError):
                words = psutil.Process(connection.pid).cmdline()
                return Holder(connection.pid, " ".join(words)[:120] or "a process without a command line")
    return Holder(None, "a process of another user")
