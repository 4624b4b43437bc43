"""Each fault of the soak, as Airflow tells it and as the receipts tell it: one incident, the right root, over
by itself after the fix.
"""

# ruff: noqa: E501 - the faults are a table: one row per line.

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from lakehouse.night.plan import NIGHT, stage
from lakehouse.observe.incidents import hearing, listener
from lakehouse.observe.incidents.finding import Incident
from lakehouse.observe.incidents.reading import open_incidents, resolved_incidents
from lakehouse.observe.incidents.reconcile import reconcile
from lakehouse.platform.connections import DirectPostgres
from lakehouse.platform.database import transaction
from lakehouse.platform.sql_files import read_sql

DAY = date(2025, 10, 16)
API, SHOP = "shop_api_to_lake", "shop_postgres_to_lake"
JOB = "Airbyte job 7 of {} (http://127.0.0.1:8001/jobs/7) {}. This task's next attempt syncs again"


@dataclass(frozen=True)
class Fault:
    """What a task's last attempt ends with, by the soak's name of the fault."""

    name: str
    stage: str
    task: str
    error: str | None
    cause: str | None = None


FAULTS = (
    Fault("source_is_down", "extract_apis", "sync_shop_api", f"AirbyteJobFailedError: {JOB.format(API, 'failed: refused')}", f"connection:{API}"),
    Fault("source_dies_mid_sync", "extract_apis", "sync_shop_api", f"AirbyteJobFailedError: {JOB.format(API, 'failed: shipments')}", f"connection:{API}"),
    Fault("source_database_dies_mid_sync", "extract_postgres", "sync_shop_postgres", f"AirbyteJobFailedError: {JOB.format(SHOP, 'failed: PostgreSQL')}", f"connection:{SHOP}"),
    Fault("postgres_crashes_mid_sync", "extract_postgres", "sync_shop_postgres", "PlatformDatabaseUnavailableError: the platform's PostgreSQL is away", "service:platform_postgres"),
    Fault("airbyte_cannot_store", "extract_postgres", "sync_shop_postgres", f"AirbyteJobFailedError: {JOB.format(SHOP, 'failed: InsufficientStorage')}", f"connection:{SHOP}"),
    Fault("airbyte_is_down", "extract_postgres", "sync_shop_postgres", "AirbyteUnavailableError: Airbyte does not answer", "service:airbyte_default"),
    Fault("job_is_cancelled", "extract_postgres", "sync_shop_postgres", f"AirbyteJobCancelledError: {JOB.format(SHOP, 'was cancelled')}"),
    Fault("connection_is_busy", "extract_postgres", "sync_shop_postgres", f"JobAheadError: Airbyte keeps {SHOP} busy with job 7", f"connection:{SHOP}"),
    Fault("task_dies_without_a_word", "extract_postgres", "sync_shop_postgres_cdc", None),
    Fault("task_is_killed", "extract_postgres", "sync_shop_postgres_cdc", "TaskInstance's state was manually set to `failed`."),
    Fault("column_becomes_text", "load_bronze", "load_orders", "ContractBrokenError: stream orders, 2025-10-16: 9 of 10 rows break include/contracts/orders.yaml"),
    Fault("keys_are_missing", "load_bronze", "load_orders", "ContractBrokenError: stream orders, 2025-10-16: 3 of 10 rows break include/contracts/orders.yaml"),
    Fault("column_is_dropped", "load_bronze", "load_orders", "NewColumnsRefusedError: orders"),
    Fault("landing_is_truncated", "load_bronze", "load_customers", "LandingFileUnreadableError: s3://datalake/x"),
    Fault("store_refuses_writes", "load_bronze", "load_customers", "StorageUnavailableError: 507", "service:lake_s3"),
    Fault("disk_is_full", "load_bronze", "load_customers", "ScratchFullError: no room"),
    Fault("dremio_is_down", "transform_staging", "staging.build_stg_orders", "DbtModelError: model stg_orders: HTTPConnectionPool: Max retries exceeded", "service:dremio_default"),
    Fault("model_is_wrong", "transform_intermediate", "intermediate.build_int_orders", "DbtModelFaultError: model int_orders: PARSE ERROR"),
    Fault("model_fails", "transform_marts", "marts.build_fct_orders", "DbtModelError: model fct_orders: RESOURCE ERROR"),
    Fault("mart_is_wrong", "test_data_quality", "audit_marts", "DataTestFailedError: 1 of 9 data tests failed: positive_amounts found 2 bad rows. Nothing behind this task has run."),
    Fault("reflection_cannot_be_built", "refresh_reflections", "wait_for_reflections", "ReflectionFailedError: agg_daily_revenue"),
    Fault("superset_is_down", "warm_dashboards", "warm", "SupersetUnavailableError: no answer", "service:superset_default"),
)  # fmt: skip

COMMANDS = {"mart_is_wrong": f"bin/stage run transform_marts {DAY}"}
"""Where trying the failed task again would find the same."""
ONE_OF_EACH_STAGE = tuple({fault.stage: fault for fault in FAULTS}.values())


@pytest.fixture(autouse=True)
def at_once(postgres: DirectPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events are worked off where they are heard; nobody is told."""
    monkeypatch.setattr(hearing, "_do", lambda work, wait_seconds=0: work())
    monkeypatch.setattr(hearing, "postgres_here", lambda: postgres)
    monkeypatch.setattr(hearing, "deliver_alerts", lambda postgres: 0)


def run_id(kind: str = "scheduled", number: int = 1) -> str:
    return f"{kind}__{DAY}T01:00:00+00:00_{number}"


def task_instance(fault: Fault, state: str = "failed", number: int = 1, attempt: int = 4) -> SimpleNamespace:
    run = SimpleNamespace(
        partition_key=DAY.isoformat(),
        run_type=run_id().split("__")[0],
        queued_at=stage("extract_postgres").starts_at(DAY) + timedelta(minutes=2),
    )
    return SimpleNamespace(
        dag_id=fault.stage,
        run_id=run_id(number=number),
        task_id=fault.task,
        map_index=-1,
        try_number=attempt,
        state=state,
        _ti_context_from_server=SimpleNamespace(dag_run=run),
    )


def dag_run(stage_name: str, **more: Any) -> SimpleNamespace:
    fields = {"dag_id": stage_name, "run_id": run_id(), "partition_key": DAY.isoformat()}
    return SimpleNamespace(**fields | more)


def keep(
    postgres: DirectPostgres, stage_name: str, task: str, state: str, started: datetime, **more: Any
) -> None:
    """A row of a receipt."""
    values = {
        "business_date": DAY,
        "stage": stage_name,
        "run_id": run_id(),
        "task_id": task,
        "map_index": -1,
        "state": state,
        "attempts": 4,
        "started_at": started,
        "ended_at": None if state == "running" else started + timedelta(minutes=1),
        "emits_asset": False,
        "report": None,
        "error": None,
        "log": "x.log",
    }
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/receipts/upsert_night_receipt.sql"), values | more)


def the_only(postgres: DirectPostgres) -> Incident:
    [found] = open_incidents(postgres)
    return found


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_that_airflow_tells(postgres: DirectPostgres, fault: Fault) -> None:
    """A retry first, which nobody hears of; then the failure; then a retry that works."""
    error = None if fault.error is None else fault.error
    for attempt in (1, 2, 3):
        waiting = task_instance(fault, state="up_for_retry", attempt=attempt)
        listener.on_task_instance_failed(None, waiting, error)
    assert open_incidents(postgres) == []
    listener.on_task_instance_failed(None, task_instance(fault), error)
    listener.on_dag_run_failed(dag_run(fault.stage), "task_failure")
    found = the_only(postgres)
    assert (found.root, found.business_date, found.severity) == (fault.stage, DAY, "page")
    assert found.cause_group == fault.cause
    assert found.evidence["task"] == fault.task
    clear = f"bin/stage clear {fault.stage} {DAY}"
    assert found.command == COMMANDS.get(fault.name, clear)
    assert found.evidence["rerun"].startswith("safe")
    if fault.error:
        assert fault.error in str(found.error)
    listener.on_dag_run_success(dag_run(fault.stage), "success")
    assert open_incidents(postgres) == []
    [ended] = resolved_incidents(postgres, datetime(2025, 1, 1, tzinfo=UTC))
    assert ended.occurrences == 1
    assert run_id() in str(ended.fixed_by)


@pytest.mark.parametrize("fault", ONE_OF_EACH_STAGE, ids=lambda fault: fault.name)
def test_a_fault_that_only_the_receipts_know(postgres: DirectPostgres, fault: Fault) -> None:
    """The worker was killed, or the listener not loaded: reconciling finds it, once, and its end."""
    started = datetime(2025, 10, 16, 2, 30, tzinfo=UTC)
    for before in NIGHT:
        if before.name == fault.stage:
            break
        keep(postgres, before.name, "work", "success", started - timedelta(hours=1), emits_asset=True)
    keep(postgres, fault.stage, fault.task, "failed", started, error=fault.error)
    for minutes in (3, 4, 40):
        reconcile(postgres, started + timedelta(minutes=minutes))
    found = the_only(postgres)
    assert (found.root, found.business_date) == (fault.stage, DAY)
    assert found.cause_group == fault.cause
    causes = [(each.kind, each.root, each.occurrences) for each in found.causes]
    assert causes == [("failed", fault.stage, 1)]
    keep(postgres, fault.stage, fault.task, "running", started, attempts=5)
    assert reconcile(postgres, started + timedelta(minutes=50)).resolved == []
    keep(postgres, fault.stage, fault.task, "success", started, attempts=5, emits_asset=True)
    assert len(reconcile(postgres, started + timedelta(minutes=60)).resolved) == 1
    assert [each for each in open_incidents(postgres) if each.kind == "failed"] == []


def test_what_airflow_told_and_the_receipts_show_is_one_event(postgres: DirectPostgres) -> None:
    fault = FAULTS[2]
    listener.on_task_instance_failed(None, task_instance(fault), fault.error)
    started = stage(fault.stage).starts_at(DAY)
    keep(postgres, fault.stage, fault.task, "failed", started, error=fault.error)
    reconcile(postgres, started + timedelta(minutes=3))
    failures = [each.occurrences for each in the_only(postgres).causes]
    assert failures == [1]


def test_a_run_marked_as_success_by_hand_ends_its_incident_for_good(postgres: DirectPostgres) -> None:
    """The receipt still shows the failure: that was told, and is not told again."""
    fault = FAULTS[10]
    started = stage(fault.stage).starts_at(DAY)
    keep(postgres, fault.stage, fault.task, "failed", started, error=fault.error)
    reconcile(postgres, started + timedelta(minutes=3))
    listener.on_dag_run_success(dag_run(fault.stage), "Dag Run's state was manually set to `success`.")
    [ended] = resolved_incidents(postgres, datetime(2025, 1, 1, tzinfo=UTC))
    assert "by hand" in str(ended.fixed_by)
    reconcile(postgres, started + timedelta(minutes=9))
    assert open_incidents(postgres) == []


def test_a_run_that_is_out_of_time_without_a_failed_task_is_told(postgres: DirectPostgres) -> None:
    run = dag_run("load_bronze", run_type="manual", queued_at=None, start_date=None)
    listener.on_dag_run_failed(run, "timed_out")
    found = the_only(postgres)
    assert (found.root, found.severity) == ("load_bronze", "warn")
    assert "timed_out" in str(found.error)


def test_the_nights_sync_and_the_days_sync_of_a_connection_share_a_cause(postgres: DirectPostgres) -> None:
    fault = FAULTS[0]
    listener.on_task_instance_failed(None, task_instance(fault), fault.error)
    day = Fault("day", f"sync_{API}", "sync", fault.error)
    sync = task_instance(day)
    sync._ti_context_from_server.dag_run.partition_key = None
    listener.on_task_instance_failed(None, sync, fault.error)
    assert the_only(postgres).occurrences == 2
    listener.on_task_instance_success(
        None, task_instance(Fault("s", f"sync_{API}", "leave_the_night_alone", None))
    )
    listener.on_dag_run_success(dag_run(f"sync_{API}", partition_key=None), "success")
    assert len([each for each in the_only(postgres).causes if each.fixed_at is None]) == 2, "it was skipped"
    listener.on_task_instance_success(None, sync)
    listener.on_dag_run_success(dag_run(fault.stage), "success")
    assert open_incidents(postgres) == []


def test_a_replay_at_noon_warns_and_wakes_nobody(postgres: DirectPostgres) -> None:
    fault = FAULTS[12]
    task = task_instance(fault)
    task.run_id, task._ti_context_from_server.dag_run.run_type = "manual__x", "manual"
    listener.on_task_instance_failed(None, task, fault.error)
    assert the_only(postgres).severity == "warn"


def test_a_listener_that_cannot_tell_fails_no_task(
    postgres: DirectPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        raise RuntimeError("no database, no words")

    monkeypatch.setattr(hearing, "postgres_here", broken)
    listener.on_task_instance_failed(None, task_instance(FAULTS[0]), FAULTS[0].error)
    listener.on_task_instance_failed(None, object(), None)
    listener.on_dag_run_success(object(), "success")
    assert open_incidents(postgres) == []
