"""A worker that runs one DremioSqlOperator and is killed with SIGKILL at a chosen moment.

`python -m tests.integration.lakehouse.bronze.sql_worker STORE MOMENT SQL`: the task state store is a file.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from airflow.sdk.exceptions import TaskDeferred

from lakehouse.dremio.client import DremioClient
from lakehouse.dremio.hook import DremioHook
from lakehouse.dremio.job import Job
from lakehouse.dremio.operators import DremioSqlOperator
from lakehouse.platform.external_job.job import Phase
from testing.lakehouse.task_memory import task_memory

MOMENTS = ("before it submits", "before it knows the job", "at its first look", "before it reports")


class FileStore(dict[str, Any]):
    """A store that outlives the process."""

    def __init__(self, path: Path) -> None:
        self._path = path
        super().__init__(json.loads(path.read_text()) if path.exists() else {})

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, value)
        self._path.write_text(json.dumps(self))

    def pop(self, *key: Any) -> Any:
        value = super().pop(*key)
        self._path.write_text(json.dumps(self))
        return value


def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class KilledClient(DremioClient):
    """A client whose process dies at the moment."""

    moment: str

    def submit(self, sql: str) -> str:
        if self.moment == "before it submits":
            killed()
        job_id = super().submit(sql)
        if self.moment == "before it knows the job":
            killed()
        return job_id

    def job(self, job_id: str) -> Job:
        job = super().job(job_id)
        if self.moment == "at its first look" or (
            self.moment == "before it reports" and job.phase is Phase.SUCCEEDED
        ):
            killed()
        return job


def main() -> None:
    path, moment, sql = sys.argv[1:]
    operator = DremioSqlOperator(
        task_id="insert", sql=sql, synchronous=timedelta() if moment == "deferred" else timedelta(minutes=1)
    )
    client = DremioHook().get_conn()
    client.__class__ = KilledClient
    client.moment = moment  # type: ignore[attr-defined]
    operator.__dict__["client"] = client
    try:
        operator.execute(task_memory(FileStore(Path(path))))
    except TaskDeferred as deferred:
        print(json.dumps([deferred.trigger.serialize()[1], deferred.kwargs]))


if __name__ == "__main__":
    main()
