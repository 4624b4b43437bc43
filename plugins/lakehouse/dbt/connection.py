"""What a dbt process is told when it starts: how to reach Dremio, and which date it works on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from airflow.sdk import Connection

from lakehouse.dremio.hook import DREMIO_REST_PORT
from lakehouse.night.business_date import business_date
from lakehouse.platform.airflow_connections import airflow_connection
from lakehouse.platform.names import DREMIO_CONNECTION

_QUIET_DBT: Final = {
    "DO_NOT_TRACK": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DBT_USE_COLORS": "false",
    # The project runs from a folder that is thrown away: its log file would be written for nobody.
    "DBT_LOG_LEVEL_FILE": "none",
    # So would the manifest; Cosmos wants one beside its parse cache. See lakehouse.dbt.forked.artifacts.
    "LAKEHOUSE_DBT_MANIFEST": "parsed",
}


def dremio_environment(connection: Connection) -> dict[str, str]:
    """The variables that include/dbt/profiles.yml reads, from an Airflow connection.

    The password goes by a DBT_ENV_SECRET_ name, which keeps it out of dbt's logs and parse cache, and which
    Airflow masks as well.
    """
    return {
        "DREMIO_HOST": connection.host or "",
        "DREMIO_PORT": str(connection.port or DREMIO_REST_PORT),
        "DREMIO_USER": connection.login or "",
        "DBT_ENV_SECRET_DREMIO_PASSWORD": connection.password or "",
        "DREMIO_USE_SSL": str(connection.schema == "https"),
    }


def tell_dbt(context: Mapping[str, Any], operator: Any) -> None:
    """Cosmos interceptor: set the environment of the dbt process that `operator` is about to start.

    Runs in the worker, so that nothing of the connection is known when the DAG is parsed.

    Raises:
        BusinessDateError: the run has no business date.
        ConnectionMissingError: there is no connection `dremio_default`.
    """
    operator.env = {
        **(operator.env or {}),
        **_QUIET_DBT,
        **dremio_environment(airflow_connection(DREMIO_CONNECTION)),
        "LAKEHOUSE_BUSINESS_DATE": business_date(context).isoformat(),
    }
