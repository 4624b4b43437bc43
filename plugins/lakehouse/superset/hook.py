"""Airflow's door to Superset: connections become a client and the lake's address as Superset dials it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from lakehouse.platform.airflow_connections import TellsWhatIsMissing, airflow_connection
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.names import DREMIO_CONNECTION, SUPERSET_CONNECTION
from lakehouse.superset.client import CALL_SECONDS, SupersetClient

_FLIGHT_PORT: Final = 32010


class ConnectionIncompleteError(PermanentError):
    """An Airflow connection lacks what Superset needs; the message names the connection and the field."""


class SupersetHook(TellsWhatIsMissing):
    """Opens a client from a connection of type http: host, port, login, password, schema http or https.

    Args:
        timeout: seconds that a call may take.
    """

    def __init__(self, conn_id: str = SUPERSET_CONNECTION, timeout: float = CALL_SECONDS) -> None:
        super().__init__()
        self.conn_id = conn_id
        self.timeout = timeout

    def get_conn(self) -> SupersetClient:
        """A client that logs in at its first call.

        Raises:
            ConnectionIncompleteError: the connection has no host.
        """
        connection = self.get_connection(self.conn_id)
        host = _host(connection, self.conn_id)
        address = host if "://" in host else f"{connection.schema or 'http'}://{host}"
        if connection.port:
            address = f"{address}:{connection.port}"
        login, password = connection.login or "", connection.password or ""
        return SupersetClient(address, login, password, timeout=self.timeout)


def lake_uri(conn_id: str = DREMIO_CONNECTION) -> str:
    """The SQLAlchemy address of Dremio's Arrow Flight port for sqlalchemy-dremio, with the password in it.

    From the Airflow connection's host, login, password, schema (https means an encrypted Flight port) and
    extra ``flight_port``; extra ``superset_host`` replaces the host where Superset sees another network.

    Raises:
        ConnectionIncompleteError: no host, or a password that sqlalchemy-dremio cannot carry.
    """
    connection = airflow_connection(conn_id)
    extra = connection.extra_dejson
    host = extra.get("superset_host") or urlsplit(f"//{_host(connection, conn_id).split('://')[-1]}").hostname
    password = connection.password or ""
    if ";" in password:
        # sqlalchemy-dremio joins its settings by ";" and does not quote (its db.py, Connection.__init__).
        raise ConnectionIncompleteError(
            f"the password of the Airflow connection {conn_id!r} contains ';', which sqlalchemy-dremio "
            "cannot carry: choose another password for Superset's access to Dremio"
        )
    user = quote(connection.login or "", safe="")
    port = extra.get("flight_port", _FLIGHT_PORT)
    options = urlencode({"UseEncryption": "true" if connection.schema == "https" else "false"})
    return f"dremio+flight://{user}:{quote(password, safe='')}@{host}:{port}/?{options}"


def _host(connection: Any, conn_id: str) -> str:
    host = (connection.host or "").rstrip("/")
    if not host:
        raise ConnectionIncompleteError(f"the Airflow connection {conn_id!r} has no host")
    return host
