"""`sys.jobs` and `sys.jobs_recent`, with the columns that Dremio documents.

What this engine does not measure (planner cost, rows scanned, CPU time, memory, rules) is 0 or empty.
Epochs of states that were not entered are 0 and their timestamps 1970-01-01, as in Dremio.
"""

from typing import Any

import pyarrow as pa

from dremio_engine.jobs.book import JobBook
from dremio_engine.jobs.history import JobRecord
from dremio_engine.jobs.job import FINAL, JobState
from dremio_engine.jobs.queue import QUEUE
from dremio_engine.paths import dotted
from dremio_engine.tables.system_tables import Makers

# The moment's name -> the state that starts then.
MOMENTS = {
    "submitted": JobState.PENDING,
    "attempt_started": JobState.PENDING,
    "metadata_retrieval": JobState.METADATA_RETRIEVAL,
    "planning_start": JobState.PLANNING,
    "query_enqueued": JobState.QUEUED,
    "engine_start": JobState.ENGINE_START,
    "execution_planning": JobState.EXECUTION_PLANNING,
    "execution_start": JobState.RUNNING,
    "final_state": None,
}
TEXT, COUNT, NUMBER = pa.string(), pa.int64(), pa.float64()
FIELDS: list[tuple[str, pa.DataType]] = [
    ("job_id", TEXT), ("status", TEXT), ("query_type", TEXT), ("user_name", TEXT), ("queried_datasets", TEXT),
    ("scanned_datasets", TEXT), ("attempt_count", pa.int32()),
    *((name + "_ts", pa.timestamp("ms")) for name in MOMENTS),
    *((name + "_epoch_millis", COUNT) for name in MOMENTS),
    ("planner_estimated_cost", NUMBER), ("rows_scanned", COUNT), ("bytes_scanned", COUNT),
    ("rows_returned", COUNT), ("bytes_returned", COUNT), ("accelerated", pa.bool_()), ("queue_name", TEXT),
    ("engine", TEXT), ("error_msg", TEXT), ("query", TEXT), ("is_profile_incomplete", pa.bool_()),
    ("execution_allocated_bytes", COUNT), ("execution_cpu_time_millis", COUNT),
]  # fmt: skip
RECENT_FIELDS: list[tuple[str, pa.DataType]] = [
    ("query_cost", NUMBER), ("memory_allocated", COUNT), ("setup_time_ns", COUNT), ("wait_time_ns", COUNT),
    ("execution_cpu_time_ns", COUNT), ("context", TEXT),
]  # fmt: skip
RULE_FIELDS = [("rule_name", TEXT), ("rule_content", TEXT), ("rule_action", TEXT)]
EMPTY: dict[pa.DataType, Any] = {TEXT: "", COUNT: 0, NUMBER: 0.0}


def job_tables(book: JobBook) -> Makers:
    """How each of the tables is made."""
    return {
        ("sys", "jobs"): lambda: running_jobs(book.current()),
        ("sys", "jobs_recent"): lambda: recent_jobs(book.ended()),
    }


def running_jobs(records: list[JobRecord]) -> pa.Table:
    """`sys.jobs`: the jobs that have not ended."""
    return _table(FIELDS + RULE_FIELDS, records)


def recent_jobs(records: list[JobRecord]) -> pa.Table:
    """`sys.jobs_recent`: the jobs that have ended."""
    return _table(FIELDS + RECENT_FIELDS + RULE_FIELDS, records)


def _table(fields: list[tuple[str, pa.DataType]], records: list[JobRecord]) -> pa.Table:
    rows = [_row(record) for record in records]
    arrays = [pa.array([row.get(name, EMPTY.get(kind)) for row in rows], type=kind) for name, kind in fields]
    return pa.table(arrays, names=[name for name, _ in fields])


def _row(record: JobRecord) -> dict[str, Any]:
    datasets = f"[{', '.join(record.datasets)}]" if record.datasets else ""
    row: dict[str, Any] = {
        "job_id": record.id,
        "status": str(record.state),
        "query_type": record.query_type,
        "user_name": record.user,
        "queried_datasets": datasets,
        "scanned_datasets": datasets,
        "attempt_count": 1,
        "rows_returned": record.row_count or 0,
        "bytes_returned": record.result_bytes,
        "accelerated": record.accelerated,
        "queue_name": QUEUE,
        "error_msg": record.error,
        "query": record.sql,
        "is_profile_incomplete": record.state not in FINAL,
        "context": dotted(record.context),
    }
    for name, state in MOMENTS.items():
        if state is not None:
            moment = record.entered(state)
        else:
            moment = record.states[-1][1] if record.state in FINAL else None
        milliseconds = int((moment or 0) * 1000)
        row[f"{name}_ts"] = row[f"{name}_epoch_millis"] = milliseconds
    return row
