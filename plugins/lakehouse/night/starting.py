"""Has a stage started for a date after all it waits for was announced? And if not: start it, once.

Airflow starts a stage when it holds the assets of all the stages it waits for. It has lost such a run, and it
has started one too early, with an asset that it had kept from a night that failed halfway (decision 0009).
`make night` and the DAG `watch_platform` repair both by the rules of this module.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from lakehouse.platform.airflow_runs import Run, Task

STARTED_BY_HAND: Final = "restarted__"
"""How the id of a run begins that was started by these rules."""


def announced_at(run: Run, tasks: Iterable[Task]) -> datetime:
    """When the run announced its asset: the start of its last task, which does nothing else.

    A run that somebody marked as successful may have no task that started; then it is the run's end.
    """
    starts = [task.started_at for task in tasks if task.started_at is not None]
    return max(starts, default=None) or run.ended_at or run.moment


def has_seen(run: Run, announced: datetime) -> bool:
    """Whether the run works, or is going to work, with what was announced then.

    A run reads its inputs when it starts, not when it is created: one that was created too early and had to
    queue has missed nothing.
    """
    if run.started_at is None and not run.has_ended:
        return True
    return run.moment >= announced


def start_id(partition_key: str, announced: datetime) -> str:
    """The id of the run that is started by hand for what was announced then.

    Whoever repairs the same thing asks Airflow for the same id, and Airflow makes one run of it.
    """
    return f"{STARTED_BY_HAND}{partition_key}__{announced.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def started_as(run_id: str, run_type: str | None) -> str | None:
    """The run's type, for whoever decides whether it may be late and whom it may wake.

    A start that was repaired is as automatic as the one that it replaces, although Airflow calls it manual.
    """
    return "asset_triggered" if run_id.startswith(STARTED_BY_HAND) else run_type
