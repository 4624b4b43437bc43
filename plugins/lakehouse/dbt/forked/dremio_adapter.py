"""What dbt-dremio 1.11.0 does wrong when a run is interrupted, put right in this process only.

- `cancel` asks a method for `job_cancel` and raises AttributeError, so Dremio's job goes on after dbt.
- A job that was cancelled is waited for without end: it looks for CANCELLED, Dremio says CANCELED
  (dremio/dbt-dremio#322).
- What dbt asks about schemas before the first model it asks in threads, and then waits for these threads: an
  interrupt has to wait with it.
- It sleeps 0.2 s before it looks at a job's state, also when the state is already final.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

FIRST_PAUSE: Final = 0.02
LONGEST_PAUSE: Final = 0.2
"""Between two looks at a job; the longest is dbt-dremio's own."""


_interrupted: list[bool] = []
"""Not empty once the run is interrupted. A list, because a signal handler may not wait for a lock."""


def interrupt() -> None:
    """Let every thread that waits for a job, now or later, cancel it and end its wait with an error."""
    _interrupted.append(True)


def correct() -> None:
    """Put the corrected methods in place."""
    from dbt.adapters.dremio.api.cursor import DremioCursor
    from dbt.adapters.dremio.connections import DremioConnectionManager

    DremioCursor._populate_rowcount = _wait_for_job
    DremioConnectionManager.cancel = _cancel


def _wait_for_job(cursor: Any) -> None:
    """Wait for the cursor's job and take its number of rows. An interrupted wait cancels the job."""
    status = _final_status(cursor)
    state = status["jobState"]
    if state == "FAILED":
        raise RuntimeError(f"ERROR: {status['errorMessage']}")
    if state != "COMPLETED":
        raise RuntimeError("Job was cancelled")
    # Absent where Dremio gave no count.
    cursor._rowcount = status.get("rowCount", -1)


def _final_status(cursor: Any) -> dict[str, Any]:
    pauses = _pauses()
    while True:
        if _interrupted:
            cursor.job_cancel()
            raise RuntimeError("dbt was interrupted; its job is cancelled")
        status: dict[str, Any] = cursor._rest_client.job_status(cursor._job_id)
        if status["jobState"] in {"COMPLETED", "CANCELED", "CANCELLED", "FAILED"}:
            return status
        time.sleep(next(pauses))


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _cancel(_: Any, connection: Any) -> Any:
    """Cancel the job that the connection waits for, if there is one."""
    cursor = connection.handle._cursor
    if cursor is None or cursor._job_id is None:
        return None
    return cursor.job_cancel()
