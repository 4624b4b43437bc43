"""Dremio's queries and reflection refreshes, from its system tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from lakehouse.dremio.client import DremioClient
from lakehouse.observe.metrics.observation import Found, Observation
from lakehouse.observe.metrics.sources.kept_client import KeptClient
from lakehouse.platform.sql_files import render_sql

JOBS_AT_A_LOOK: Final = 2000
OVERLAP_MILLISECONDS: Final = 60_000
QUERY_SECONDS: Final = 60.0
_OUTCOMES: Final = {"COMPLETED": "succeeded", "FAILED": "failed", "CANCELED": "canceled"}
_REFRESHED: Final = {"DONE": "succeeded", "FAILED": "failed", "CANCELED": "canceled"}


class DremioJobs:
    """Durations of the queries that have ended, without those that look at system tables as this one does."""

    name = "dremio"

    def __init__(self, connect: Callable[[], DremioClient]) -> None:
        self._client = KeptClient(connect)

    def look(self, position: Mapping[str, Any]) -> Found:
        """Queries that have ended since the position, and every refresh that Dremio remembers."""
        with self._client.open() as client:
            return self._look(client, position)

    def _look(self, client: DremioClient, position: Mapping[str, Any]) -> Found:
        after = int(position.get("ended_after", 0))
        values = {"ended_after": after, "most": JOBS_AT_A_LOOK}
        jobs = client.query(render_sql("dremio/recent_jobs.sql", values), QUERY_SECONDS)
        refreshes = client.query(render_sql("dremio/recent_refreshes.sql", {}), QUERY_SECONDS)
        newest = max((int(job["final_state_epoch_millis"]) for job in jobs), default=after)
        more = len(jobs) == JOBS_AT_A_LOOK
        told = [_query(job) for job in jobs]
        told += [_refresh(each) for each in refreshes if each["state"] in _REFRESHED]
        following = newest if more else max(after, newest - OVERLAP_MILLISECONDS)
        return Found(observations=told, position={"ended_after": following}, more=more)


def _query(job: Mapping[str, Any]) -> Observation:
    ended = int(job["final_state_epoch_millis"])
    return Observation(
        "dremio_query_duration_seconds",
        str(job["job_id"]),
        {
            "query_type": str(job["query_type"]),
            "outcome": _OUTCOMES.get(str(job["status"]), "unknown"),
            "accelerated": "yes" if job["accelerated"] else "no",
        },
        max(0, ended - int(job["submitted_epoch_millis"])) / 1000,
        datetime.fromtimestamp(ended / 1000, UTC),
    )


def _refresh(each: Mapping[str, Any]) -> Observation:
    finished = datetime.fromisoformat(str(each["last_refresh_finished"]).replace(" ", "T", 1))
    return Observation(
        "dremio_reflection_refresh_seconds",
        f"{each['materialization_id']} {finished.isoformat()}",
        {"reflection": str(each["reflection_name"]), "outcome": _REFRESHED[str(each["state"])]},
        max(0, int(each["last_refresh_duration_millis"] or 0)) / 1000,
        finished if finished.tzinfo else finished.replace(tzinfo=UTC),
    )
