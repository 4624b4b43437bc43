"""Where the log of a task's attempt is."""

from __future__ import annotations


def log_path(dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int) -> str:
    """Path below Airflow's log folder, in Airflow's default layout (`[logging] log_filename_template`)."""
    mapped = f"/map_index={map_index}" if map_index >= 0 else ""
    return f"dag_id={dag_id}/run_id={run_id}/task_id={task_id}{mapped}/attempt={try_number}.log"
