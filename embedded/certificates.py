"""Whom uv trusts: the certificate authorities that pip is configured with, such as a company's own.

uv by itself knows the authorities that it was built with, and SSL_CERT_FILE; it does not read pip's
configuration. `bin/bootstrap` imports this on the machine's own Python, so the standard library is all it may
use, in any version since 3.8.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from pathlib import Path

UVS_OWN = ("SSL_CERT_FILE", "SSL_CERT_DIR", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS")
"""With one of these uv has been told already."""
PIPS = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Where pip looks, in this order, behind its option --cert."""
MACHINES_FILE = Path("/etc/pip.conf")
UNTRUSTED = (
    "unknownissuer",
    "invalid peer certificate",
    "certificate_verify_failed",
    "certificate verify failed",
)
"""What uv and pip say of a certificate that nobody they trust has signed, in small letters."""


def certificates_for_uv(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that give uv the authorities which pip is configured with; none where there are none."""
    if any(environ.get(name) for name in UVS_OWN):
        return {}
    named = next((environ[name] for name in PIPS[:1] if environ.get(name)), "")
    named = named or _in_pips_files(environ)
    named = named or next((environ[name] for name in PIPS[1:] if environ.get(name)), "")
    if not named:
        return {}
    path = Path(named).expanduser().resolve()
    return {"SSL_CERT_DIR" if path.is_dir() else "SSL_CERT_FILE": str(path)}


def is_untrusted(output: str) -> bool:
    """Does this output of uv or pip complain of a certificate's issuer?"""
    return any(words in output.lower() for words in UNTRUSTED)


def remedy(environ: Mapping[str, str]) -> str:
    """What to do about it: which file was used, and where another one is named."""
    used = [name for name in (*UVS_OWN[:2], *PIPS) if environ.get(name)]
    lost = [name for name in used if not Path(environ[name]).expanduser().exists()]
    if lost:
        named = environ[lost[0]]
        return f"{lost[0]} names {named}, which is not there: correct it, then run the command again"
    has = f" ({used[0]}={environ[used[0]]} does not hold it)" if used else ""
    return (
        "The package index's certificate is signed by an authority that is not trusted here, such as a "
        f"company's own{has}. Put that authority's certificate (PEM) into a file and name it: `export "
        "PIP_CERT=/path/to/ca.pem` or `pip config set global.cert /path/to/ca.pem` (uv is given it too), "
        "then run the same command again"
    )


def _in_pips_files(environ: Mapping[str, str]) -> str:
    """The setting `cert` of pip's configuration files, the last file's: pip reads them in this order."""
    found = ""
    for path in _pips_files(environ):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        for section in ("global", "install"):
            found = parser.get(section, "cert", fallback="") or found
    return found


def _pips_files(environ: Mapping[str, str]) -> list[Path]:
    """For all users, for this one, and the one that a variable names; /dev/null there means none at all."""
    own = environ.get("PIP_CONFIG_FILE", "")
    if own == os.devnull:
        return []
    home = Path(environ.get("HOME") or "~").expanduser()
    shared = (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")
    users = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    return [
        *(Path(folder) / "pip" / "pip.conf" for folder in reversed(shared)),
        MACHINES_FILE,
        home / ".pip" / "pip.conf",
        users / "pip" / "pip.conf",
        *([Path(own)] if own else []),
    ]
