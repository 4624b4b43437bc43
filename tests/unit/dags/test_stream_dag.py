"""The stream's DAG: one run after the other, in Airflow's own words."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from airflow.timetables.base import TimeRestriction
from airflow.timetables.simple import ContinuousTimetable
from pendulum import instance

from lakehouse.platform.names import STREAM_POOL

FILE = Path(__file__).parents[3] / "dags" / "stream_orders.py"


@pytest.fixture(scope="module")
def stream_dag() -> Any:
    spec = importlib.util.spec_from_file_location("stream_orders_file", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.stream_orders()


def test_the_second_run_is_another_one_than_the_first(stream_dag: Any) -> None:
    """Without a start date the first interval had no length: the second run got the first one's id, and
    Airflow 3.3.2 logged "run already exists" forever instead of starting it."""
    restriction = TimeRestriction(instance(stream_dag.start_date), None, catchup=False)
    timetable = ContinuousTimetable()

    first = timetable.next_dagrun_info(last_automated_data_interval=None, restriction=restriction)
    assert first is not None
    second = timetable.next_dagrun_info(
        last_automated_data_interval=first.data_interval, restriction=restriction
    )

    assert second is not None
    assert second.logical_date != first.logical_date
    assert stream_dag.start_date < datetime.now(UTC)


def test_one_run_with_one_task_in_its_own_pool_paused_until_somebody_starts_it(stream_dag: Any) -> None:
    assert stream_dag.max_active_runs == 1
    assert stream_dag.is_paused_upon_creation
    [task] = stream_dag.tasks
    assert task.pool == STREAM_POOL
    assert task.execution_timeout < stream_dag.dagrun_timeout
    assert task.lasts < task.execution_timeout


def test_airflow_keeps_a_row_an_hour_and_not_one_a_batch(stream_dag: Any) -> None:
    [task] = stream_dag.tasks

    assert task.lasts.total_seconds() == 3600
