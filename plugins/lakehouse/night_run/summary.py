"""The last lines of a night: what was published and where to look, or what failed and why."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from lakehouse.night_run.follow import Progress
from lakehouse.night_run.receipts_read import Failure, NightReceipt
from lakehouse.platform.airflow_api import AirflowApi, Run
from lakehouse.platform.repository import REPOSITORY
from lakehouse.receipts.log_path import log_path

LAYERS: Final = {
    "landing": ("extract_postgres", "extract_apis"),
    "bronze": ("load_bronze",),
    "staging": ("transform_staging",),
    "intermediate": ("transform_intermediate",),
    "marts": ("transform_marts",),
    "gold": ("test_data_quality",),
}
"""The stages that write each layer."""


def success_lines(stages: Iterable[Progress], receipt: NightReceipt, api: AirflowApi, user: str) -> list[str]:
    """Rows per layer, what was published, cache hits, addresses and logins."""
    entries = {
        each.stage.name: receipt.stage(each.stage.name, each.run.run_id if each.run else None)
        for each in stages
    }
    rows = (
        f"{layer} {sum(entries[name].get('rows_out') or 0 for name in names):,}"
        for layer, names in LAYERS.items()
    )
    lines = [f"rows written  {' · '.join(rows)}"]
    if quarantined := sum(entry.get("rows_quarantined") or 0 for entry in entries.values()):
        lines.append(f"quarantined   {quarantined:,} rows: s3://datalake/bronze/quarantine/")
    lines += [f"not loaded    {sentence}" for sentence in not_loaded(entries["load_bronze"])]
    lines += [f"columns       {sentence}" for sentence in changed_columns(entries["load_bronze"])]
    if models := published_models(entries["test_data_quality"]):
        told = " · ".join(f"{name} {rows:,} rows changed" for name, rows in sorted(models.items()))
        lines.append(f"published     {told}")
    if warmed := warmed_dashboards(entries["warm_dashboards"]):
        lines.append(f"dashboards    {' · '.join(warmed)}")
    return [*lines, *addresses(api, user), f"receipt       {_shown(receipt.path)}"]


def addresses(api: AirflowApi, user: str) -> list[str]:
    """Where to look, and how to sign in."""
    lines = [_login("Airflow", api.url, user, os.environ.get("AIRFLOW_PASSWORD"))]
    if url := os.environ.get("SUPERSET_URL"):
        user = os.environ.get("SUPERSET_USER", "")
        lines.append(_login("Superset", url, user, os.environ.get("SUPERSET_PASSWORD")))
    return lines


def failure_lines(failed: Iterable[Progress], receipt: NightReceipt, api: AirflowApi) -> list[str]:
    """Each stage that failed and each of its tasks that did: the error's own words, and where the log is."""
    return [line for each in failed for line in _failed_stage(each, receipt, api)]


def _failed_stage(stage: Progress, receipt: NightReceipt, api: AirflowApi) -> list[str]:
    run = stage.run
    lines = [f"FAILED        stage {stage.stage.name}"]
    if run is None:
        return [*lines, f"error         {stage.note}"]
    known = receipt.failures(stage.stage.name, run.run_id)
    failures = known + failures_in_logs(api, run, {each.task for each in known})
    if not failures:
        lines.append(f"error         {stage.note or 'no task failed: the run itself ended as failed'}")
    for failure in failures:
        lines += [f"task          {failure.task}", f"error         {failure.error}"]
        if failure.log:
            lines.append(f"log           {log_file(failure.log)}")
    return [*lines, f"page          {api.run_page(run)}"]


def failures_in_logs(api: AirflowApi, run: Run, told: Collection[str] = ()) -> list[Failure]:
    """The failed tasks of a run, but for those that are told already."""
    return [
        Failure(
            task.task_id,
            api.error_of(run, task) or "told in the log only",
            log_path(run.dag_id, run.run_id, task.task_id, task.map_index, task.try_number),
        )
        for task in api.tasks(run)
        if task.state == "failed" and task.task_id not in told
    ]


def not_loaded(entry: Mapping[str, Any]) -> list[str]:
    """Rows that a date has claimed and that are not in bronze, as load_bronze's last task told."""
    return [
        sentence
        for task in entry.get("tasks", [])
        for sentence in (task.get("report") or {}).get("detail", {}).get("not_loaded") or []
    ]


def changed_columns(entry: Mapping[str, Any]) -> list[str]:
    """What is not as the contracts have it, as the tasks of load_bronze told: a sentence for each stream."""
    details = [(task.get("report") or {}).get("detail", {}) for task in entry.get("tasks", [])]
    return [
        f"{detail['stream']}: {'; '.join(detail['column_changes'])} (bin/source check NAME says what to do)"
        for detail in details
        if detail.get("column_changes")
    ]


def published_models(entry: Mapping[str, Any]) -> dict[str, int]:
    """Rows changed for each published model, as the tasks of test_data_quality told."""
    models: dict[str, int] = {}
    for task in entry.get("tasks", []):
        for name, model in ((task.get("report") or {}).get("detail", {}).get("models") or {}).items():
            models[name] = int(model.get("rows") or 0)
    return models


def warmed_dashboards(entry: Mapping[str, Any]) -> list[str]:
    """A sentence for each dashboard, as the tasks of warm_dashboards told."""
    details = [(task.get("report") or {}).get("detail", {}) for task in entry.get("tasks", [])]
    return [
        f"{detail['dashboard']}: {detail['hits']} of {detail['charts_warmed']} charts answered from the cache"
        for detail in details
        if detail.get("dashboard")
    ]


def _login(name: str, url: str, user: str, password: str | None) -> str:
    return f"{name:<13} {url}  (sign in as {user} / {password or '?'})"


def log_file(below_log_folder: str) -> str:
    """The log's path as the reader can open it."""
    state = os.environ.get("LAKEHOUSE_STATE_DIR")
    folder = Path(state) if state else REPOSITORY / ".local" / "state"
    return _shown(folder / "airflow" / "logs" / below_log_folder)


def _shown(path: Path) -> str:
    """The path from where the reader stands, if it lies below."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
