"""Passwords and keys of this platform: generated once, kept in `secrets.env` (mode 600)."""

from __future__ import annotations

import base64
import os
import secrets
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path


def _password() -> str:
    """32 characters that need no quoting anywhere; Dremio asks for a letter and a digit."""
    return f"L7{secrets.token_hex(15)}"


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


GENERATORS: Mapping[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": _password,
    "AIRFLOW_PG_PASSWORD": _password,
    "SUPERSET_PG_PASSWORD": _password,
    "PLATFORM_PG_PASSWORD": _password,
    "SHOP_PG_PASSWORD": _password,
    "LAKE_S3_SECRET_KEY": _password,
    "SWIFT_HASH_PREFIX": _password,
    "SWIFT_HASH_SUFFIX": _password,
    "AIRBYTE_CLIENT_ID": lambda: str(uuid.uuid4()),
    "AIRBYTE_CLIENT_SECRET": _password,
    "SHOP_API_TOKEN": _password,
    "DREMIO_PASSWORD": _password,
    "SUPERSET_PASSWORD": _password,
    "SUPERSET_SECRET_KEY": _fernet_key,
    "AIRFLOW_PASSWORD": _password,
    "AIRFLOW_FERNET_KEY": _fernet_key,
    "AIRFLOW_JWT_SECRET": _fernet_key,
    "AIRFLOW_API_SECRET_KEY": _fernet_key,
}


class SecretsError(Exception):
    """The state holds data whose passwords are gone."""


def load_or_create(path: Path, guarded: Path) -> dict[str, str]:
    """All secrets, generating those that are missing.

    Raises SecretsError when `guarded` (data only these secrets open) exists but the file does not.
    """
    known = read(path) if path.exists() else {}
    if not known and guarded.exists():
        raise SecretsError(
            f"{path} is missing but {guarded} was made with its passwords: "
            "put the file back, or run `make reset` to start from nothing"
        )
    missing = {name: make() for name, make in GENERATORS.items() if name not in known}
    if missing:
        known |= missing
        _write(path, known)
    return known


def read(path: Path) -> dict[str, str]:
    lines = path.read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line.strip() and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def _write(path: Path, values: Mapping[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write("# Generated once by the stack; the data beside it opens with these only.\n")
        out.writelines(f"{name}={value}\n" for name, value in values.items())
        out.flush()
        os.fsync(out.fileno())
    part.replace(path)
