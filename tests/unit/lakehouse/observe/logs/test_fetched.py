"""Logs that no file holds: fetched once, kept until all sinks have them, with ids of their own."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.observe.logs.airbyte_jobs import AirbyteJobLogs
from lakehouse.observe.logs.audit import AirflowAuditLog, DremioAuditLog
from lakehouse.observe.logs.cursors import Cursors
from lakehouse.observe.logs.fetched import Spool, delete_sent
from lakehouse.observe.logs.run_dates import RunDates
from lakehouse.platform.airflow_http import AirflowHttp
from tests.unit.lakehouse.observe.logs.log_doubles import FakeShipper, FakeSink

CONNECTION = "11111111-2222-3333-4444-555555555555"


@pytest.fixture
def cursors(tmp_path: Path) -> Cursors:
    return Cursors(tmp_path / "memory" / "cursors.sqlite")


def spooled(tmp_path: Path, service: str) -> dict[str, list[dict[str, Any]]]:
    files = sorted((tmp_path / "fetched" / service).glob("*.jsonl"))
    return {file.stem: list(map(json.loads, file.read_text().splitlines())) for file in files}


class FakeJobs:
    """Airbyte's two APIs, as far as job logs need them."""

    def __init__(self) -> None:
        self.status = {1: "succeeded", 2: "failed", 3: "running"}
        self.has_config_api = True
        self.logs: dict[str, Any] = {
            "logLines": [
                "2026-11-29 02:51:49 INFO Starting syncing",
                "2026-11-29 02:51:50 ERROR connection refused",
                "\tat java.net.Socket",
            ]
        }

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/api/v1/jobs/get"):
            if not self.has_config_api:
                return httpx.Response(404)
            failed = {"failures": [{"externalMessage": "the source is down"}]}
            attempt = {"id": 0, "createdAt": 1795920700, "failureSummary": failed}
            return httpx.Response(200, json={"attempts": [{"attempt": attempt, "logs": self.logs}]})
        jobs = [
            {
                "jobId": number,
                "status": status,
                "connectionId": CONNECTION,
                "startTime": "2026-11-29T02:51:40Z",
                "rowsSynced": 12,
                "bytesSynced": 345,
                "duration": "PT20S",
            }
            for number, status in sorted(self.status.items(), reverse=True)
        ]
        return httpx.Response(200, json={"data": jobs})

    def client(self) -> AirbyteClient:
        return AirbyteClient("http://airbyte/api/public/v1", transport=httpx.MockTransport(self.answer))


def test_every_job_that_has_ended_is_fetched_once(tmp_path: Path, cursors: Cursors) -> None:
    jobs = FakeJobs()
    fetcher = AirbyteJobLogs(jobs.client(), Spool(tmp_path, "airbyte"), cursors)
    assert fetcher.fetch() == 6
    found = spooled(tmp_path, "airbyte")
    assert found.keys() == {"job-000000001", "job-000000002"}
    lines = found["job-000000002"]
    assert [line["id"] for line in lines] == ["airbyte-2-0-0", "airbyte-2-0-1", "airbyte-2-end"]
    assert lines[1]["message"].endswith("connection refused\n\tat java.net.Socket")
    assert [line["level"] for line in lines] == ["INFO", "ERROR", "ERROR"]
    assert lines[2]["message"] == "sync job 2 failed: 12 records, 345 bytes in 20 s; the source is down"
    expected = {"job_id": "2", "connection_id": CONNECTION, "records_synced": 12, "bytes_synced": 345}
    assert expected.items() <= lines[2].items()
    assert found["job-000000001"][-1]["level"] == "INFO"

    assert fetcher.fetch() == 0
    jobs.status |= {3: "cancelled", 4: "running", 5: "succeeded"}
    assert fetcher.fetch() == 6
    jobs.status[4] = "succeeded"  # the older one ends last
    assert AirbyteJobLogs(jobs.client(), Spool(tmp_path, "airbyte"), cursors).fetch() == 3
    assert fetcher.fetch() == 0
    assert len(spooled(tmp_path, "airbyte")) == 5


def test_structured_logs_keep_their_moments_levels_and_traces(tmp_path: Path, cursors: Cursors) -> None:
    jobs = FakeJobs()
    jobs.status = {1: "succeeded"}
    event = {"timestamp": 1795920700123, "message": "gone", "level": "ERROR", "stackTrace": "at x"}
    jobs.logs = {"events": [event]}
    AirbyteJobLogs(jobs.client(), Spool(tmp_path, "airbyte"), cursors).fetch()
    line = spooled(tmp_path, "airbyte")["job-000000001"][0]
    assert (line["message"], line["level"], line["timestamp"]) == ("gone\nat x", "ERROR", 1795920700123)


def test_an_airbyte_without_config_api_still_gives_how_each_job_ended(
    tmp_path: Path, cursors: Cursors
) -> None:
    jobs = FakeJobs()
    jobs.has_config_api = False
    assert AirbyteJobLogs(jobs.client(), Spool(tmp_path, "airbyte"), cursors).fetch() == 2


def test_airflows_audit_log_is_fetched_in_order_and_once(tmp_path: Path, cursors: Cursors) -> None:
    events = [
        {"event_log_id": number, "when": f"2026-11-29T02:00:0{number}Z", "event": "trigger_dag_run",
         "owner": "ada", "dag_id": "load_bronze", "run_id": "r", "task_id": None, "extra": '{"conf": 1}',
         "try_number": None}
        for number in range(1, 6)
    ]  # fmt: skip
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/auth/token":
            return httpx.Response(200, json={"access_token": "t"})
        asked.append(request.url)
        offset = int(request.url.params["offset"])
        shown = events[: len(asked) + 2]
        return httpx.Response(200, json={"event_logs": shown[offset:], "total_entries": len(shown)})

    http = AirflowHttp("http://airflow", "u", "p", httpx.MockTransport(answer), 0)
    fetcher = AirflowAuditLog(http, Spool(tmp_path, "audit"), cursors)
    assert [fetcher.fetch(), fetcher.fetch(), fetcher.fetch(), fetcher.fetch()] == [3, 1, 1, 0]
    assert "running" in asked[0].params.get_list("excluded_events")
    lines = [line for entries in spooled(tmp_path, "audit").values() for line in entries]
    assert [line["id"] for line in lines] == [f"airflow-event-{number}" for number in range(1, 6)]
    assert lines[0]["message"] == 'ada trigger_dag_run dag=load_bronze run=r {"conf": 1}'
    assert (lines[0]["user"], lines[0]["event"], lines[0]["stage"]) == (
        "ada",
        "trigger_dag_run",
        "load_bronze",
    )


class FakeDremio:
    """Answers with the jobs that ended after the moment in the statement."""

    def __init__(self) -> None:
        self.jobs: list[dict[str, Any]] = []

    def query(self, sql: str) -> list[dict[str, Any]]:
        after = int(sql.split("final_state_epoch_millis > ")[1].split()[0])
        return [job for job in self.jobs if job["final_state_epoch_millis"] > after]


def test_dremios_jobs_are_audited_once_also_those_that_show_up_late(tmp_path: Path, cursors: Cursors) -> None:
    dremio = FakeDremio()
    now = int(datetime.now(UTC).timestamp() * 1000)

    def job(name: str, ended: int, status: str = "COMPLETED") -> dict[str, Any]:
        return {"job_id": name, "status": status, "query_type": "REST", "user_name": "ada",
                "error_msg": "no table x", "query": "select 1",
                "final_state_epoch_millis": ended}  # fmt: skip

    fetcher = DremioAuditLog(dremio, Spool(tmp_path, "audit"), cursors)  # type: ignore[arg-type]
    dremio.jobs = [job("a", now), job("b", now)]
    assert fetcher.fetch() == 2
    dremio.jobs += [job("late", now - 5000), job("c", now + 10, "FAILED")]
    assert fetcher.fetch() == 2
    assert fetcher.fetch() == 0
    lines = {line["id"]: line for entries in spooled(tmp_path, "audit").values() for line in entries}
    assert lines.keys() == {f"dremio-job-{name}" for name in ("a", "b", "late", "c")}
    assert lines["dremio-job-c"]["level"] == "ERROR"
    assert lines["dremio-job-c"]["message"] == "ada REST FAILED: select 1\nno table x"
    assert lines["dremio-job-a"]["message"] == "ada REST COMPLETED: select 1"


def test_what_was_fetched_is_deleted_when_all_sinks_have_it(tmp_path: Path) -> None:
    here, away = FakeSink("here"), FakeSink("away")
    shipper = FakeShipper(tmp_path, here, away)
    folder = shipper.logs / "fetched" / "airbyte"
    folder.mkdir(parents=True)
    file = folder / "job-1.log"
    file.write_text('{"id": "airbyte-1-0-0", "service": "airbyte", "message": "m"}\n')
    away.away = True
    shipper.files.scan()
    shipper.shippings[0].once()
    delete_sent(shipper.files.all(), shipper.cursors, ["here", "away"])
    assert file.exists()
    away.away = False
    shipper.round()
    delete_sent(shipper.files.all(), shipper.cursors, ["here", "away"])
    assert not file.exists()
    assert here.documents.keys() == away.documents.keys() == {"airbyte-1-0-0"}


class NoPostgres:
    asked = 0

    def get_conn(self) -> Any:
        from psycopg import OperationalError

        self.asked += 1
        raise OperationalError("connection refused")


def test_a_database_that_is_away_only_costs_the_business_date() -> None:
    postgres = NoPostgres()
    dates = RunDates(postgres, frozenset({"load_bronze"}))
    run = {"stage": "load_bronze", "run_id": "r"}
    assert dates.of(run) == {}
    assert not dates.is_expected(run)  # logs do not wait for a database that is away
    assert dates.of({**run, "run_id": "another"}) == {}
    assert postgres.asked == 1
    assert not dates.is_expected({"stage": "provision_platform", "run_id": "r"})
    assert not RunDates(None, frozenset({"load_bronze"})).is_expected(run)
