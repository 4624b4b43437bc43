"""How a PostgreSQL source is reached, and what its errors mean for the sync."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from airbyte_engine.worker.postgres.encryption import encryption_of, hint_of
from airbyte_engine.worker.protocol import WorkerError

_HOPELESS = (
    "password authentication failed",
    "does not exist",
    "permission denied",
    "no pg_hba.conf entry",
    "must be superuser",
    "invalid byte sequence for encoding",
)
_TEXT_FORMS = (
    "-c timezone=UTC -c datestyle=ISO -c intervalstyle=postgres -c bytea_output=hex -c extra_float_digits=1"
)
"""Values that travel as text have one form, whatever the server's or the role's settings are."""
_LOOKS_FOR_US = "client_connection_check_interval=2s"
"""PostgreSQL looks at a session's client only when it has something to tell it: the session of a sync that
was cancelled, or that died, would stand in the queue for a lock until it is granted, and the table's other
clients behind it. With this it looks while it waits, too (since version 14, on systems that can tell).
"""


def conninfo_of(configuration: Mapping[str, Any]) -> str:
    """libpq's connection string for an Airbyte PostgreSQL source configuration.

    Texts come as UTF-8, whatever the database's encoding is; only SQL_ASCII is not converted.
    """
    return make_conninfo(
        "",
        host=configuration["host"],
        port=configuration.get("port", 5432),
        dbname=configuration["database"],
        user=configuration["username"],
        password=configuration.get("password") or None,
        **encryption_of(configuration),
        connect_timeout=10,
        application_name="airbyte",
        client_encoding="UTF8",
        options=_TEXT_FORMS,
    )


def watched_conninfo(configuration: Mapping[str, Any]) -> str:
    """As `conninfo_of`, for sessions that end soon after their client has, whatever they wait for.

    Connects once to find out whether the server can do that; raises psycopg.Error when it does not answer.
    """
    return _watched(conninfo_of(configuration))


@lru_cache(maxsize=1)
def _watched(conninfo: str) -> str:
    with psycopg.connect(conninfo, autocommit=True) as session:
        try:
            name, value = _LOOKS_FOR_US.split("=")
            session.execute("select set_config(%s, %s, false)", (name, value))
        except (psycopg.errors.UndefinedObject, psycopg.errors.InvalidParameterValue):
            return conninfo
    return make_conninfo(conninfo, options=f"{_TEXT_FORMS} -c {_LOOKS_FOR_US}")


def source_error(source: Mapping[str, Any], error: Exception) -> WorkerError:
    """The driver's error in one line, with the source's address; says whether trying again can help."""
    words = words_of(error)
    hopeless = any(phrase in words for phrase in _HOPELESS) or bool(hint_of(words))
    address = f"{source['host']}:{source.get('port', 5432)}/{source['database']}"
    return WorkerError(
        f"PostgreSQL {address}: {words}", "config_error" if hopeless else "transient_error", "source"
    )


def words_of(error: Exception) -> str:
    """The driver's error on one line, and what to do if it is about TLS."""
    words = " ".join(str(error).split())
    hint = hint_of(words)
    return f"{words}: {hint}" if hint else words


def quoted(name: str) -> str:
    """An identifier, as PostgreSQL and DuckDB both write it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string, as PostgreSQL and DuckDB both write it."""
    return "'" + text.replace("'", "''") + "'"
