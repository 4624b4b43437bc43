"""A Python package index on 127.0.0.1 over TLS, whose certificate an authority of its own has signed."""

from __future__ import annotations

import base64
import hashlib
import ssl
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from testing.authority import Authority

HOST: Final = "127.0.0.1"
FOLDER: Final = "simple"
"""Where an index keeps its packages, by the standard's name for it."""
PACKAGE: Final = "lakehouse-tiny"
VERSION: Final = "1.0"
MODULE: Final = "lakehouse_tiny"
WHEEL: Final = f"{MODULE}-{VERSION}-py3-none-any.whl"


@dataclass(frozen=True)
class TlsIndex:
    """Where the index is, what its authority's certificate is, and a lock of its one package."""

    url: str
    authority: Path
    lock: str


@contextmanager
def tls_index(folder: Path) -> Iterator[TlsIndex]:
    """The index serves one package, `lakehouse-tiny`, while this lasts."""
    simple = folder / FOLDER / PACKAGE
    simple.mkdir(parents=True)
    wheel = _wheel(simple / WHEEL)
    (simple / "index.html").write_text(f'<a href="{WHEEL}#sha256={wheel}">{WHEEL}</a>')
    authority = Authority(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.sign(HOST))
    server = ThreadingHTTPServer((HOST, 0), partial(_Quiet, directory=str(folder)))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield TlsIndex(
            f"https://{HOST}:{server.server_port}/{FOLDER}/",
            authority.certificate,
            f"{PACKAGE}=={VERSION} --hash=sha256:{wheel}\n",
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing of each request."""


def _wheel(path: Path) -> str:
    """Write a package of one module; returns the file's SHA-256."""
    info = f"{MODULE}-{VERSION}.dist-info"
    files = {
        f"{MODULE}.py": "WHENCE = 'the index of the test'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {VERSION}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    digests = {
        name: base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        for name, text in files.items()
    }
    record = "".join(f"{name},sha256={digests[name]},{len(text)}\n" for name, text in files.items())
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(name, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()
