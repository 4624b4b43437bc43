"""A source's `ssl_mode`: how far the connection is encrypted and the server's certificate looked at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_VERIFYING: Final = ("verify-ca", "verify-full")
_FILES: Final = {
    "ca_certificate": "sslrootcert",
    "client_certificate": "sslcert",
    "client_key": "sslkey",
}
"""Airbyte's setting, which holds the text, and libpq's, which names a file."""
_HINTS: Final = {
    "certificate verify failed": "ssl_mode.ca_certificate must be the certificate of the authority that has "
    "signed the server's, as its provider publishes it",
    "does not match host name": "use the name that the certificate has, or the mode verify-ca",
    "server does not support SSL": "turn TLS on at the server, or use the mode prefer",
    "certificate required": "the server asks for ssl_mode.client_certificate and client_key",
}


def why_not_encrypted(configuration: Mapping[str, Any]) -> str | None:
    """What is wrong with the source's `ssl_mode`; None if nothing is."""
    ssl = configuration.get("ssl_mode")
    if ssl is None:
        return None
    mode = ssl.get("mode") if isinstance(ssl, Mapping) else None
    if mode not in MODES:
        return f"The ssl_mode {mode!r} is not one of {', '.join(MODES)}."
    if mode in _VERIFYING and not ssl.get("ca_certificate"):
        return f"The ssl_mode {mode!r} lacks ca_certificate."
    if bool(ssl.get("client_certificate")) != bool(ssl.get("client_key")):
        return "ssl_mode has one of client_certificate and client_key: it needs both or neither."
    return None


def encryption_of(configuration: Mapping[str, Any]) -> dict[str, str]:
    """libpq's settings for the source's `ssl_mode`; its files are there while this process lives."""
    ssl = configuration.get("ssl_mode") or {}
    mode = str(ssl.get("mode", "prefer"))
    if mode not in _VERIFYING:
        return {"sslmode": mode}
    settings = {"sslmode": mode}
    settings |= {word: _readable(str(ssl[name])) for name, word in _FILES.items() if ssl.get(name)}
    if ssl.get("client_key_password"):
        settings["sslpassword"] = str(ssl["client_key_password"])
    return settings


def hint_of(words: str) -> str:
    """What to do about a refused TLS connection; empty if it is about something else."""
    return next((hint for sign, hint in _HINTS.items() if sign in words), "")


@lru_cache(maxsize=16)
def _readable(text: str) -> str:
    """The path of a file in memory: libpq reads files only, and nothing is to stay on disk."""
    file = os.memfd_create("certificate")
    os.write(file, text.encode())
    os.fchmod(file, 0o600)
    return f"/proc/self/fd/{file}"
