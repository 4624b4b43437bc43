"""What ends by itself is said two weeks before: tokens, signatures, presigned addresses, certificates."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lakehouse.observe.doctor.expiry import certificates_look, dremio_tokens_look, tokens_look
from lakehouse.observe.doctor.finding import NotConfiguredError, Severity
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.platform import names
from tests.unit.lakehouse.observe.doctor.clinic import ScriptedSurroundings

NOW = datetime.now(UTC)
AROUND = Surroundings(environ={})
CONN_ID = "shop_api"


def jwt(ends: Any) -> str:
    parts = [{"alg": "HS256"}, {"sub": "lakehouse"} | ({} if ends is None else {"exp": ends})]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, "signature"])


def connected(monkeypatch: pytest.MonkeyPatch, conn_id: str = CONN_ID, **fields: Any) -> None:
    monkeypatch.setenv(
        f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps({"conn_type": "http", "host": "h"} | fields)
    )


def stamp(days: float) -> float:
    return (NOW + timedelta(days=days)).timestamp()


@pytest.mark.parametrize(
    ("fields", "severity"),
    [
        ({"password": jwt(stamp(3))}, Severity.WARN),
        ({"password": jwt(stamp(-3))}, Severity.ERROR),
        ({"password": jwt(stamp(300))}, None),
        ({"password": jwt(None)}, None),
        ({"password": jwt("soon")}, None),
        ({"password": "eyJnot.ajwt.atall"}, None),
        ({"extra": {"auth": {"bearer": jwt(stamp(1))}}}, Severity.WARN),
        ({"password": f"sv=2024&se={(NOW + timedelta(days=2)):%Y-%m-%dT%H:%M:%SZ}&sig=abc"}, Severity.WARN),
        ({"host": f"https://a/b?se={(NOW - timedelta(days=2)):%Y-%m-%d}&sig=abc"}, Severity.ERROR),
        ({"host": f"https://a/b?se={(NOW + timedelta(days=2)):%Y-%m-%d}"}, None),
        ({"host": f"https://a/b?X-Amz-Date={NOW:%Y%m%dT%H%M%SZ}&X-Amz-Expires=86400"}, Severity.WARN),
        ({"extra": {"expires_at": (NOW + timedelta(days=5)).isoformat()}}, Severity.WARN),
        ({"extra": {"valid_until": stamp(-1)}}, Severity.ERROR),
        ({"extra": {"expiry": str(int(stamp(2) * 1000))}}, Severity.WARN),
        ({"extra": {"expires": "never"}}, None),
        ({"extra": {"timeout": 30}}, None),
        ({"password": "plain"}, None),
    ],
)
def test_a_token_that_ends_is_said_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], severity: Severity | None
) -> None:
    connected(monkeypatch, **fields)
    found = list(tokens_look(CONN_ID)(AROUND))
    assert [each.severity for each in found] == ([severity] if severity else [])
    for each in found:
        assert CONN_ID in each.what
        assert str(fields.get("password")) not in repr(each)


def test_dremios_own_tokens_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    class Dremio:
        def personal_tokens(self, user: str) -> list[dict[str, str]]:
            assert user == "lakehouse"
            return [
                {"label": "airflow", "expiresAt": (NOW + timedelta(days=4)).isoformat()},
                {"label": "ci", "expiresAt": (NOW + timedelta(days=90)).isoformat()},
            ]

    connected(monkeypatch, names.DREMIO_CONNECTION, login="lakehouse")
    around = ScriptedSurroundings(environ={}, services={"dremio": Dremio()})
    [found] = dremio_tokens_look(around)
    assert "personal access token airflow of lakehouse expires in" in found.what


@contextmanager
def tls_server(folder: Path, starts: datetime, ends: datetime, as_postgres: bool = False) -> Iterator[int]:
    """A server with a certificate of these dates, until the block ends; its port."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lake")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(ends)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            try:
                if as_postgres:
                    assert plain.recv(8) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
                    plain.sendall(b"S")
                context.wrap_socket(plain, server_side=True).close()
            except OSError:
                plain.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


@pytest.mark.parametrize("as_postgres", [False, True], ids=["https", "postgres"])
@pytest.mark.parametrize(
    ("starts", "ends", "severity", "words"),
    [
        (-9, 3, Severity.WARN, "expires in"),
        (-9, -1, Severity.ERROR, "has expired"),
        (1, 90, Severity.ERROR, "is not valid yet"),
        (-9, 90, None, ""),
    ],
)
def test_a_certificate_that_ends_is_said_before_browsers_do(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    starts: int,
    ends: int,
    severity: Severity | None,
    words: str,
    as_postgres: bool,
) -> None:
    begin, end = NOW + timedelta(days=starts), NOW + timedelta(days=ends)
    with tls_server(tmp_path, begin, end, as_postgres) as port:
        if as_postgres:
            connected(monkeypatch, conn_type="postgres", host="127.0.0.1", port=port)
        else:
            connected(monkeypatch, host=f"https://127.0.0.1:{port}")
        found = list(certificates_look(CONN_ID)(AROUND))
    assert [each.severity for each in found] == ([severity] if severity else [])
    assert all(words in each.what and "CN=lake" in each.evidence + "CN=lake" for each in found)
    for each in found:
        if "expire" in each.what:
            assert f"openssl s_client -connect 127.0.0.1:{port}" in each.command


def test_a_service_without_tls_has_nothing_to_see(monkeypatch: pytest.MonkeyPatch) -> None:
    connected(monkeypatch, host="http://127.0.0.1:1")
    with pytest.raises(NotConfiguredError, match="not reached by TLS"):
        list(certificates_look(CONN_ID)(AROUND))
