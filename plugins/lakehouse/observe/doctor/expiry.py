"""What ends by itself: tokens, certificates, passwords. Said two weeks before."""

from __future__ import annotations

import base64
import binascii
import json
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from cryptography import x509

from lakehouse.observe.doctor.finding import Finding, NotConfiguredError, error, warn
from lakehouse.observe.doctor.surroundings import CONNECT_SECONDS, Surroundings
from lakehouse.platform.names import DREMIO_CONNECTION

NOTICE: Final = timedelta(days=14)
_JWT: Final = re.compile(r"\beyJ[A-Za-z0-9_-]+\.(?P<payload>[A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*")
_EXPIRY_NAMES: Final = re.compile(r"(?:^|_)(?:expir(?:y|es|ation)(?:_at|_on|_date)?|valid_until|not_after)$")
_POSTGRES_SSL_REQUEST: Final = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
"""PostgreSQL's protocol, message SSLRequest; the server answers S if it has a certificate."""


def expiring(what: str, ends: datetime, now: datetime, seen: str, command: str) -> Iterator[Finding]:
    """A finding if it has ended, or ends within NOTICE."""
    if ends <= now:
        yield error(f"{what} has expired", f"{seen}: {ends.isoformat()}", command)
    elif ends - now <= NOTICE:
        days = (ends - now).total_seconds() / 86400
        yield warn(f"{what} expires in {days:.1f} days", f"{seen}: {ends.isoformat()}", command)


def tokens_look(conn_id: str) -> Callable[[Surroundings], Iterator[Finding]]:
    """JSON web tokens, shared access signatures, presigned addresses and dated extras of one connection."""

    def look(around: Surroundings) -> Iterator[Finding]:
        connection = around.connection(conn_id)
        texts = [connection.host, connection.login, connection.password, connection.schema]
        fields = list(_leaves(connection.extra_dejson))
        command = around.renew_command
        for name, value in [*(("", text) for text in texts if text), *fields]:
            for kind, ends in _dated(str(value)):
                yield from expiring(f"the {kind} in {conn_id}", ends, around.now(), kind, command)
            if _EXPIRY_NAMES.search(name.lower()) and (ends_at := _moment(value)):
                what = f"what {conn_id} names {name}"
                yield from expiring(what, ends_at, around.now(), name, command)

    return look


def certificates_look(conn_id: str) -> Callable[[Surroundings], Iterator[Finding]]:
    """The certificate of the server behind one connection, if it has one."""

    def look(around: Surroundings) -> Iterator[Finding]:
        connection = around.connection(conn_id)
        address = around.address(conn_id)
        url = str(connection.extra_dejson.get("endpoint_url") or connection.host or "")
        is_https = urlsplit(url).scheme == "https" or ("://" not in url and connection.schema == "https")
        if address is None or not (is_https or connection.conn_type == "postgres"):
            raise NotConfiguredError(f"{conn_id} is not reached by TLS")
        raw = _certificate(address, is_postgres=connection.conn_type == "postgres")
        if raw is None:
            raise NotConfiguredError(f"{conn_id} offers no TLS")
        certificate = x509.load_der_x509_certificate(raw)
        host, port = address
        yield from expiring(
            f"the certificate of {conn_id}",
            certificate.not_valid_after_utc,
            around.now(),
            f"{host}:{port}, {certificate.subject.rfc4514_string()}, notAfter",
            f"openssl s_client -connect {host}:{port} </dev/null | openssl x509 -noout -dates",
        )
        if certificate.not_valid_before_utc > around.now():
            seen = f"notBefore {certificate.not_valid_before_utc.isoformat()}"
            yield error(f"the certificate of {conn_id} is not valid yet", seen, "timedatectl status")

    return look


def roles_look(conn_id: str) -> Callable[[Surroundings], Iterator[Finding]]:
    """`valid until` of the role that one PostgreSQL connection signs in with."""

    def look(around: Surroundings) -> Iterator[Finding]:
        if around.connection(conn_id).conn_type != "postgres":
            raise NotConfiguredError(f"{conn_id} is not PostgreSQL")
        [(role, ends)] = around.postgres(conn_id).rows(
            "select rolname, case when isfinite(rolvaliduntil) then rolvaliduntil end"
            " from pg_roles where rolname = session_user"
        )
        if ends is None:
            return
        command = around.psql_command(conn_id, f"alter role {role} valid until 'infinity'")
        yield from expiring(
            f"the password of role {role} ({conn_id})",
            ends.astimezone(UTC),
            around.now(),
            "valid until",
            command,
        )

    return look


def dremio_tokens_look(around: Surroundings) -> Iterator[Finding]:
    """Personal access tokens of the user that the platform signs in to Dremio with."""
    login = around.connection(DREMIO_CONNECTION).login or ""
    for token in around.dremio().personal_tokens(login):
        ends = _moment(token.get("expiresAt"))
        if ends is not None:
            what = f"Dremio's personal access token {token.get('label') or token.get('tid')} of {login}"
            yield from expiring(what, ends, around.now(), "expiresAt", around.renew_command)


def _leaves(node: Any, name: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, str(key))
    elif isinstance(node, list):
        for value in node:
            yield from _leaves(value, name)
    elif isinstance(node, str | int | float) and not isinstance(node, bool):
        yield name, str(node)


def _dated(text: str) -> Iterator[tuple[str, datetime]]:
    for token in _JWT.finditer(text):
        if (ends := _of_jwt(token["payload"])) is not None:
            yield "JSON web token", ends
    query = parse_qs(urlsplit(text).query or text.lstrip("?"))
    if "sig" in query and "se" in query and (ends := _moment(query["se"][0])) is not None:
        yield "shared access signature", ends
    if "X-Amz-Date" in query and "X-Amz-Expires" in query:
        signed = datetime.strptime(query["X-Amz-Date"][0], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        yield "presigned address", signed + timedelta(seconds=int(query["X-Amz-Expires"][0]))


def _of_jwt(payload: str) -> datetime | None:
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (binascii.Error, ValueError):
        return None
    ends = claims.get("exp") if isinstance(claims, dict) else None
    return datetime.fromtimestamp(float(ends), UTC) if isinstance(ends, int | float) else None


def _moment(value: Any) -> datetime | None:
    """A time as text, or as seconds or milliseconds since 1970; None for anything else."""
    if value is None:
        return None
    text = str(value).strip()
    try:
        number = float(text)
    except ValueError:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return None
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    seconds = number / 1000 if number > 1e11 else number
    return datetime.fromtimestamp(seconds, UTC) if 1e9 < seconds < 1e11 else None


def _certificate(address: tuple[str, int], is_postgres: bool) -> bytes | None:
    """The server's certificate in DER, whether it is trusted or not; None if the server has no TLS."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # its dates are looked at, nothing is sent
    with socket.create_connection(address, timeout=CONNECT_SECONDS) as plain:
        if is_postgres:
            plain.sendall(_POSTGRES_SSL_REQUEST)
            if plain.recv(1) != b"S":
                return None
        with context.wrap_socket(plain, server_hostname=address[0]) as secured:
            return secured.getpeercert(binary_form=True)
