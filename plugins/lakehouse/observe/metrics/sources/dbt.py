"""What dbt spent on each model, from `dbt_run_history`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Final

from lakehouse.observe.metrics.observation import Found, Observation
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql

METRIC: Final = "dbt_model_execution_time"
RUNS_AT_A_LOOK: Final = 500


class DbtModels:
    """Seconds by model and stage, of every invocation."""

    name = "dbt"

    def __init__(self, postgres: PostgresConnections) -> None:
        self._postgres = postgres

    def look(self, position: Mapping[str, Any]) -> Found:
        """The runs that have not been counted: asked by what was counted, not by a clock."""
        with transaction(self._postgres) as cursor:
            values = {"metric": METRIC, "most": RUNS_AT_A_LOOK}
            cursor.execute(read_sql("postgres/observe/metrics/select_uncounted_dbt_runs.sql"), values)
            rows = cursor.fetchall()
        told = []
        for run_id, completed_at, metadata in rows:
            at = completed_at.replace(tzinfo=UTC)
            stage = str(metadata.get("dag", ""))
            for result in metadata.get("results") or []:
                kind, _, name = str(result["unique_id"]).split(".")[:3]
                if kind == "model":
                    labels = {"model": name, "stage": stage, "outcome": str(result["status"])}
                    seconds = max(0.0, float(result.get("seconds") or 0))
                    told.append(Observation(METRIC, f"{run_id} {name}", labels, seconds, at))
        return Found(observations=told, position=position, more=len(rows) == RUNS_AT_A_LOOK)
