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
from psycopg.pq import Conninfo

from lakehouse.onboarding.adding.encryption import Encryption, read_encryption
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
_NO_PLACE: Final = {
    "options": "for a search_path give --schema a,b",
    "sslcrl": "there is no list of revoked certificates",
    "sslcrldir": "there is no list of revoked certificates",
    "sslpassword": "write the key without a passphrase",
    "sslnegotiation": "the server must take the usual negotiation, too",
}
"""Settings of libpq that change what is read or who is trusted, and that no Airbyte source has."""
_EXAMPLE: Final = "postgresql://reader@db.example.com:5432/cafe"


@dataclass(frozen=True)
class Address:
    """A database and the role that reads it."""

    host: str
    port: str
    dbname: str
    user: str
    password: str
    encryption: Encryption

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
            sslmode=self.encryption.mode,
            **self.encryption.files,
        )

    def values(self, business: str) -> dict[str, str]:
        """What `.env` keeps of it."""
        parts = {variable(business, name): getattr(self, part) for part, (name, _) in _PARTS.items()}
        return parts | self.encryption.values(business)


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
        BlueprintError: the address cannot be read, a part of it is not known, or Airbyte has no place for it.
    """
    parts = _parsed(_line() if given == "-" else given or "")
    if service := parts.pop("service", "") or (os.environ.get("PGSERVICE", "") if given else ""):
        parts = _of_service(service) | parts
    for word, instead in _NO_PLACE.items():
        if parts.get(word):
            raise BlueprintError(f"{word} has no place in an Airbyte source: {instead}")
    parts["host"] = parts.get("host") or parts.get("hostaddr", "")
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
    encryption = read_encryption(parts, business, known, given is not None, ssl_mode)
    return Address(**{part: parts[part] for part in _PARTS}, encryption=encryption)


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


def _of_service(name: str) -> dict[str, str]:
    """What libpq's service file says of that service: libpq itself reads it.

    Raises:
        BlueprintError: there is no such service, or it says nothing.
    """
    before = os.environ.pop("PGSERVICE", None)
    try:
        without = _defaults()
        os.environ["PGSERVICE"] = name
        found = {word: value for word, value in _defaults().items() if without.get(word) != value}
    finally:
        os.environ.pop("PGSERVICE", None)
        if before is not None:
            os.environ["PGSERVICE"] = before
    found.pop("service", None)
    if not found:
        place = os.environ.get("PGSERVICEFILE") or "~/.pg_service.conf"
        raise BlueprintError(f"there is no service {name} in {place}, nor in the system's file of services")
    return found


def _defaults() -> dict[str, str]:
    options = Conninfo.get_defaults()
    return {each.keyword.decode(): each.val.decode() for each in options if each.val is not None}
