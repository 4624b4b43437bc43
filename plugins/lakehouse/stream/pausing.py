"""Has somebody paused the stream in the web UI? A run of a paused DAG goes on, so the loop asks."""

from __future__ import annotations

import logging

from lakehouse.platform.airflow_api import AirflowApi, AirflowApiError
from lakehouse.platform.airflow_api_hook import AirflowApiHook

log = logging.getLogger(__name__)


class DagPaused:
    """Asks Airflow's REST API; while that does not answer, the last answer holds."""

    def __init__(self, dag_id: str) -> None:
        self._dag_id = dag_id
        self._api: AirflowApi | None = None
        self._last = False

    def __call__(self) -> bool:
        """Is the DAG paused?"""
        try:
            if self._api is None:
                self._api = AirflowApiHook().get_conn(patience_seconds=0)
            self._last = bool(self._api.read(f"dags/{self._dag_id}")["is_paused"])
        except AirflowApiError as error:
            log.info("whether %s is paused could not be asked: %s", self._dag_id, error)
        return self._last
