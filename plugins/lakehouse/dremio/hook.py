"""Airflow's door to Dremio: a connection becomes a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lakehouse.dremio.client import DremioClient
from lakehouse.platform.airflow_connections import TellsWhatIsMissing
from lakehouse.platform.names import DREMIO_CONNECTION

if TYPE_CHECKING:
    from airflow.sdk import Connection

DREMIO_REST_PORT: Final = 9047
"""Dremio's default; used when the connection names no port."""


class DremioHook(TellsWhatIsMissing):
    """Opens a client from a connection of type http: host, port, login, password, schema http or https."""

    def __init__(self, conn_id: str = DREMIO_CONNECTION) -> None:
        super().__init__()
        self.conn_id = conn_id

    def get_conn(self) -> DremioClient:
        """A client that logs in at its first call."""
        return client_of(self.get_connection(self.conn_id))


def client_of(connection: Connection) -> DremioClient:
    """A client for a connection already fetched: what a trigger has, which may not block to build a hook."""
    host = (connection.host or "").rstrip("/")
    address = host if "://" in host else f"{connection.schema or 'http'}://{host}"
    port = connection.port or DREMIO_REST_PORT
    return DremioClient(f"{address}:{port}", connection.login or "", connection.password or "")
