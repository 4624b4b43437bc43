"""What a command needs that runs outside of Airflow's processes and uses its connections."""

from __future__ import annotations

import os


def look_in_airflow_s_database() -> None:
    """Have this process find the connections that were made in Airflow's UI, too.

    Outside of its own processes Airflow asks environment variables and a secrets backend only. This is the
    variable by which its scheduler and API server say that they may ask the database
    (`airflow.sdk.execution_time.supervisor.ensure_secrets_backend_loaded`, 3.3).
    """
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
