"""What a command needs that runs outside of Airflow's processes and uses its connections."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from lakehouse.platform.errors import PermanentError

if TYPE_CHECKING:
    from airflow.sdk import Connection


class ConnectionMissingError(PermanentError):
    """Airflow has no connection of that id, wherever it was looked for."""


def look_in_airflow_s_database() -> None:
    """Have this process find the connections that were made in Airflow's UI, too.

    Outside of its own processes Airflow asks environment variables and a secrets backend only. This is the
    variable by which its scheduler and API server say that they may ask the database
    (`airflow.sdk.execution_time.supervisor.ensure_secrets_backend_loaded`, 3.3).
    """
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")


def find_connection(conn_id: str) -> Connection:
    """Airflow's connection of that id.

    Raises:
        ConnectionMissingError: there is none that this process can see.
    """
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        raise ConnectionMissingError(
            f"there is no Airflow connection {conn_id}: add it to airflow_settings.yaml, set "
            f"AIRFLOW_CONN_{conn_id.upper()}, or make it in Airflow's UI (Admin, Connections)"
        ) from None
