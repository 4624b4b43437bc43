"""Airflow's door to itself: a connection becomes a client of its REST API."""

from __future__ import annotations

from typing import Final

from airflow.sdk import Connection

from lakehouse.platform.airflow_api import AirflowApi
from lakehouse.platform.airflow_connections import TellsWhatIsMissing
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.names import AIRFLOW_CONNECTION

PATIENCE_SECONDS: Final = 20.0
"""A task asks the API server that it talks to anyway: if that is away for longer, the next run asks again."""


class AirflowConnectionIncompleteError(PermanentError):
    """The Airflow connection lacks its host; the message names the connection."""


class AirflowApiHook(TellsWhatIsMissing):
    """Opens a client from a connection of type http: host, port, login, password, schema http or https."""

    def __init__(self, conn_id: str = AIRFLOW_CONNECTION) -> None:
        super().__init__()
        self.conn_id = conn_id

    def get_conn(self, patience_seconds: float = PATIENCE_SECONDS) -> AirflowApi:
        """A client that signs in at its first call, and repeats a call for so long while nobody answers.

        Raises:
            AirflowConnectionIncompleteError: the connection has no host.
        """
        return api_of(self.get_connection(self.conn_id), patience_seconds)


def api_of(connection: Connection, patience_seconds: float = PATIENCE_SECONDS) -> AirflowApi:
    """As `AirflowApiHook.get_conn`, for a trigger, which has read its connection itself.

    Raises:
        AirflowConnectionIncompleteError: the connection has no host.
    """
    host = (connection.host or "").rstrip("/")
    if not host:
        raise AirflowConnectionIncompleteError(
            f"the Airflow connection {connection.conn_id!r} has no host: "
            "give it the address of the API server"
        )
    address = host if "://" in host else f"{connection.schema or 'http'}://{host}"
    if connection.port:
        address = f"{address}:{connection.port}"
    return AirflowApi(
        address,
        connection.login or "",
        connection.password or "",
        patience_seconds=patience_seconds,
    )
