"""Doubles of Airbyte and of the landing ledger, and an extract between the two."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.errors import (
    AirbyteBusyError,
    AirbyteNotFoundError,
    AirbyteUnavailableError,
)
from lakehouse.airbyte.job import Job, JobFailure
from lakehouse.airbyte.states import JobState
from lakehouse.landing.ledger_rows import ClaimReport, StreamClaim
from lakehouse.landing.operators import AirbyteExtractOperator
from testing.lakehouse.task_memory import task_memory

STARTED = datetime(2025, 10, 16, 1, 0, tzinfo=UTC)
CLAIM = ClaimReport(rows=10, bytes=99, files=2, per_stream={"orders": StreamClaim(2, 10, 99)})


class FakeAirbyte:
    """Jobs that go through scripted states, one step per look."""

    def __init__(self) -> None:
        self.base_url = "http://airbyte/api/public/v1"
        self.states: dict[int, list[str]] = {}
        self.started_at: dict[int, datetime] = {}
        self.started: list[int] = []
        self.cancelled: list[int] = []
        self.unreachable = 0
        self.failure = JobFailure("the source was down", False, ("last line",))

    def connection_id(self, name: str) -> str:
        return AirbyteClient.connection_id(self, name)  # type: ignore[arg-type]

    def script(self, job_id: int, *states: str, started_at: datetime = STARTED) -> None:
        self.states[job_id] = list(states)
        self.started_at[job_id] = started_at

    def listed(self, path: str) -> Iterator[dict[str, Any]]:
        yield from (
            {"name": "cafe_postgres_to_lake", "connectionId": "c1"},
            {"name": "other", "connectionId": "c2"},
        )

    def start_sync(self, connection_id: str) -> Job:
        assert connection_id == "c1"
        if self.unfinished_job(connection_id):
            raise AirbyteBusyError("409")
        job_id = max(self.states)
        self.started.append(job_id)
        return self._at(job_id)

    def unfinished_job(self, connection_id: str) -> Job | None:
        return None

    def job(self, job_id: int) -> Job:
        if self.unreachable:
            self.unreachable -= 1
            raise AirbyteUnavailableError("503")
        if job_id not in self.states:
            raise AirbyteNotFoundError("404")
        if len(self.states[job_id]) > 1:
            self.states[job_id].pop(0)
        return self._at(job_id)

    def _at(self, job_id: int) -> Job:
        word = self.states[job_id][0]
        return Job(job_id, "c1", JobState.of(word), word, self.started_at[job_id], rows=10, bytes=99)

    def cancel(self, job_id: int) -> None:
        self.cancelled.append(job_id)

    def job_url(self, job_id: int) -> str:
        return f"{self.base_url}/jobs/{job_id}"

    def failure_of(self, job_id: int) -> JobFailure:
        return self.failure

    def rows_by_stream(self, job_id: int) -> dict[str, int]:
        return {"orders": 10}


class FakeLedger:
    def __init__(self, complete: bool = False) -> None:
        self.complete = complete
        self.claims: list[tuple[str, date, int, int]] = []
        self.kept_for: dict[int, date] = {}
        self.positions: dict[int, int | None] = {}

    def is_complete(self, source: str, night: date) -> bool:
        return self.complete

    def report(self, source: str, night: date) -> ClaimReport:
        return CLAIM

    def keep_for(self, source: str, night: date, job_id: int, source_lsn: int | None = None) -> None:
        self.kept_for[job_id] = night
        self.positions[job_id] = source_lsn

    def date_of_job(self, source: str, job_id: int) -> date | None:
        return self.kept_for.get(job_id)

    def claim(
        self, source: str, night: date, job_id: int, rows: int, streams: dict[str, int], answers_for: bool
    ) -> ClaimReport:
        assert streams == {"cafe_orders": 10}, "counted as landing names the stream"
        assert answers_for == bool(rows), "what somebody else's job landed may be another date's"
        self.claims.append((source, night, job_id, rows))
        return CLAIM


class Extract:
    """The operator with its surroundings."""

    def __init__(self, airbyte: FakeAirbyte, ledger: FakeLedger, **kwargs: Any) -> None:
        self.airbyte, self.ledger = airbyte, ledger
        arguments = {"synchronous": timedelta(seconds=5), **kwargs}
        self.operator = AirbyteExtractOperator(
            task_id="sync", connection_name="cafe_postgres_to_lake", **arguments
        )
        self.operator.__dict__["client"] = airbyte
        self.operator.ledger = lambda: ledger  # type: ignore[assignment, return-value, method-assign]
        self.operator.source_position = lambda: 4711  # type: ignore[method-assign]
        self.store: dict[str, Any] = {}
        run = SimpleNamespace(partition_key="2025-10-16", start_date=STARTED, run_after=STARTED)
        self.context = {"params": {}, "dag_run": run, **task_memory(self.store)}

    def run(self) -> Any:
        return self.operator.execute(self.context)


def busy_with(airbyte: FakeAirbyte, job_id: int) -> None:
    """Airbyte answers 409 as long as that job has not ended."""

    def unfinished(connection_id: str) -> Job | None:
        job = airbyte._at(job_id)
        return None if job.phase.is_over else job

    airbyte.unfinished_job = unfinished  # type: ignore[method-assign]
