"""After a dbt process: its row in `dbt_run_history`, its report, and its failure in plain words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakehouse.dbt.project import PROJECT_NAME
from lakehouse.dbt.run_results import RunResults, read_run_results, refuse_failures, stage_report
from lakehouse.night.business_date import business_date
from lakehouse.platform.sql_files import read_sql
from lakehouse.receipts.store import PLATFORM_CONNECTION

if TYPE_CHECKING:
    from airflow.providers.postgres.hooks.postgres import PostgresHook


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
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    run = read_run_results(path)
    task = context["ti"]
    write_history(
        PostgresHook(PLATFORM_CONNECTION),
        run,
        {"dag": task.dag_id, "task": task.task_id, "business_date": business_date(context).isoformat()},
    )
    refuse_failures(run)
    task.xcom_push(key="return_value", value=stage_report(run))


def write_history(hook: PostgresHook, run: RunResults, origin: Mapping[str, str]) -> None:
    """Store the run in `dbt_run_history`, its nodes and where it came from under `metadata`."""
    hook.run(
        read_sql("postgres/upsert_dbt_run_history.sql"),
        parameters={
            "run_id": run.invocation_id,
            "project_name": PROJECT_NAME,
            "started_at": _utc_without_zone(run.started_at),
            "completed_at": _utc_without_zone(run.completed_at),
            "status": run.status,
            "models_run": len(run.of_kind("model")),
            "tests_run": len(run.of_kind("test")),
            "metadata": json.dumps({**origin, "results": [asdict(result) for result in run.results]}),
        },
    )


def _utc_without_zone(moment: datetime) -> datetime:
    """The specification's columns are TIMESTAMP without a zone; they hold UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None)
