"""A Python package index on 127.0.0.1 over TLS, whose certificate an authority of its own has signed."""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import ssl
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

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
    authority, chain = _certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    server = ThreadingHTTPServer((HOST, 0), partial(_Quiet, directory=str(folder)))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield TlsIndex(
            f"https://{HOST}:{server.server_port}/{FOLDER}/",
            authority,
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


def _certificates(folder: Path) -> tuple[Path, Path]:
    """The authority's certificate, and the server's with its key; both for a day."""
    authority_key, server_key = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "The Company's Own Authority")])
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    authority = (
        _certificate(issuer, issuer, authority_key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_signs_certificates(), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    server = (
        _certificate(subject, issuer, server_key)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    key = server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    known, chain = folder / "authority.pem", folder / "server.pem"
    known.write_bytes(authority.public_bytes(pem))
    chain.write_bytes(key + server.public_bytes(pem))
    return known, chain


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _signs_certificates() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
