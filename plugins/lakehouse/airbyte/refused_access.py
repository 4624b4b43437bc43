"""What to do when a source or the landing refused a sync's user or secret: Airbyte's reason cannot say."""

from __future__ import annotations

import re
from typing import Final

from lakehouse.airbyte.connection_file import ConnectionFile, ConnectionFileError, read_connection_file

_REFUSED: Final = re.compile(
    r"password authentication failed|no password supplied|no pg_hba\.conf entry"
    r"|role .* (does not exist|is not permitted to log in)|permission denied|must be superuser"
    r"|authentication failed|invalid credentials|invalid.{0,20}(token|key|secret)"
    r"|InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|ExpiredToken|InvalidToken"
    r"|(HTTP|status|error|code)\D{0,20}\b40[13]\b|\b(unauthori[sz]ed|forbidden)\b",
    re.IGNORECASE,
)
"""PostgreSQL, S3, HTTP and SSH, as they and Airbyte's connectors word it."""
REFUSED_CONNECTION: Final = re.compile(r"refused the user or secret of the Airflow connection (\w+)")
"""Finds the connection in what `access_advice` says."""
_DESTINATION: Final = "destination"


def access_advice(connection_name: str, reason: str, origin: str = "") -> str | None:
    """Which Airflow connection holds what was refused, and how Airbyte learns its repaired value.

    Args:
        connection_name: the connection of include/airbyte/.
        reason: Airbyte's words.
        origin: which side failed, by Airbyte's own word; empty: the source.

    Returns:
        One sentence; None when nothing was refused, or when no file declares the connection.
    """
    if not _REFUSED.search(reason):
        return None
    try:
        declared = read_connection_file(connection_name)
    except ConnectionFileError:
        return None
    side, holder = _refused(declared, origin)
    return (
        f"The {side} refused the user or secret of the Airflow connection {holder}: correct it there, or "
        f"grant at the {side} what is missing; run `bin/airbyte apply --rewrite-secrets`, which sends it to "
        "Airbyte; clear this task"
    )


def _refused(declared: ConnectionFile, origin: str) -> tuple[str, str]:
    if origin == _DESTINATION:
        return "landing", declared.destination.airflow_connection
    return "source", declared.source.airflow_connection
