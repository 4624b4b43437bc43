"""Which values of a process's environment are secret, and in which forms a log may show them."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, quote, quote_plus, unquote, urlsplit

SHORTEST_SECRET: Final = 4
"""Anything shorter occurs by chance in every second line; Airflow's own masker leaves out less than five."""
SHORTEST_ENCODED: Final = 6
"""A shorter value has too few characters left in Base64 to be told from chance."""

SECRET_NAME: Final = re.compile(
    r"pass(?:word|wd|phrase|code)?(?:$|[_-])|pwd|secret|token|credential|private|fernet|signature|webhook|dsn"
    r"|(?:api|access|account|auth|encryption|hash|jwt|master|signing|storage)[_-]?key"
    r"|hash[_-](?:prefix|suffix)|(?:^|[_-])auth(?:$|[_-])|authorization|cookie",
    re.IGNORECASE,
)
"""Names of fields and variables whose value is a secret."""
_NOT_SECRET_NAME: Final = re.compile(
    r"(?:file|path|folder|dir|url|uri|endpoint|host|name|id|type|expir\w*|seconds|ttl|algorithm)$",
    re.IGNORECASE,
)
"""`TOKEN_URL`, `SECRET_FILE`: these say where a secret is, or what kind it is of."""
_CLIENT_ID: Final = re.compile(r"client[_-]?id$", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def secrets_in(environment: Mapping[str, str]) -> set[str]:
    """Every secret value: of Airflow's connections, of variables with a telling name, of addresses."""
    found: set[str] = set()
    for name, value in environment.items():
        if name.startswith("AIRFLOW_CONN_"):
            found.update(_of_connection(value))
        elif _names_a_secret(name):
            found.update((value, *_of_address(value)))
        elif _ADDRESS.match(value):
            found.update(_of_address(value))
    return {value.strip() for value in found if len(value.strip()) >= SHORTEST_SECRET}


def _names_a_secret(name: str) -> bool:
    return bool(SECRET_NAME.search(name)) and not _NOT_SECRET_NAME.search(name)


def _of_connection(value: str) -> Iterator[str]:
    if not value.lstrip().startswith("{"):
        yield from _of_address(value)
        return
    try:
        fields = json.loads(value)
    except ValueError:
        yield value
        return
    yield str(fields.get("password") or "")
    yield from _of_address(str(fields.get("host") or ""))
    extra = fields.get("extra") or {}
    if isinstance(extra, str):
        try:
            extra = json.loads(extra)
        except ValueError:
            yield extra
            return
    yield from _of_fields(extra)


def _of_fields(node: Any, named: bool = False) -> Iterator[str]:
    """Values below a key with a telling name, at any depth, and the passwords of addresses."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _of_fields(value, named or _names_a_secret(str(key)))
    elif isinstance(node, list):
        for value in node:
            yield from _of_fields(value, named)
    elif isinstance(node, str):
        if named:
            yield node
        yield from _of_address(node)


def _of_address(value: str) -> Iterator[str]:
    """The password of `scheme://user:password@host`, and query parameters with a telling name."""
    if not _ADDRESS.match(value):
        return
    try:
        parts = urlsplit(value)
        password, query = parts.password, dict(parse_qsl(parts.query))
    except ValueError:
        yield value
        return
    if password:
        yield from {password, unquote(password)}
    for name, text in query.items():
        if name == "__extra__":
            try:
                yield from _of_fields(json.loads(text))
            except ValueError:
                yield text
        elif _names_a_secret(name):
            yield text


def forms_of(secret: str) -> set[str]:
    """The texts by which a secret may be seen: as it is, and in the encodings of URLs, JSON, HTML and Base64.

    A secret of several lines (a key in PEM) is looked for line by line, as logs are.
    """
    lines = secret.splitlines()
    if len(lines) > 1:
        return set().union(*(forms_of(line) for line in lines if len(line.strip()) >= 16))
    plain = {secret, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]}
    plain |= {repr(secret)[1:-1], html.escape(secret), json.dumps(json.dumps(secret))[3:-3]}
    urls = {quote(secret, safe=""), quote(secret), quote_plus(secret), quote(quote(secret, safe=""), safe="")}
    urls |= {re.sub(r"%[0-9A-F]{2}", lambda hit: hit.group().lower(), url) for url in urls}
    raw = secret.encode()
    encoded: set[str] = set()
    if len(raw) >= SHORTEST_ENCODED:
        encoded = {raw.hex(), raw.hex().upper(), *_base64_of(raw)}
    return {form for form in plain | urls | encoded if form}


def _base64_of(raw: bytes) -> Iterator[str]:
    """What is the same in the Base64 of every text that holds the secret, for each place it may stand at."""
    for before in range(3):
        for altchars in (None, b"-_"):
            text = base64.b64encode(b"\0" * before + raw, altchars).decode().rstrip("=")
            first = (0, 2, 3)[before]  # characters that hold bits of what stands before
            whole = (before + len(raw)) * 8 // 6  # characters that hold no bits of what follows
            yield text[first:whole]


def redactable(secrets: Iterable[str]) -> tuple[list[str], list[str]]:
    """All forms of all secrets, the longest first: to be looked for anywhere, and as whole words only."""
    anywhere: set[str] = set()
    words: set[str] = set()
    for secret in secrets:
        if len(secret) < SHORTEST_SECRET:
            continue
        (anywhere if len(secret) >= 2 * SHORTEST_SECRET else words).update(forms_of(secret))
    return sorted(anywhere, key=len, reverse=True), sorted(words - anywhere, key=len, reverse=True)
