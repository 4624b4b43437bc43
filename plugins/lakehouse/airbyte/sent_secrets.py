"""Which secrets were sent to Airbyte last: it shows them as asterisks, so a hash of each is kept here.

A password may be short, and whoever reads the platform's database could try all short ones: the hash is
scrypt's, with a salt of its own for each. Nothing here sees a secret that somebody has typed into Airbyte.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql

_SALT_BYTES: Final = 16
_COST: Final = {"n": 2**14, "r": 8, "p": 1}
"""OWASP's least for scrypt that needs 16 MB: a twentieth of a second for each secret."""


@dataclass(frozen=True)
class Comparison:
    """The paths of a thing's secrets that are not known to be what the server holds."""

    changed: tuple[str, ...] = ()
    """Another value was sent last."""
    unknown: tuple[str, ...] = ()
    """None was sent from here."""


class SentSecrets(Protocol):
    """Remembers what was sent."""

    def compare(self, thing_id: str, wanted: Mapping[str, Any]) -> Comparison:
        """Secrets by path against those sent last to the thing of that Airbyte id."""

    def record(self, thing_id: str, sent: Mapping[str, Any]) -> None:
        """These, and no others, are what the thing holds."""


class SecretLedger:
    """The table `airbyte_secrets` of the platform's PostgreSQL."""

    def __init__(self, postgres: PostgresConnections) -> None:
        self._postgres = postgres

    def compare(self, thing_id: str, wanted: Mapping[str, Any]) -> Comparison:
        """Raises LedgerMissingError, PlatformDatabaseUnavailableError."""
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/airbyte/select_airbyte_secrets.sql"), {"thing_id": thing_id})
            held = {path: (salt, digest) for path, salt, digest in cursor.fetchall()}
        known = [path for path in wanted if path in held]
        return Comparison(
            changed=tuple(path for path in known if not _is(wanted[path], *held[path])),
            unknown=tuple(path for path in wanted if path not in held),
        )

    def record(self, thing_id: str, sent: Mapping[str, Any]) -> None:
        """Raises LedgerMissingError, PlatformDatabaseUnavailableError."""
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/airbyte/delete_airbyte_secrets.sql"), {"thing_id": thing_id})
            for path, value in sent.items():
                salt = secrets.token_hex(_SALT_BYTES)
                row = {"thing_id": thing_id, "path": path, "salt": salt, "digest": _digest(value, salt)}
                cursor.execute(read_sql("postgres/airbyte/insert_airbyte_secret.sql"), row)


class NothingRemembered:
    """For a platform without a database, such as a test's: every secret is unknown, and so sent each time."""

    def compare(self, thing_id: str, wanted: Mapping[str, Any]) -> Comparison:
        """All unknown."""
        return Comparison(unknown=tuple(wanted))

    def record(self, thing_id: str, sent: Mapping[str, Any]) -> None:
        """Nothing."""


def _is(value: Any, salt: str, digest: str) -> bool:
    return hmac.compare_digest(_digest(value, salt), digest)


def _digest(value: Any, salt: str) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return hashlib.scrypt(text.encode(), salt=bytes.fromhex(salt), **_COST).hex()
