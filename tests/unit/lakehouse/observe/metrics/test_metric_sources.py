"""What each source makes of its service's answers, and where its next look begins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from lakehouse.airbyte.client import AirbyteClient
from lakehouse.airbyte.errors import AirbyteUnavailableError
from lakehouse.observe.metrics.observation import Found
from lakehouse.observe.metrics.sources.airbyte import GONE, AirbyteJobs
from lakehouse.observe.metrics.sources.dremio import DremioJobs
from lakehouse.observe.metrics.sources.probes import NO_ANSWER, Probe, ServiceApis
from lakehouse.observe.metrics.sources.superset import SupersetLog

T0 = datetime(2025, 10, 16, 1, tzinfo=UTC)


def counted(found: Found, metric: str) -> dict[tuple[str, ...], float]:
    """The value of each event by its labels' values."""
    told = [*found.observations, *found.increments]
    sums: dict[tuple[str, ...], float] = {}
    for each in told:
        if each.metric == metric:
            key = tuple(each.labels.values())
            sums[key] = sums.get(key, 0) + each.value
    return sums


# --- Airbyte


class Airbyte:
    """Jobs and connections behind Airbyte's two APIs; the public one filters by `updatedAtStart`."""

    def __init__(self, connection: str = "shop_to_lake") -> None:
        self.connection = connection
        self.jobs: list[dict[str, Any]] = []
        self.rows: dict[int, dict[str, int]] = {}
        self.asked: list[int] = []
        self.is_away = False

    def job(
        self, number: int, state: str, updated: datetime, rows: Mapping[str, int], connection: str = "c1"
    ) -> None:
        self.jobs = [job for job in self.jobs if job["jobId"] != number]
        self.jobs.append(
            {
                "jobId": number,
                "connectionId": connection,
                "status": state,
                "startTime": T0.isoformat(),
                "lastUpdatedAt": updated.isoformat(),
                "duration": "PT1M30S",
                "rowsSynced": sum(rows.values()),
            }
        )
        self.rows[number] = dict(rows)

    def source(self) -> AirbyteJobs:
        transport = httpx.MockTransport(self._answer)
        return AirbyteJobs(lambda: AirbyteClient("http://airbyte/api/public/v1", transport=transport))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.is_away:
            raise httpx.ConnectError("refused", request=request)
        if request.url.path == "/api/v1/jobs/get":
            number = json.loads(request.content)["id"]
            self.asked.append(number)
            stats = [
                {"streamName": n, "stats": {"recordsCommitted": r}} for n, r in self.rows[number].items()
            ]
            return httpx.Response(200, json={"attempts": [{"attempt": {"streamStats": stats}}]})
        if request.url.path.endswith("/connections"):
            return httpx.Response(200, json={"data": [{"connectionId": "c1", "name": self.connection}]})
        query = request.url.params
        since = query.get("updatedAtStart", "1970-01-01T00:00:00Z")
        assert since.endswith("Z")
        assert "." not in since, "Airbyte takes whole seconds"
        found = sorted(
            (job for job in self.jobs if job["lastUpdatedAt"] >= since.replace("Z", "+00:00")),
            key=lambda job: job["lastUpdatedAt"],
        )
        offset, limit = int(query["offset"]), int(query["limit"])
        return httpx.Response(200, json={"data": found[offset : offset + limit]})


def test_records_durations_and_failures_of_jobs_that_have_ended() -> None:
    airbyte = Airbyte()
    airbyte.job(1, "succeeded", T0, {"orders": 40, "customers": 2})
    airbyte.job(2, "failed", T0 + timedelta(minutes=1), {"orders": 5})
    airbyte.job(3, "running", T0 + timedelta(minutes=2), {"orders": 9})
    airbyte.job(4, "cancelled", T0 + timedelta(minutes=3), {}, connection="gone")
    found = airbyte.source().look({})
    assert counted(found, "airbyte_records_synced_total") == {
        ("shop_to_lake", "orders"): 45,
        ("shop_to_lake", "customers"): 2,
    }
    assert counted(found, "airbyte_sync_failures_total") == {("shop_to_lake",): 1}
    assert counted(found, "airbyte_sync_duration_seconds") == {
        ("shop_to_lake", "succeeded"): 90,
        ("shop_to_lake", "failed"): 90,
        (GONE, "cancelled"): 90,
    }
    assert ("airbyte_sync_failures_total", {"connection": "shop_to_lake"}) in found.series


@pytest.mark.usefixtures("cafe")
def test_the_rows_of_a_stream_are_counted_under_its_name_in_the_lake() -> None:
    """As bronze and the receipts call it: two sources may both have a table `orders`."""
    airbyte = Airbyte("cafe_postgres_to_lake")
    airbyte.job(1, "succeeded", T0, {"orders": 40})
    assert counted(airbyte.source().look({}), "airbyte_records_synced_total") == {
        ("cafe_postgres_to_lake", "cafe_orders"): 40
    }


def test_a_job_that_was_running_is_counted_when_it_has_ended_and_the_others_are_not_asked_again() -> None:
    airbyte = Airbyte()
    source = airbyte.source()
    airbyte.job(1, "succeeded", T0, {"orders": 40})
    airbyte.job(2, "running", T0 + timedelta(minutes=1), {"orders": 9})
    first = source.look({})
    airbyte.job(2, "succeeded", T0 + timedelta(minutes=5), {"orders": 12})
    second = source.look(first.position)
    assert counted(second, "airbyte_records_synced_total") == {("shop_to_lake", "orders"): 12}
    assert airbyte.asked == [1, 2]
    third = source.look(second.position)
    assert third.observations == []
    assert third.position == second.position


def test_more_jobs_than_one_look_takes_are_read_by_the_next_ones() -> None:
    airbyte = Airbyte()
    for number in range(450):
        airbyte.job(number, "succeeded", T0 + timedelta(seconds=number), {"orders": 1})
    source, position, events = airbyte.source(), {}, set()
    for _ in range(10):
        found = source.look(position)
        events |= {
            each.event_id for each in found.observations if each.metric == "airbyte_records_synced_total"
        }
        position = dict(found.position)
        if not found.more:
            break
    assert len(events) == 450


def test_an_airbyte_that_is_away_is_an_error_and_the_next_look_works() -> None:
    airbyte = Airbyte()
    source = airbyte.source()
    airbyte.is_away = True
    with pytest.raises(AirbyteUnavailableError):
        source.look({})
    airbyte.is_away = False
    airbyte.job(1, "succeeded", T0, {"orders": 1})
    assert counted(source.look({}), "airbyte_records_synced_total")


# --- Dremio


class Dremio:
    """Answers of the two system tables."""

    def __init__(self, jobs: list[dict[str, Any]], refreshes: list[dict[str, Any]]) -> None:
        self.jobs, self.refreshes = jobs, refreshes
        self.asked: list[str] = []

    def query(self, sql: str, timeout: float) -> list[dict[str, Any]]:
        self.asked.append(sql)
        return self.jobs if "sys.jobs_recent" in sql else self.refreshes

    def close(self) -> None:
        """Nothing to give back."""


def dremio_job(number: int, begin: int, end: int, status: str = "COMPLETED") -> dict[str, Any]:
    return {
        "job_id": f"job-{number}",
        "status": status,
        "query_type": "REST",
        "accelerated": number % 2 == 0,
        "submitted_epoch_millis": begin,
        "final_state_epoch_millis": end,
    }


def test_queries_and_refreshes_with_their_outcome() -> None:
    refresh = {
        "materialization_id": "m1",
        "state": "DONE",
        "last_refresh_finished": "2025-10-16 04:20:00.000",
        "last_refresh_duration_millis": 2500,
        "reflection_name": "raw_orders",
    }
    dremio = Dremio(
        [
            dremio_job(1, 1_000_000, 1_001_500),
            dremio_job(2, 1_000_000, 1_000_250),
            dremio_job(3, 5_000_000, 1_000_000, "FAILED"),
            dremio_job(4, 1_000_000, 1_000_100, "A_NEW_WORD"),
        ],
        [
            refresh,
            refresh | {"materialization_id": "m2", "state": "RUNNING", "last_refresh_duration_millis": None},
        ],
    )
    found = DremioJobs(lambda: dremio).look({})  # type: ignore[arg-type, return-value]
    assert counted(found, "dremio_query_duration_seconds") == {
        ("REST", "succeeded", "no"): 1.5,
        ("REST", "succeeded", "yes"): 0.25,
        ("REST", "failed", "no"): 0.0,
        ("REST", "unknown", "yes"): 0.1,
    }
    assert counted(found, "dremio_reflection_refresh_seconds") == {("raw_orders", "succeeded"): 2.5}
    assert found.position == {"ended_after": 1_001_500 - 60_000}


def test_the_position_goes_by_dremio_s_clock_and_never_back() -> None:
    dremio = Dremio([], [])
    source = DremioJobs(lambda: dremio)  # type: ignore[arg-type, return-value]
    assert source.look({"ended_after": 77}).position == {"ended_after": 77}
    assert "> 77" in dremio.asked[0]
    dremio.jobs = [dremio_job(1, 70, 80)]
    assert source.look({"ended_after": 77}).position == {"ended_after": 77}


# --- Superset


class Superset:
    """The log, dashboards and their datasets, as its REST API shows them."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.asked: list[str] = []

    def log(self, at: datetime, action: str, dashboard: int | None = None, **content: Any) -> None:
        self.entries.append(
            {
                "action": action,
                "dttm": at.replace(tzinfo=None).isoformat(),
                "dashboard_id": dashboard,
                "json": json.dumps(content) if content else None,
            }
        )

    def query(self, at: datetime, cached: Any, dashboard: int | None = None, dataset: int = 7) -> None:
        content = {"object_ref": "ChartDataRestApi.data", "is_cached": cached, "datasource": {"id": dataset}}
        self.log(at, "ChartDataRestApi.data", dashboard, **content)

    def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        self.asked.append(path)
        if path == "dashboard/":
            return {"result": [{"id": 1, "dashboard_title": "Sales"}, {"id": 2, "dashboard_title": "Stock"}]}
        if path.startswith("dashboard/"):
            return {"result": [{"id": 7}, {"id": 9}] if "/1/" in path else [{"id": 8}, {"id": 9}]}
        query = (params or {})["q"]
        since = query.split("value:'")[1].split("'")[0] if "value:'" in query else ""
        page = int(query.split("page:")[1].split(",")[0])
        numbered = [(i, e) for i, e in enumerate(self.entries) if e["dttm"] > since]
        numbered.sort(key=lambda pair: pair[1]["dttm"])
        shown = numbered[page * 100 : page * 100 + 100]
        return {"ids": [i for i, _ in shown], "result": [e for _, e in shown]}

    def close(self) -> None:
        """Nothing to give back."""

    def source(self) -> SupersetLog:
        return SupersetLog(lambda: self)  # type: ignore[arg-type, return-value]


def rates(found: Found) -> dict[str, float]:
    return {
        each.labels["dashboard"]: each.value
        for each in found.readings
        if each.metric == "superset_query_cache_hit_rate"
    }


def test_hit_rate_by_dashboard_over_a_day() -> None:
    superset = Superset()
    superset.query(T0, True, dashboard=1)
    superset.query(T0, [False, True], dashboard=1)
    superset.query(T0, [True], dataset=8)
    superset.query(T0, [True], dataset=9)
    superset.query(T0, None, dashboard=1)
    source = superset.source()
    found = source.look({})
    assert rates(found) == {"Sales": pytest.approx(2 / 3), "Stock": 1.0, "none": 1.0}
    assert counted(found, "superset_queries_total") == {
        ("Sales", "yes"): 2, ("Sales", "no"): 1, ("Stock", "yes"): 1, ("none", "yes"): 1,
    }  # fmt: skip
    superset.query(T0 + timedelta(hours=25), True, dashboard=2)
    later = source.look(found.position)
    assert rates(later) == {"Stock": 1.0}, "what is older than a day does not count in the rate"
    assert counted(later, "superset_queries_total") == {("Stock", "yes"): 1}


def test_requests_are_counted_once_although_looks_overlap_and_steps_are_not_requests() -> None:
    superset = Superset()
    superset.log(T0, "ChartRestApi.get", object_ref="ChartRestApi.get")
    superset.log(T0, "execute_sql", object_ref="superset.models.core")
    superset.log(T0, "ChartDataRestApi.json_dumps", object_ref="ChartDataRestApi.json_dumps")
    superset.log(T0, "nothing told")
    source = superset.source()
    first = source.look({})
    assert counted(first, "api_requests_total") == {("superset", "ChartRestApi.get", "logged"): 1}
    # Committed later, although it happened before: within the overlap it is still seen.
    superset.log(T0 - timedelta(seconds=10), "ChartRestApi.get", object_ref="ChartRestApi.get")
    second = source.look(first.position)
    assert counted(second, "api_requests_total") == {("superset", "ChartRestApi.get", "logged"): 1}
    assert source.look(second.position).increments == []


@pytest.mark.parametrize("entries", [0, 1, 99, 100, 101, 250])
def test_no_page_of_the_log_is_lost(entries: int) -> None:
    superset = Superset()
    for number in range(entries):
        at = T0 + timedelta(milliseconds=number)
        superset.log(at, "ChartRestApi.get", object_ref="ChartRestApi.get")
    assert len(superset.source().look({}).increments) == entries


def test_a_reader_waits_from_the_first_chart_s_request_to_the_last_chart() -> None:
    superset = Superset()

    def event(name: str, chart: int, start: float, duration: float | None = None, **more: Any) -> None:
        content = {
            "event_name": name,
            "impression_id": "visit",
            "slice_id": chart,
            "start_offset": start,
        } | more
        superset.log(T0, "log", 1, **content, **({} if duration is None else {"duration": duration}))

    event("load_chart", 1, 800, 400)
    event("load_chart", 2, 900, 1600)
    source = superset.source()
    first = source.look({})
    assert counted(first, "superset_dashboard_load_time") == {}, "the visit may not have settled"
    event("load_chart", 3, 1000, 700)
    event("load_chart", 1, 90_000, 5000)
    event("load_chart", 2, 95_000, 9000, force_refresh=True)
    superset.log(T0 + timedelta(minutes=2), "ChartRestApi.get", object_ref="ChartRestApi.get")
    second = source.look(first.position)
    assert counted(second, "superset_dashboard_load_time") == {("Sales", "reader"): pytest.approx(1.7)}
    superset.log(T0 + timedelta(minutes=9), "ChartRestApi.get", object_ref="ChartRestApi.get")
    assert counted(source.look(second.position), "superset_dashboard_load_time") == {}


def test_what_is_broken_in_the_log_is_passed_over() -> None:
    superset = Superset()
    superset.entries.append(
        {"action": "log", "dttm": T0.isoformat()[:19], "dashboard_id": None, "json": "{broken"}
    )
    superset.entries.append({"action": "log", "dttm": T0.isoformat()[:19], "dashboard_id": 99, "json": "[1]"})
    superset.log(T0, "log", 99, event_name="load_chart", impression_id=5, start_offset="x", duration=True)
    found = superset.source().look({})
    assert found.increments == found.observations == []


# --- requests to each service


def test_a_service_that_does_not_answer_is_counted_as_such() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "dremio":
            raise httpx.ReadTimeout("slow", request=request)
        return httpx.Response(503 if request.url.host == "superset" else 200)

    probes = [Probe(name, f"http://{name}/health") for name in ("airbyte", "superset", "dremio")]
    found = ServiceApis(probes, httpx.MockTransport(answer)).look({})
    assert counted(found, "api_requests_total") == {
        ("airbyte", "/health", "200"): 1,
        ("superset", "/health", "503"): 1,
        ("dremio", "/health", NO_ANSWER): 1,
    }
    up = {each.labels["service"]: each.value for each in found.readings if each.metric == "lakehouse_api_up"}
    assert up == {"airbyte": 1, "superset": 0, "dremio": 0}
