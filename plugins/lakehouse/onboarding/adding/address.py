"""Where a PostgreSQL source is and who reads it: as typed, from libpq's variables, from `.env`, or asked."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lakehouse.onboarding.writing.blueprint import BlueprintError
from lakehouse.onboarding.writing.naming import variable

_PARTS: Final = {
    "host": ("PG_HOST", "PGHOST"),
    "port": ("PG_PORT", "PGPORT"),
    "dbname": ("PG_DATABASE", "PGDATABASE"),
    "user": ("PG_USER", "PGUSER"),
    "password": ("PG_PASSWORD", "PGPASSWORD"),
}
"""libpq's word -> the end of the name in `.env`, and libpq's own variable."""
_SSL_MODES: Final = ("disable", "allow", "prefer", "require")
_EXAMPLE: Final = "postgresql://reader@db.example.com:5432/cafe"


@dataclass(frozen=True)
class Address:
    """A database and the role that reads it."""

    host: str
    port: str
    dbname: str
    user: str
    password: str
    ssl_mode: str

    @property
    def dsn(self) -> str:
        """libpq's connection string. It holds the password: never show it."""
        return make_conninfo(
            "",
            host=self.host,
            port=self.port,
            dbname=self.dbname,
            user=self.user,
            password=self.password,
            sslmode=self.ssl_mode,
        )

    def values(self, business: str) -> dict[str, str]:
        """What `.env` keeps of it."""
        return {variable(business, name): getattr(self, part) for part, (name, _) in _PARTS.items()}


def read_address(
    given: str | None,
    business: str,
    known: Mapping[str, str],
    ssl_mode: str = "",
    ask: Callable[[str], str] | None = None,
) -> Address:
    """The address of the business's database.

    Args:
        given: libpq's URI or string, "-" for a line on standard input, None for what `known` says.
        business: whose it is.
        known: values by name of variable: the shell's and `.env`'s.
        ssl_mode: as it was chosen before.
        ask: asks for a password; None: nobody can be asked.

    Raises:
        BlueprintError: the address cannot be read, or a part of it is not known.
    """
    parts = _parsed(_line() if given == "-" else given or "")
    for part, (name, of_libpq) in _PARTS.items():
        own = known.get(variable(business, name), "")
        # What was typed replaces what is kept; libpq's variables belong to what was typed.
        fallback = (
            own if given is None else os.environ.get(of_libpq, "") or (own if part == "password" else "")
        )
        parts[part] = parts.get(part) or fallback
    parts["port"] = parts["port"] or "5432"
    missing = [name for name in ("host", "dbname", "user") if not parts[name]]
    if missing:
        raise BlueprintError(
            f"the PostgreSQL address of {business} lacks {', '.join(missing)}: give --postgres {_EXAMPLE}"
        )
    if parts["host"].startswith("/") or "," in parts["host"] or "," in parts["port"]:
        raise BlueprintError(f"{parts['host']}: Airbyte needs one host name or address, not a socket")
    if not parts["password"] and ask:
        parts["password"] = ask(f"Password of {parts['user']} at {parts['host']}: ")
    if not parts["password"]:
        raise BlueprintError(
            f"no password for {parts['user']} at {parts['host']}: set PGPASSWORD, or give the address on "
            "standard input with --postgres -"
        )
    chosen = parts.get("sslmode") or ssl_mode or "prefer"
    if chosen not in _SSL_MODES:
        raise BlueprintError(
            f"sslmode={chosen} needs a certificate, which bin/source does not carry: add the source with "
            "sslmode=require, then set ssl_mode in its file in include/airbyte"
        )
    return Address(**{part: parts[part] for part in _PARTS}, ssl_mode=chosen)


def hidden_prompt() -> Callable[[str], str] | None:
    """Asks without showing what is typed; None if nobody is there to ask."""
    return getpass.getpass if sys.stdin.isatty() else None


def _line() -> str:
    line = (getpass.getpass("PostgreSQL address: ") if sys.stdin.isatty() else sys.stdin.readline()).strip()
    if not line:
        raise BlueprintError(f"--postgres -: there is nothing on standard input; it takes {_EXAMPLE}")
    return line


def _parsed(text: str) -> dict[str, str]:
    try:
        return {name: str(value) for name, value in conninfo_to_dict(text).items() if value is not None}
    except ProgrammingError:
        # libpq's message would repeat the string with its password.
        raise BlueprintError(
            f"the PostgreSQL address cannot be read; it is like {_EXAMPLE}, with %40 for an @ in a password"
        ) from None
