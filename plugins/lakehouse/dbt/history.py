"""After a dbt process: its row in `dbt_run_history`, its report, and its failure in plain words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lakehouse.dbt.project import PROJECT_NAME
from lakehouse.dbt.run_results import RunResults, read_run_results, refuse_failures, stage_report
from lakehouse.night.business_date import business_date
from lakehouse.platform.database import PostgresConnections, platform_postgres, transaction
from lakehouse.platform.sql_files import read_sql


def record_dbt_run(project_dir: str, context: Mapping[str, Any]) -> None:
    """Cosmos callback, called whether dbt succeeded or not, with the folder it ran in.

    The report becomes the task's return value, which is where the receipt looks. Raising here replaces
    Cosmos's "returned a non-zero exit code 1" by what went wrong, and decides whether a retry makes sense.

    Raises:
        DbtModelError: a statement could not run (retried).
        DbtModelFaultError: a statement that will never run (not retried).
        DataTestFailedError: a test found bad rows (not retried).
    """
    path = Path(project_dir) / "target" / "run_results.json"
    if not path.is_file():
        # dbt ended before it ran anything; Cosmos raises with dbt's whole output.
        return
    run = read_run_results(path)
    task = context["ti"]
    write_history(
        platform_postgres(),
        run,
        {"dag": task.dag_id, "task": task.task_id, "business_date": business_date(context).isoformat()},
    )
    refuse_failures(run)
    task.xcom_push(key="return_value", value=stage_report(run))


def write_history(postgres: PostgresConnections, run: RunResults, origin: Mapping[str, str]) -> None:
    """Store the run in `dbt_run_history`, its nodes and where it came from under `metadata`."""
    values = {
        "run_id": run.invocation_id,
        "project_name": PROJECT_NAME,
        "started_at": _utc_without_zone(run.started_at),
        "completed_at": _utc_without_zone(run.completed_at),
        "status": run.status,
        "models_run": len(run.of_kind("model")),
        "tests_run": len(run.of_kind("test")),
        "metadata": json.dumps({**origin, "results": [asdict(result) for result in run.results]}),
    }
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/dbt/upsert_dbt_run_history.sql"), values)


def _utc_without_zone(moment: datetime) -> datetime:
    """The specification's columns are TIMESTAMP without a zone; they hold UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None)
