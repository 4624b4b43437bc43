"""The same gathering in an Airflow task, for a platform whose observer is away or was never started."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Final

from lakehouse.observe.metrics.gather import Gathered, gather, was_gathered_within
from lakehouse.observe.metrics.reach import sources_of
from lakehouse.platform.connections import Connection, ConnectionUnknownError
from lakehouse.platform.database import PostgresConnections

RECENT: Final = timedelta(minutes=2)
"""The observer gathers more often: then there is nothing to do here."""


def gather_metrics(postgres: PostgresConnections) -> list[Gathered]:
    """Read every source unless somebody else has done so just now; what was read.

    Raises:
        PlatformDatabaseUnavailableError: PostgreSQL is away.
    """
    if was_gathered_within(postgres, RECENT):
        return []
    return gather(postgres, sources_of(postgres, airflow_connection, os.environ))


def airflow_connection(conn_id: str) -> Connection:
    """One of Airflow's connections, wherever Airflow keeps it. Raises ConnectionUnknownError."""
    from airflow.exceptions import AirflowException
    from airflow.sdk import BaseHook

    try:
        found = BaseHook.get_connection(conn_id)
    except AirflowException as error:
        raise ConnectionUnknownError(f"Airflow has no connection {conn_id}: {error}") from error
    return Connection(
        host=found.host or "",
        port=found.port,
        schema=found.schema or "",
        login=found.login or "",
        password=found.password or "",
        extra=found.extra_dejson,
    )
