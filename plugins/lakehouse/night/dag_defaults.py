"""Owner, retries, timeouts, deadlines, callbacks and tags: what every DAG of the repository shares.

A test refuses a DAG that does not get its arguments here.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import reduce
from operator import and_
from typing import Any, Final

from airflow.sdk import Asset, Param, PartitionedAssetTimetable

from lakehouse.night.assets import asset_of
from lakehouse.night.business_date import (
    BUSINESS_DATE_FORMAT,
    BusinessDateError,
    business_date,
    business_date_or_none,
)
from lakehouse.night.dag_page import dag_page
from lakehouse.night.deadlines import deadline_of
from lakehouse.night.plan import NIGHT, Stage, stage
from lakehouse.night.timetable import NightTimetable
from lakehouse.night.wishes import is_wanted, pass_on
from lakehouse.platform.retry_policy import RETRY_POLICY
from lakehouse.receipts.callbacks import ReceiptCallbacks

log = logging.getLogger(__name__)

OWNER: Final = "lakehouse"
RETRIES: Final = 3
RETRY_DELAY: Final = timedelta(seconds=int(os.environ.get("LAKEHOUSE_RETRY_DELAY_SECONDS", "30")))
"""First pause; each following one is twice as long, up to MAX_RETRY_DELAY. The variable is for platforms
whose services restart in seconds, such as the embedded one."""
MAX_RETRY_DELAY: Final = timedelta(minutes=10)
TASK_TIMEOUT: Final = timedelta(hours=2)
RUN_TIMEOUT: Final = timedelta(hours=6)

TAGS: Final = frozenset(
    {
        "night",
        "platform",
        "stream",
        "operations",
        "ingestion",
        "loading",
        "transformation",
        "tests",
        "optimisation",
        "presentation",
    }
)
"""The closed vocabulary of DAG tags."""

RECEIPTS: Final = ReceiptCallbacks(NIGHT, business_date_or_none)
"""What every task tells the receipt of its night."""


def task_defaults() -> dict[str, Any]:
    """Arguments every task starts from."""
    return {
        "owner": OWNER,
        "retries": RETRIES,
        "retry_delay": RETRY_DELAY,
        "retry_exponential_backoff": 2,
        "max_retry_delay": MAX_RETRY_DELAY,
        "retry_policy": RETRY_POLICY,
        "execution_timeout": TASK_TIMEOUT,
        "on_execute_callback": [RECEIPTS.record_start],
        "on_success_callback": [RECEIPTS.record_success],
        "on_retry_callback": [RECEIPTS.record_retry],
        "on_failure_callback": [RECEIPTS.record_failure],
    }


def dag_arguments(
    dag_id: str,
    doc: str | None,
    tags: frozenset[str],
    params: Mapping[str, Param] | None = None,
    handles: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Keyword arguments for `@dag` of a DAG that is started by hand and is not a stage of the night.

    Args:
        dag_id: the DAG's id.
        doc: the module's docstring, which becomes the DAG's page.
        tags: of the vocabulary TAGS.
        params: of the form that starts a run.
        handles: what the DAG works on, by heading, for its page.

    Raises:
        ValueError: no docstring, or a tag outside the vocabulary.
    """
    if not doc:
        raise ValueError(f"DAG {dag_id} has no docstring: it is the DAG's page in the web UI")
    if unknown := tags - TAGS:
        raise ValueError(f"DAG {dag_id} has tags outside the vocabulary: {', '.join(sorted(unknown))}")
    return {
        "dag_id": dag_id,
        "schedule": None,
        "catchup": False,
        "max_active_runs": 1,
        "dagrun_timeout": RUN_TIMEOUT,
        "default_args": task_defaults(),
        "tags": sorted(tags),
        "doc_md": dag_page(doc, handles),
        "params": dict(params or {}),
    }


def stage_arguments(
    stage_name: str,
    doc: str | None,
    params: Mapping[str, Param] | None = None,
    handles: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Keyword arguments for `@dag` of a stage of the night: schedule and deadline come from the plan.

    Arguments as `dag_arguments`.

    Raises:
        KeyError: no such stage.
        ValueError: no docstring.
    """
    planned = stage(stage_name)
    arguments = dag_arguments(stage_name, doc, frozenset({"night", planned.section.lower()}), params, handles)
    return {
        **arguments,
        "dag_display_name": display_name(NIGHT.index(planned) + 1, stage_name),
        "user_defined_macros": {"is_wanted": is_wanted},
        # Also for tasks that look at no date themselves: their asset starts stages that do.
        "default_args": arguments["default_args"] | {"pre_execute": before_stage_task},
        "on_failure_callback": [RECEIPTS.record_run_failure],
        "description": f"{planned.start:%H:%M} UTC, {planned.minutes} min: {planned.title}",
        "schedule": schedule_of(planned),
        "deadline": deadline_of(stage_name),
    }


def display_name(place: int, dag_id: str) -> str:
    """The name in the list of DAGs, which Airflow sorts by it: the night's stand together, in their order.

    Args:
        place: 0 for `run_night`, then the stages from 1.
        dag_id: the DAG's id.
    """
    return f"night {place}: {dag_id}"


def before_stage_task(context: Mapping[str, Any]) -> None:
    """Refuse a run without a proper business date before its task does anything; pass the wishes on.

    Raises:
        BusinessDateError: the partition key is missing, is not a date, or lies in the future.
    """
    try:
        business_date(context)
    except BusinessDateError as error:
        # Airflow shows what happens before a task's work folded: end that group, so that this line is seen.
        log.info("::endgroup::")
        log.error("%s", error)
        raise
    pass_on(context)


def schedule_of(planned: Stage) -> NightTimetable | PartitionedAssetTimetable:
    """By the clock for a stage that waits for nothing, else when all its inputs for one date are there."""
    if not planned.waits_for:
        return NightTimetable(planned.cron, timezone="UTC", key_format=BUSINESS_DATE_FORMAT)
    return PartitionedAssetTimetable(assets=reduce(and_, map(asset_of, planned.waits_for)))


def stage_outlets(stage_name: str) -> list[Asset]:
    """`outlets=` of the stage's last task: its success is what starts the stages that wait for it."""
    return [asset_of(stage_name)]
