"""Airflow: are the DAGs there, switched on and due, do their pools exist, and does everything still move?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import yaml

from lakehouse.night.dag_defaults import RUN_TIMEOUT, TASK_TIMEOUT
from lakehouse.night.plan import NIGHT
from lakehouse.observe.doctor.finding import Finding, error, note, warn
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.platform.airflow_settings import SETTINGS_FILE

OVERDUE: Final = timedelta(minutes=15)
"""A run that should have been created for so long shows that the scheduler does not create any."""
QUEUED: Final = timedelta(minutes=30)
"""How long a run or a task may wait for its turn: as long as the longest stages of the plan take."""
_PAUSED_AT_FIRST: Final = {
    "sync_": "its connection is synced at night only",
    "stream_": "the live dashboard shows what the last batch brought",
}
"""DAGs that are switched on by hand, by what their names begin with, and what goes on without them."""
_CONTINUOUS: Final = "@continuous"
_UNHEALTHY: Final = ("metadatabase", "scheduler", "triggerer", "dag_processor")


def schedule_look(around: Surroundings) -> Iterator[Finding]:
    """DAGs that are missing, broken, paused, stale or overdue, and parts of Airflow that are not healthy."""
    api = around.airflow()
    health = api.read("monitor/health")
    for part in _UNHEALTHY:
        state = health.get(part) or {}
        if state.get("status") not in (None, "healthy"):
            beat = state.get(f"latest_{part}_heartbeat")
            seen = f"monitor/health: {state['status']}, last heartbeat {beat or 'never'}"
            yield error(f"Airflow's {part} is {state['status']}", seen, around.start_command("airflow"))
    for failure in api.read_all("importErrors", "import_errors"):
        words = failure["stack_trace"].strip().splitlines()[-1]
        command = around.airflow_command("dags list-import-errors")
        yield error(f"{failure['filename']} cannot be imported", words, command)
    dags = {dag["dag_id"]: dag for dag in api.read_all("dags", "dags")}
    yield from _missing(around, dags)
    stages = {stage.name for stage in NIGHT}
    for dag_id, dag in sorted(dags.items()):
        yield from _state_of(around, dag, is_stage=dag_id in stages)
    for stage in NIGHT:
        if not stage.waits_for and stage.name in dags:
            details = api.read(f"dags/{stage.name}/details")
            if details.get("catchup"):
                what = f"{stage.name} catches up on nights it missed, which decision 0009 rules out"
                command = "unset AIRFLOW__SCHEDULER__CATCHUP_BY_DEFAULT"
                yield warn(what, "catchup is true", command)


def _missing(around: Surroundings, dags: dict[str, Any]) -> Iterator[Finding]:
    files = sorted((around.checkout / "dags").glob("[a-z]*.py"))
    held = {
        str(dag.get("relative_fileloc") or dag.get("fileloc") or "").rpartition("/")[2]
        for dag in dags.values()
    }
    for path in files:
        if path.name not in held:
            command = around.airflow_command("dags list-import-errors")
            yield error(f"Airflow knows no DAG of dags/{path.name}", "not listed by GET /dags", command)


def _state_of(around: Surroundings, dag: dict[str, Any], is_stage: bool) -> Iterator[Finding]:
    dag_id = dag["dag_id"]
    if dag.get("is_stale"):
        seen = f"is_stale, last parsed {dag.get('last_parsed_time')}"
        command = around.airflow_command(
            f"dags reserialize --bundle-name {dag.get('bundle_name') or 'dags-folder'}"
        )
        yield (error if is_stage else warn)(f"{dag_id} is stale: its file no longer yields it", seen, command)
        return
    if dag["is_paused"]:
        what = f"{dag_id} is paused" + (": the night does not get past it" if is_stage else "")
        command = around.airflow_command(f"dags unpause {dag_id}")
        if is_stage:
            yield error(what, "is_paused", command)
        elif instead := next(
            (say for name, say in _PAUSED_AT_FIRST.items() if dag_id.startswith(name)), None
        ):
            yield note(f"{what}, as it is at first: {instead}", "is_paused", command)
        elif dag.get("timetable_summary") not in (None, "", "None"):
            yield warn(what, "is_paused", command)
        return
    if dag.get("timetable_summary") == _CONTINUOUS:
        return  # the next run is due while the one before goes on
    due = _instant(dag.get("next_dagrun_run_after"))
    if due is not None and around.now() - due > OVERDUE:
        what = f"{dag_id} should have started a run at {due:%Y-%m-%d %H:%M} UTC"
        yield error(what, f"next_dagrun_run_after {due.isoformat()}", around.start_command("airflow"))


def pools_look(around: Surroundings) -> Iterator[Finding]:
    """Pools that are missing, or differ from airflow_settings.yaml."""
    declared = yaml.safe_load(SETTINGS_FILE.read_text(encoding="utf-8"))["airflow"]["pools"]
    held = {pool["name"]: pool for pool in around.airflow().read_all("pools", "pools")}
    for entry in declared:
        name, slots = entry["pool_name"], int(entry["pool_slot"])
        deferred = bool(entry.get("pool_include_deferred", False))
        flag = " --include-deferred" if deferred else ""
        words = f"pools set{flag} {name} {slots} '{entry.get('pool_description', name)}'"
        command = around.airflow_command(words)
        pool = held.get(name)
        if pool is None:
            yield error(f"the pool {name} is missing: its tasks never start", "GET /pools", command)
        elif pool["slots"] != slots or bool(pool["include_deferred"]) != deferred:
            seen = f"{pool['slots']} slots, include_deferred {pool['include_deferred']}"
            wanted = f"airflow_settings.yaml: {slots} slots, include_deferred {deferred}"
            yield warn(f"the pool {name} differs from airflow_settings.yaml", f"{seen}; {wanted}", command)


def stuck_look(around: Surroundings) -> Iterator[Finding]:
    """Runs that wait or run for too long, and tasks that are deferred or queued for too long."""
    api = around.airflow()
    for state, since, limit in (("queued", "queued_at", QUEUED), ("running", "start_date", RUN_TIMEOUT)):
        for run in api.read_all("dags/~/dagRuns", "dag_runs", {"state": state}):
            yield from _too_long(around, run, state, since, limit)
    for state, since, limit in (
        ("deferred", "start_date", TASK_TIMEOUT + QUEUED),
        ("queued", "queued_when", QUEUED),
        ("scheduled", "scheduled_when", QUEUED),
    ):
        for task in api.read_all("dags/~/dagRuns/~/taskInstances", "task_instances", {"state": state}):
            yield from _too_long(around, task, state, since, limit)


def _too_long(
    around: Surroundings, thing: dict[str, Any], state: str, since: str, limit: timedelta
) -> Iterator[Finding]:
    began = _instant(thing.get(since))
    if began is None or around.now() - began <= limit:
        return
    dag_id, run_id = thing["dag_id"], thing["dag_run_id"]
    name = f"{dag_id}.{thing['task_id']} of {run_id}" if "task_id" in thing else f"{dag_id}, run {run_id}"
    hours = (around.now() - began).total_seconds() / 3600
    command = around.airflow_command(f"dags clear {dag_id} --run-id {run_id} --yes")
    yield warn(f"{name} has been {state} for {hours:.1f} h", f"{since} {began.isoformat()}", command)


def _instant(text: Any) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC) if text else None
