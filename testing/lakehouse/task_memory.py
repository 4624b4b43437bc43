"""What Airflow gives a task that follows an external job, without Airflow around it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

RETRIES = 3


def task_memory(store: dict[str, Any], cleared: int = 0) -> dict[str, Any]:
    """The part of a task's context that outlives an attempt.

    Args:
        store: the task state store; give the same one to the next attempt.
        cleared: how often the task has been cleared; Airflow raises `max_tries` each time.
    """
    accessor = SimpleNamespace(get=store.get, set=store.__setitem__, delete=lambda key: store.pop(key, None))
    return {"task_state_store": accessor, "ti": SimpleNamespace(max_tries=RETRIES + cleared)}


def kept(handle: Any, mark: str = "", cleared: int = 0, reported: bool = False) -> dict[str, Any]:
    """The store of a task whose earlier attempt had that job."""
    memory = {"handle": handle, "mark": mark, "cleared": RETRIES + cleared, "reported": reported}
    return {"external_job": memory}
