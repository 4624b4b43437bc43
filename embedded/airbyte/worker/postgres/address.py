"""How a PostgreSQL source is reached, and what its errors mean for the sync."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from psycopg.conninfo import make_conninfo

from embedded.airbyte.worker.protocol import WorkerError

_HOPELESS = (
    "password authentication failed",
    "does not exist",
    "permission denied",
    "no pg_hba.conf entry",
    "must be superuser",
)
_TEXT_FORMS = (
    "-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c bytea_output=hex -c extra_float_digits=1"
)
"""Values that travel as text have one form, whatever the server's or the role's settings are."""


def conninfo_of(configuration: Mapping[str, Any]) -> str:
    """libpq's connection string for an Airbyte PostgreSQL source configuration."""
    ssl = configuration.get("ssl_mode") or {}
    return make_conninfo(
        "",
        host=configuration["host"],
        port=configuration.get("port", 5432),
        dbname=configuration["database"],
        user=configuration["username"],
        password=configuration.get("password") or None,
        sslmode=ssl.get("mode", "prefer"),
        connect_timeout=10,
        application_name="airbyte",
        options=_TEXT_FORMS,
    )


def source_error(source: Mapping[str, Any], error: Exception) -> WorkerError:
    """The driver's error in one line, with the source's address; says whether trying again can help."""
    words = " ".join(str(error).split())
    hopeless = any(phrase in words for phrase in _HOPELESS)
    address = f"{source['host']}:{source.get('port', 5432)}/{source['database']}"
    return WorkerError(
        f"PostgreSQL {address}: {words}", "config_error" if hopeless else "transient_error", "source"
    )


def quoted(name: str) -> str:
    """An identifier, as PostgreSQL and DuckDB both write it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string, as PostgreSQL and DuckDB both write it."""
    return "'" + text.replace("'", "''") + "'"
