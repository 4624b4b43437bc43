"""How the connection to a PostgreSQL source is encrypted, and which files prove who is who."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lakehouse.onboarding.writing.blueprint import BlueprintError
from lakehouse.onboarding.writing.naming import variable

VERIFYING: Final = ("verify-ca", "verify-full")
_MODES: Final = ("disable", "allow", "prefer", "require", *VERIFYING)
_FILES: Final = {"sslrootcert": "CERTIFICATE", "sslcert": "CERTIFICATE", "sslkey": "PRIVATE KEY"}
"""libpq's word for a file -> what PEM calls its content."""
_DEFAULT: Final = "~/.postgresql/root.crt"
"""Where libpq looks for the authority's certificate by itself."""


@dataclass(frozen=True)
class Encryption:
    """libpq's sslmode, and the absolute paths of the files that it reads, by libpq's word."""

    mode: str
    files: Mapping[str, str] = field(default_factory=dict)

    def values(self, business: str) -> dict[str, str]:
        """What `.env` keeps of it: where the files are."""
        return {variable(business, f"PG_{word}"): path for word, path in self.files.items()}


def read_encryption(
    parts: Mapping[str, str], business: str, known: Mapping[str, str], is_typed: bool, kept_mode: str = ""
) -> Encryption:
    """The encryption of the business's database.

    Args:
        parts: of the address, by libpq's words.
        business: whose it is.
        known: values by name of variable: the shell's and `.env`'s.
        is_typed: was an address given? libpq's own variables belong to it.
        kept_mode: as it was chosen before.

    Raises:
        BlueprintError: there is no such mode, or a file is not what the mode needs.
    """
    mode = parts.get("sslmode") or (os.environ.get("PGSSLMODE") if is_typed else "") or kept_mode or "prefer"
    if mode not in _MODES:
        raise BlueprintError(f"sslmode={mode} is not one of {', '.join(_MODES)}")
    if mode not in VERIFYING:
        if named := [word for word in _FILES if parts.get(word)]:
            raise BlueprintError(
                f"{', '.join(named)}: with sslmode={mode} Airbyte looks at no certificate and shows none; "
                "give sslmode=verify-full, or verify-ca where the server goes by another name"
            )
        return Encryption(mode)
    paths = {word: _path(word, parts, business, known, is_typed) for word in _FILES}
    if not paths["sslrootcert"]:
        raise BlueprintError(
            f"sslmode={mode} needs the certificate of the authority that has signed the server's: add "
            "sslrootcert=PATH to the address or set PGSSLROOTCERT; RDS, Cloud SQL and Azure each offer the "
            "file for download"
        )
    if bool(paths["sslcert"]) != bool(paths["sslkey"]):
        raise BlueprintError("a client's certificate is two files: give sslcert=PATH and sslkey=PATH")
    return Encryption(mode, {word: _checked(word, path) for word, path in paths.items() if path})


def _path(
    word: str, parts: Mapping[str, str], business: str, known: Mapping[str, str], is_typed: bool
) -> str:
    of_libpq = os.environ.get(f"PG{word.upper()}", "") if is_typed else ""
    found = parts.get(word) or of_libpq or known.get(variable(business, f"PG_{word}"), "")
    if not found and word == "sslrootcert" and Path(_DEFAULT).expanduser().is_file():
        return _DEFAULT
    return found


def _checked(word: str, given: str) -> str:
    if given == "system":
        raise BlueprintError(
            f"{word}=system: Airbyte does not look at this machine's authorities; give the file of the one "
            "that has signed the server's certificate"
        )
    path = Path.cwd() / Path(given).expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a text"
        raise BlueprintError(f"{word} {path} cannot be read: {reason}") from None
    if f"{_FILES[word]}-----" not in text:
        raise BlueprintError(
            f"{word} {path} is not a file of PEM with a {_FILES[word].lower()}; openssl converts other forms"
        )
    if "ENCRYPTED" in text:
        raise BlueprintError(
            f"{word} {path} has a passphrase, which nobody can type at night: write one without it "
            "(openssl pkey -in KEY -out PLAIN) that only you may read"
        )
    return str(path)
