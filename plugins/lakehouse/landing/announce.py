"""The last task of an extract: it announces that the source's landing is there for the date.

It does nothing but carry the stage's asset, one extract at a time. `load_bronze` waits for two assets, and
when two tasks emit them in the same instant Airflow 3.3.2 loses the run: `_get_or_create_apdr` locks per
asset, not per waiting DAG, so each task opens a pending run of its own and neither ever has both assets. A
pool of one slot keeps the second task queued until the first one's event is stored with its success.
"""

from __future__ import annotations

from typing import Any

from airflow.sdk import task

from lakehouse.night.dag_defaults import stage_outlets
from lakehouse.platform.names import ANNOUNCEMENTS_POOL


def announce(stage_name: str) -> Any:
    """The announcing task of that stage, to be put behind its sync.

    Raises:
        KeyError: no such stage.
    """

    @task(task_id="announce", outlets=stage_outlets(stage_name), pool=ANNOUNCEMENTS_POOL)
    def _announce() -> None:
        """Emit the stage's asset."""

    return _announce()
