"""The certificates of a PostgreSQL source: files that its Airflow connection names, texts in Airbyte."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from lakehouse.airbyte.connection_file import Endpoint
from lakehouse.platform.errors import PermanentError

if TYPE_CHECKING:
    from airflow.sdk import Connection

_VERIFYING: Final = ("verify-ca", "verify-full")
_SETTINGS: Final = {
    "sslrootcert": "ca_certificate",
    "sslcert": "client_certificate",
    "sslkey": "client_key",
}
"""The extra of an Airflow connection, as libpq calls it -> Airbyte's setting within `ssl_mode`."""


class CertificateUnreadableError(PermanentError):
    """A certificate that the source's `ssl_mode` needs is not there; the message says where it is to be."""


def certificates_of(endpoint: Endpoint, connection: Connection) -> dict[str, str]:
    """What Airbyte's `ssl_mode` holds beside its mode; nothing for a mode that looks at no certificate.

    Raises:
        CertificateUnreadableError: a file cannot be read here, or none is named.
    """
    ssl = endpoint.configuration.get("ssl_mode") or {}
    if ssl.get("mode") not in _VERIFYING:
        return {}
    extra = connection.extra_dejson
    named = {word: str(extra[word]) for word in _SETTINGS if extra.get(word)}
    if "sslrootcert" not in named and not ssl.get("ca_certificate"):
        raise CertificateUnreadableError(
            f"Airflow connection {endpoint.airflow_connection!r} names no certificate, which "
            f"{ssl['mode']} of {endpoint.name} needs: give its extra a path as sslrootcert"
        )
    return {_SETTINGS[word]: _text(endpoint, word, path) for word, path in named.items()}


def _text(endpoint: Endpoint, word: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CertificateUnreadableError(
            f"Airflow connection {endpoint.airflow_connection!r}: its {word} {path} cannot be read "
            f"({error}). The file must be there on the machine where Airflow runs"
        ) from error
