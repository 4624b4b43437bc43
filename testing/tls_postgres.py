"""TLS in front of a PostgreSQL that was built without it, as the one of the embedded platform was.

PostgreSQL's protocol asks for TLS with one message before anything else, so the front answers that one,
shakes hands, and passes on what is said inside as it is.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_SSL_REQUEST: Final = bytes.fromhex("00000008 04d2162f")
_CHUNK: Final = 65_536


@contextmanager
def tls_postgres(
    to: tuple[str, int], certificate: tuple[Path, Path], clients: Path | None = None
) -> Iterator[int]:
    """The port on 127.0.0.1 where the server is reached by TLS, and by nothing else, while this lasts.

    Args:
        to: the server behind it.
        certificate: the front's own and its key.
        clients: the authority of those who may come; None: a client shows no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # A client learns in the handshake that it is refused, as from a server that speaks TLS 1.2.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*certificate)
    if clients is not None:
        context.load_verify_locations(clients)
        context.verify_mode = ssl.CERT_REQUIRED

    class Session(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if self.request.recv(len(_SSL_REQUEST), socket.MSG_WAITALL) != _SSL_REQUEST:
                return
            self.request.sendall(b"S")
            with (
                contextlib.suppress(OSError),  # the client refuses the certificate, or goes away
                context.wrap_socket(self.request, server_side=True) as inside,
                socket.create_connection(to) as behind,
            ):
                _pass_on(inside, behind)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Session) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield int(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()


def _pass_on(inside: ssl.SSLSocket, behind: socket.socket) -> None:
    """Until either side ends."""
    answers = threading.Thread(target=_copy, args=(behind, inside), daemon=True)
    answers.start()
    _copy(inside, behind)
    with contextlib.suppress(OSError):
        behind.shutdown(socket.SHUT_WR)
    answers.join()


def _copy(one: socket.socket, other: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := one.recv(_CHUNK):
            other.sendall(data)
