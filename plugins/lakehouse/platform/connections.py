"""Connections as a process without Airflow finds them: from its environment alone.

Airflow's own variable `AIRFLOW_CONN_<ID>` (JSON or a URI) comes first, else `airflow_settings.yaml`
with its placeholders filled. A process that imports Airflow takes its hooks instead.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import yaml

from lakehouse.platform.airflow_settings import SETTINGS_FILE, SettingsError, connections, fill
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.names import PLATFORM_CONNECTION

CONNECT_SECONDS: Final = 3
STATEMENT_SECONDS: Final = 15
"""A database that is this slow counts as away: who asks has others to serve."""
SSL_WORDS: Final = ("sslmode", "sslrootcert", "sslcert", "sslkey")
"""What the extra of a PostgreSQL connection says of TLS, in libpq's words."""
OBSERVER: Final = "lakehouse-observe"
"""Who asks, as the server lists it."""


class ConnectionUnknownError(PermanentError):
    """The environment does not say where a service is; the message names the variables to set."""


@dataclass(frozen=True)
class Connection:
    """The fields of an Airflow connection."""

    host: str = ""
    port: int | None = None
    schema: str = ""
    login: str = ""
    password: str = field(default="", repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def url(self, default_port: int | None = None) -> str:
        """Where an HTTP service is: `http://host:port`, or the host itself where that is an address."""
        host = self.host.rstrip("/")
        address = host if "://" in host else f"{self.schema or 'http'}://{host}"
        port = self.port or default_port
        return f"{address}:{port}" if port else address


def connection(conn_id: str, environment: Mapping[str, str] | None = None) -> Connection:
    """The connection that this process's environment describes.

    Raises:
        ConnectionUnknownError: neither Airflow's variable nor those of the settings file are set.
    """
    found = os.environ if environment is None else environment
    variable = f"AIRFLOW_CONN_{conn_id.upper()}"
    if value := found.get(variable, "").strip():
        return _from_json(json.loads(value)) if value.startswith("{") else _from_uri(value)
    declared = yaml.safe_load(SETTINGS_FILE.read_text(encoding="utf-8"))["airflow"]["connections"]
    entry = [each for each in declared if each["conn_id"] == conn_id]
    if not entry:
        raise ConnectionUnknownError(f"set {variable}: {SETTINGS_FILE.name} declares no such connection")
    try:
        known = connections({"connections": fill(entry, found)})
    except SettingsError as error:
        raise ConnectionUnknownError(f"set {variable}, or what {SETTINGS_FILE.name} asks: {error}") from error
    found_entry = known[conn_id]
    return _from_uri(found_entry) if isinstance(found_entry, str) else _from_json(found_entry)


class DirectPostgres:
    """Connections to a PostgreSQL by psycopg 3, without Airflow; each gives up on a slow server."""

    def __init__(self, where: Connection, application: str = OBSERVER) -> None:
        self._where = where
        self._application = application

    def get_conn(self) -> Any:
        """A new connection. Raises psycopg.OperationalError when the server is away."""
        import psycopg

        encryption: dict[str, Any] = {
            word: str(self._where.extra[word]) for word in SSL_WORDS if self._where.extra.get(word)
        }
        return psycopg.connect(
            host=self._where.host,
            port=self._where.port,
            dbname=self._where.schema,
            user=self._where.login,
            password=self._where.password,
            connect_timeout=CONNECT_SECONDS,
            options=f"-c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout={STATEMENT_SECONDS}s",
            application_name=self._application,
            **encryption,
        )


def direct_postgres(environment: Mapping[str, str] | None = None) -> DirectPostgres:
    """The platform's PostgreSQL. Raises ConnectionUnknownError."""
    return DirectPostgres(connection(PLATFORM_CONNECTION, environment))


def _from_json(fields: Mapping[str, Any]) -> Connection:
    extra = fields.get("extra") or {}
    return Connection(
        host=str(fields.get("host") or ""),
        port=int(fields["port"]) if fields.get("port") else None,
        schema=str(fields.get("schema") or ""),
        login=str(fields.get("login") or ""),
        password=str(fields.get("password") or ""),
        extra=json.loads(extra) if isinstance(extra, str) else extra,
    )


def _from_uri(uri: str) -> Connection:
    """Airflow's form of a URI: every part percent-encoded, extras as the query."""
    parts = urlsplit(uri)
    extra = dict(parse_qsl(parts.query))
    if "__extra__" in extra:
        extra = json.loads(extra["__extra__"])
    return Connection(
        host=unquote(parts.hostname or ""),
        port=parts.port,
        schema=unquote(parts.path.lstrip("/")),
        login=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        extra=extra,
    )
