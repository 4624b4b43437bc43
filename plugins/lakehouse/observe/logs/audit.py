"""Who did what: Airflow's audit log and the queries of Dremio's users, over their interfaces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lakehouse.dremio.client import DremioClient
from lakehouse.observe.logs.cursors import Cursors
from lakehouse.observe.logs.fetched import Spool
from lakehouse.platform.airflow_http import AirflowHttp
from lakehouse.platform.sql_files import render_sql

LOOK_BACK: Final = timedelta(days=30)
"""How far a first look goes."""
MOST_AT_ONCE: Final = 1000
OVERLAP: Final = timedelta(minutes=1)
"""Entries that became visible after later ones are still found for so long."""
MOST_QUERY_CHARACTERS: Final = 4000
OF_TASKS: Final = (
    "running",
    "success",
    "failed",
    "up_for_retry",
    "deferred",
    "queued",
    "skipped",
    "scheduled",
)
"""Events by which Airflow notes what a task does, not what somebody did."""


class AirflowAuditLog:
    """Fetches Airflow's event log, in the order of its ids."""

    name = "Airflow's audit log"
    every_seconds = 30.0

    def __init__(self, airflow: AirflowHttp, spool: Spool, cursors: Cursors) -> None:
        self._airflow = airflow
        self._spool = spool
        self._cursors = cursors

    def fetch(self) -> int:
        """As `Fetcher.fetch`."""
        start = {"id": 0, "when": (datetime.now(UTC) - LOOK_BACK).isoformat()}
        place = json.loads(self._cursors.bookmark(self.name) or json.dumps(start))
        after = datetime.fromisoformat(place["when"]) - OVERLAP
        query = {"order_by": "event_log_id", "after": after.isoformat(), "excluded_events": OF_TASKS}
        found = [
            event
            for event in self._airflow.listed("eventLogs", "event_logs", query, MOST_AT_ONCE)
            if event["event_log_id"] > place["id"]
        ]
        if found:
            first, last = found[0], found[-1]
            self._spool.write(f"airflow-{first['event_log_id']:012d}", map(_airflow_entry, found))
            place = {"id": last["event_log_id"], "when": last["when"]}
            self._cursors.set_bookmark(self.name, json.dumps(place))
        return len(found)


class DremioAuditLog:
    """Fetches who queried what from `sys.jobs_recent`, which Dremio has in every edition."""

    name = "Dremio's jobs"
    every_seconds = 60.0

    def __init__(self, dremio: DremioClient, spool: Spool, cursors: Cursors) -> None:
        self._dremio = dremio
        self._spool = spool
        self._cursors = cursors

    def fetch(self) -> int:
        """As `Fetcher.fetch`."""
        start = {"ended": _millis(datetime.now(UTC) - LOOK_BACK), "seen": {}}
        place = json.loads(self._cursors.bookmark(self.name) or json.dumps(start))
        after = place["ended"] - int(OVERLAP.total_seconds() * 1000)
        sql = render_sql("dremio/audited_jobs.sql", {"ended_after": after, "most": MOST_AT_ONCE})
        found = [row for row in self._dremio.query(sql) if row["job_id"] not in place["seen"]]
        if found:
            ended = max(place["ended"], *(int(row["final_state_epoch_millis"]) for row in found))
            self._spool.write(f"dremio-{found[0]['job_id']}", map(_dremio_entry, found))
            seen = place["seen"] | {row["job_id"]: int(row["final_state_epoch_millis"]) for row in found}
            oldest = ended - 2 * int(OVERLAP.total_seconds() * 1000)
            kept = {name: moment for name, moment in seen.items() if moment >= oldest}
            self._cursors.set_bookmark(self.name, json.dumps({"ended": ended, "seen": kept}))
        return len(found)


def _airflow_entry(event: Mapping[str, Any]) -> dict[str, Any]:
    user = event.get("owner") or "unknown"
    about = {"dag": event.get("dag_id"), "run": event.get("run_id"), "task": event.get("task_id")}
    words = [f"{user} {event['event']}", *(f"{name}={value}" for name, value in about.items() if value)]
    if event.get("extra"):
        words.append(str(event["extra"]))
    return {
        "id": f"airflow-event-{event['event_log_id']}",
        "service": "audit",
        "timestamp": event["when"],
        "level": "INFO",
        "message": " ".join(words),
        "user": user,
        "event": event["event"],
        "stage": event.get("dag_id"),
        "task": event.get("task_id"),
        "run_id": event.get("run_id"),
        "attempt": event.get("try_number"),
        "map_index": event.get("map_index"),
    }


def _dremio_entry(job: Mapping[str, Any]) -> dict[str, Any]:
    query = str(job.get("query") or "")
    cut = query if len(query) <= MOST_QUERY_CHARACTERS else f"{query[:MOST_QUERY_CHARACTERS]} ..."
    failed = job["status"] == "FAILED"
    error = f"\n{job['error_msg']}" if failed and job.get("error_msg") else ""
    return {
        "id": f"dremio-job-{job['job_id']}",
        "service": "audit",
        "timestamp": datetime.fromtimestamp(int(job["final_state_epoch_millis"]) / 1000, UTC).isoformat(),
        "level": "ERROR" if failed else "INFO",
        "message": f"{job['user_name']} {job['query_type']} {job['status']}: {cut}{error}",
        "user": job["user_name"],
        "event": f"query_{job['query_type']}".lower(),
        "job_id": job["job_id"],
    }


def _millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
