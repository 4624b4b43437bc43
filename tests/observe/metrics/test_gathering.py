"""Gathering on a real PostgreSQL: sources fail alone, gatherers compete, everything is counted once."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from lakehouse.observe.metrics.exposition import StoredMetrics
from lakehouse.observe.metrics.gather import gather, source_states
from lakehouse.observe.metrics.observation import Found, Increment, Observation, Reading
from lakehouse.observe.metrics.readings import FRESH_SECONDS
from lakehouse.observe.metrics.sources.databases import PostgresServer
from lakehouse.observe.metrics.sources.dbt import DbtModels
from lakehouse.observe.metrics.sources.night import Nights
from lakehouse.observe.metrics.sources.request_rates import RequestRates
from lakehouse.platform.connections import DirectPostgres
from lakehouse.platform.database import transaction
from lakehouse.receipts.report import StageReport, empty_report
from lakehouse.receipts.store import TaskRecord, recorded

AT = datetime(2025, 10, 16, 2, tzinfo=UTC)


@pytest.fixture
def mark() -> str:
    """A name of the test's own."""
    return f"t{uuid.uuid4().hex[:12]}"


def shown(postgres: DirectPostgres, *parts: str) -> dict[str, float]:
    """The series of a scrape whose text has all of the parts."""
    registry = CollectorRegistry()
    registry.register(StoredMetrics(postgres))
    lines = [line.rsplit(" ", 1) for line in generate_latest(registry).decode().splitlines()]
    return {
        series: float(value)
        for series, value in lines
        if all(part in series for part in parts) and series[0] != "#"
    }


class Counting:
    """A source that finds one new event at each look."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.broken: Exception | None = None

    def look(self, position: Mapping[str, Any]) -> Found:
        if self.broken:
            raise self.broken
        number = int(position.get("number", 0)) + 1
        labels = {"connection": "c", "stream": self.name}
        found = Found(position={"number": number})
        found.observations.append(
            Observation(
                "airbyte_records_synced_total", f"{self.name} {number}", labels, 10, datetime.now(UTC)
            )
        )
        found.readings.append(Reading("lakehouse_gold_data_age_seconds", {"table": self.name}, number))
        found.increments.append(
            Increment("api_requests_total", {"service": "s", "endpoint": self.name, "code": "200"}, 1)
        )
        return found


def test_a_source_that_fails_keeps_its_counts_and_costs_no_other(postgres: DirectPostgres, mark: str) -> None:
    good, bad = Counting(f"{mark}-good"), Counting(f"{mark}-bad")
    gather(postgres, [good, bad])
    bad.broken = RuntimeError("says why\nin two lines")
    done = gather(postgres, [bad, good])
    assert [each.error for each in done] == ["RuntimeError: says why in two lines", None]
    assert shown(postgres, "airbyte_records_synced_total", f"{mark}-good") == {
        f'airbyte_records_synced_total{{connection="c",stream="{mark}-good"}}': 20
    }
    assert list(shown(postgres, "airbyte_records_synced_total", f"{mark}-bad").values()) == [10]
    assert list(shown(postgres, "lakehouse_source_up", f"{mark}-bad").values()) == [0]
    assert list(shown(postgres, "lakehouse_source_up", f"{mark}-good").values()) == [1]
    assert list(shown(postgres, "lakehouse_source_failures_total", f"{mark}-bad").values()) == [1]
    bad.broken = None
    gather(postgres, [bad])
    assert list(shown(postgres, "airbyte_records_synced_total", f"{mark}-bad").values()) == [20]
    assert list(shown(postgres, "lakehouse_source_up", f"{mark}-bad").values()) == [1]


def test_a_source_that_says_nonsense_fails_alone(postgres: DirectPostgres, mark: str) -> None:
    class Nonsense(Counting):
        def look(self, position: Mapping[str, Any]) -> Found:
            return Found(readings=[Reading("minio_objects_total", {"bucket": "b"}, "many")])  # type: ignore[arg-type]

    good = Counting(mark)
    done = gather(postgres, [Nonsense(f"{mark}-nonsense"), good])
    assert done[0].error
    assert done[1].error is None
    assert shown(postgres, "airbyte_records_synced_total", mark)


def test_values_that_are_old_are_not_shown_and_counters_are(postgres: DirectPostgres, mark: str) -> None:
    gather(postgres, [Counting(mark)])
    assert shown(postgres, "lakehouse_gold_data_age_seconds", mark)
    with transaction(postgres) as cursor:
        cursor.execute(
            "update metric_sources set succeeded_at = now() - make_interval(secs => %s) where source = %s",
            (FRESH_SECONDS, mark),
        )
    assert not shown(postgres, "lakehouse_gold_data_age_seconds", mark)
    assert shown(postgres, "airbyte_records_synced_total", mark)


def test_gatherers_at_the_same_time_count_each_look_once(postgres: DirectPostgres, mark: str) -> None:
    """Whoever is slower has read from a position that is no longer the newest, and stores nothing."""
    with ThreadPoolExecutor(4) as gatherers:
        list(gatherers.map(lambda _: gather(postgres, [Counting(mark)]), range(8)))
    with transaction(postgres) as cursor:
        [state] = [each for each in source_states(cursor) if each.source == mark]
    looks = state.position["number"]
    assert 1 <= looks <= 8
    assert list(shown(postgres, "airbyte_records_synced_total", mark).values()) == [10 * looks]
    assert list(shown(postgres, "api_requests_total", mark).values()) == [looks]


def test_request_rates_are_what_the_counter_grew_by(postgres: DirectPostgres, mark: str) -> None:
    rates = RequestRates(postgres)
    first = rates.look({})
    assert first.readings == []
    gather(postgres, [Counting(mark)])
    second = rates.look(first.position)
    elapsed = second.position["at"] - first.position["at"]
    [grown] = [each.value for each in second.readings if each.labels == {"service": "s"}]
    assert grown == pytest.approx(1 / elapsed)
    assert rates.look(second.position | {"at": second.position["at"] + 9999}).readings == [], (
        "a clock set back"
    )


def receipt(
    day: date, run_id: str, state: str, rows: int, minutes: int = 3, stage: str = "transform_marts"
) -> TaskRecord:
    report: StageReport = empty_report()
    report["rows_out"] = rows
    begin = datetime.now(UTC) - timedelta(minutes=minutes)
    ended = None if state == "running" else datetime.now(UTC)
    return TaskRecord(day, stage, run_id, "build", -1, state, 1, begin, ended, True, report, None, None)


def store(postgres: DirectPostgres, record: TaskRecord) -> None:
    with recorded(postgres, record):
        pass


def test_a_stage_counts_once_when_it_has_ended_and_a_replay_counts_again(
    postgres: DirectPostgres, mark: str
) -> None:
    """Rows per layer: what was written, each run of each night once, however often it is looked at."""
    day = date(1990, 1, 1) + timedelta(days=int(mark[1:5], 16) % 9000)

    def totals() -> tuple[float, float]:
        gather(postgres, [Nights(postgres)])
        rows = sum(shown(postgres, 'lakehouse_layer_rows_total{layer="marts"}').values())
        runs = sum(
            shown(postgres, "lakehouse_stage_duration_seconds_count", 'stage="transform_marts"').values()
        )
        return rows, runs

    rows, runs = totals()
    store(postgres, receipt(day, f"{mark}-1", "running", 100))
    assert totals() == (rows, runs), "it has not ended"
    store(postgres, receipt(day, f"{mark}-1", "failed", 100))
    assert totals() == (rows, runs + 1), "a failed run has a duration and no rows"
    store(postgres, receipt(day, f"{mark}-1", "success", 100))
    assert totals() == totals() == (rows + 100, runs + 2), "cleared and run again, it succeeded"
    store(postgres, receipt(day, f"{mark}-2", "success", 40))
    assert totals() == (rows + 140, runs + 3), "the date was replayed"
    latest = shown(postgres, "lakehouse_stage_latest_seconds", 'stage="transform_marts"')
    assert next(iter(latest.values())) == pytest.approx(180, abs=60)


def test_tonight_s_late_stage_shows_how_late_it_is(postgres: DirectPostgres, mark: str) -> None:
    tonight = date(1989, 1, 1) + timedelta(days=int(mark[1:5], 16) % 300)
    begin = datetime.combine(tonight, datetime.min.time(), UTC) + timedelta(hours=1)
    record = TaskRecord(
        tonight, "extract_postgres", mark, "sync", -1, "running", 1, begin, None, True, None, None, None
    )
    store(postgres, record)
    now = begin + timedelta(minutes=40)
    found = Nights(postgres, lambda: now).look({})
    late = {r.labels["stage"]: r.value for r in found.readings if r.metric == "lakehouse_stage_late_seconds"}
    assert late["extract_postgres"] == 600
    assert late["transform_marts"] == 0


def test_what_dbt_spent_is_counted_once_for_each_run(postgres: DirectPostgres, mark: str) -> None:
    def ran(run_id: uuid.UUID, seconds: float, status: str = "success") -> None:
        results = [
            {"unique_id": f"test.lakehouse.unique_{mark}.1", "status": "pass", "seconds": 9},
            {"unique_id": f"model.lakehouse.{mark}", "status": status, "seconds": seconds},
        ]
        with transaction(postgres) as cursor:
            cursor.execute(
                "insert into dbt_run_history values (%s, 'lakehouse', now(), now(), %s, 1, 1, %s)"
                " on conflict (run_id) do nothing",
                (run_id, status, json.dumps({"dag": "transform_marts", "results": results})),
            )

    first = uuid.uuid4()
    ran(first, 2.5)
    ran(uuid.uuid4(), 4, "error")
    gather(postgres, [DbtModels(postgres)])
    ran(first, 2.5)
    gather(postgres, [DbtModels(postgres)])
    sums = shown(postgres, "dbt_model_execution_time_sum", mark)
    assert {series.split('outcome="')[1].split('"')[0]: value for series, value in sums.items()} == {
        "success": 2.5,
        "error": 4.0,
    }


def test_connections_by_state_and_the_server_s_slots(postgres: DirectPostgres) -> None:
    with postgres.get_conn() as open_one:
        open_one.execute("select 1")
        found = PostgresServer("platform_postgres", postgres).look({})
    connections = {
        (r.labels["database"], r.labels["state"]): r.value
        for r in found.readings
        if r.metric == "postgres_connections_active"
    }
    assert connections["platform", "active"] >= 1
    assert connections["platform", "idle in transaction"] >= 1
    assert not [state for _, state in connections if state == "unknown"], (
        "the role may see every session's state"
    )


def test_a_platform_that_was_never_provisioned_has_a_database_and_nothing_to_show(
    postgres: DirectPostgres,
) -> None:
    class Unprovisioned:
        """The same server, where none of the tables is in the path."""

        def get_conn(self) -> Any:
            connection = postgres.get_conn()
            connection.execute("set search_path to pg_catalog")
            connection.commit()
            return connection

    found = shown(Unprovisioned(), "lakehouse_")  # type: ignore[arg-type]
    assert found == {"lakehouse_exporter_database_up": 1}


def test_tables_that_are_locked_do_not_hold_up_a_scrape(postgres: DirectPostgres) -> None:
    """As a migration or a maintenance job does."""
    with postgres.get_conn() as holder:
        holder.execute("lock table metric_totals in access exclusive mode")
        began = time.monotonic()
        assert shown(postgres, "lakehouse_") == {"lakehouse_exporter_database_up": 0}
        assert time.monotonic() - began < 60, "it did not wait for the lock"
        holder.rollback()
    assert shown(postgres, "lakehouse_exporter_database_up") == {"lakehouse_exporter_database_up": 1}
