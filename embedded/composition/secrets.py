"""Which passwords and keys the platform's services need, and how each is made."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Callable, Mapping


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
    "ELASTICSEARCH_PASSWORD": _password,
    "SUPERSET_PASSWORD": _password,
    "SUPERSET_SECRET_KEY": _fernet_key,
    "AIRFLOW_PASSWORD": _password,
    "AIRFLOW_FERNET_KEY": _fernet_key,
    "AIRFLOW_JWT_SECRET": _fernet_key,
    "AIRFLOW_API_SECRET_KEY": _fernet_key,
}
