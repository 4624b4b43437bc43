"""Observer, Prometheus and Alertmanager as they run: killed, without PostgreSQL, from rule to incident."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from lakehouse.observe.incidents.reading import open_incidents
from lakehouse.observe.metrics.observation import Observation
from lakehouse.observe.metrics.totals import observe
from lakehouse.platform.connections import DirectPostgres
from lakehouse.platform.database import transaction
from lakehouse.platform.repository import INCLUDE
from testing.embedded_platform import EmbeddedPlatform
from testing.repository import ROOT
from testing.waiting import wait_until

RESIDENT_LIMIT = 80 * 2**20
STREAM = "kept-through-a-kill"


@pytest.fixture(scope="module")
def observed(postgres_platform: EmbeddedPlatform, postgres: DirectPostgres) -> Iterator[EmbeddedPlatform]:
    """The shared platform with the observer, Prometheus and Alertmanager; needs Debian's packages once."""
    fetched = subprocess.run(
        [sys.executable, ROOT / "bin" / "prometheus"], capture_output=True, text=True, check=False
    )
    if fetched.returncode != 0:
        pytest.skip(f"Prometheus cannot be fetched here: {fetched.stderr.strip()}")
    postgres_platform.up("observer", "prometheus", "alertmanager")
    yield postgres_platform
    postgres_platform.stop("observer", "prometheus", "alertmanager")


def scrape(platform: EmbeddedPlatform) -> dict[str, float]:
    """Series by their text."""
    answer = httpx.get(f"{platform.wire['OBSERVER_URL']}/metrics", timeout=30).raise_for_status()
    assert answer.headers["Content-Type"].startswith("text/plain")
    lines = [line.rsplit(" ", 1) for line in answer.text.splitlines() if line and not line.startswith("#")]
    return {series: float(value) for series, value in lines}


def process_of(platform: EmbeddedPlatform, module: str) -> int:
    """The pid of this platform's process that runs the module."""
    mark = f"LAKEHOUSE_STATE_DIR={platform.folder / 'state'}".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if module.encode() in words and mark in (entry / "environ").read_bytes().split(b"\0"):
                return int(entry.name)
        except OSError:
            continue
    return 0


def count(postgres: DirectPostgres, event: str, rows: float) -> None:
    labels = {"connection": "observer-test", "stream": STREAM}
    told = Observation("airbyte_records_synced_total", f"{STREAM} {event}", labels, rows, datetime.now(UTC))
    with transaction(postgres) as cursor:
        observe(cursor, [told])


def synced(platform: EmbeddedPlatform) -> float:
    return scrape(platform)[f'airbyte_records_synced_total{{connection="observer-test",stream="{STREAM}"}}']


def test_a_killed_observer_comes_back_with_every_count(
    observed: EmbeddedPlatform, postgres: DirectPostgres
) -> None:
    count(postgres, "before", 40)
    assert synced(observed) == 40
    killed = process_of(observed, "lakehouse.observe")
    assert killed
    os.kill(killed, signal.SIGKILL)
    count(postgres, "while it is away", 2)

    def is_back() -> bool:
        try:
            return process_of(observed, "lakehouse.observe") not in (0, killed) and synced(observed) == 42
        except httpx.HTTPError:
            return False

    wait_until(is_back, "the observer is started again and shows 42", 120)
    count(postgres, "before", 40)
    assert synced(observed) == 42, "the same event, told again after the restart"


def test_the_observer_stays_small_and_does_not_load_airflow(observed: EmbeddedPlatform) -> None:
    wait_until(lambda: rounds(observed, "gather metrics") >= 1, "it has gathered", 120)
    pid = process_of(observed, "lakehouse.observe")
    resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert resident < RESIDENT_LIMIT
    assert "/airflow/" not in Path(f"/proc/{pid}/maps").read_text().replace("envs/airflow", "envs/x")


def health(platform: EmbeddedPlatform) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{platform.wire['OBSERVER_URL']}/health", timeout=30).json()
    return answer


def rounds(platform: EmbeddedPlatform, name: str) -> int:
    [found] = [loop["rounds"] for loop in health(platform)["loops"] if loop["name"] == name]
    return int(found)


def test_a_source_that_is_away_costs_its_own_metrics_only(observed: EmbeddedPlatform) -> None:
    """Neither Airbyte nor Dremio nor Superset is up here; other tests may have started the store."""
    wait_until(lambda: rounds(observed, "gather metrics") >= 1, "it has gathered", 120)
    found = scrape(observed)
    up = {re.findall('"(.*)"', series)[0]: value for series, value in found.items() if "source_up{" in series}
    assert {name for name, value in up.items() if value == 0} >= {"airbyte", "dremio", "superset"}
    assert {"night", "dbt", "gold tables", "apis", "postgres platform_postgres"} <= {
        n for n, v in up.items() if v
    }
    assert not any(series.startswith("dremio_query") for series in found)
    assert any(series.startswith("lakehouse_stage_planned_seconds") for series in found)
    assert found['lakehouse_api_up{service="dremio"}'] == 0
    refused = [
        value for series, value in found.items() if 'code="none"' in series and 'service="dremio"' in series
    ]
    assert refused
    assert refused[0] >= 1
    failures = [
        v for series, v in found.items() if series.startswith("lakehouse_source_failures_total") and v
    ]
    assert failures, "the exporter's own health"


def superuser(platform: EmbeddedPlatform) -> psycopg.Connection[tuple[Any, ...]]:
    lines = (platform.folder / "state" / "secrets.env").read_text().splitlines()
    [password] = [line.split("=", 1)[1] for line in lines if line.startswith("POSTGRES_PASSWORD=")]
    wire = platform.wire
    return psycopg.connect(
        host=wire["PLATFORM_PG_HOST"],
        port=wire["PLATFORM_PG_PORT"],
        user="postgres",
        password=password,
        dbname="postgres",
        autocommit=True,
    )


def test_postgresql_without_room_for_a_connection_is_said_and_got_over(
    observed: EmbeddedPlatform, postgres: DirectPostgres
) -> None:
    with superuser(observed) as owner:
        owner.execute("alter role platform connection limit 0")
        try:
            wait_until(
                lambda: scrape(observed)["lakehouse_exporter_database_up"] == 0, "the scrape says so", 60
            )
            assert health(observed)["database"] == "down"
            answer = httpx.post(
                f"{observed.wire['OBSERVER_URL']}/alerts",
                json={"alerts": [{"labels": {"alertname": "Watchdog"}, "status": "firing"}]},
                timeout=60,
            )
            assert answer.status_code == 503, (
                "Alertmanager keeps what could not be stored, and sends it again"
            )
        finally:
            owner.execute("alter role platform connection limit -1")
    wait_until(lambda: scrape(observed)["lakehouse_exporter_database_up"] == 1, "it is back", 60)
    assert synced(observed) >= 40


def test_postgresql_that_hangs_is_said_within_the_scrape_s_time_and_got_over(
    observed: EmbeddedPlatform,
) -> None:
    lock = observed.folder / "state" / "postgres" / "data" / "postmaster.pid"
    postmaster = int(lock.read_text().splitlines()[0])
    os.kill(postmaster, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert scrape(observed)["lakehouse_exporter_database_up"] == 0
        took = time.monotonic() - began
    finally:
        os.kill(postmaster, signal.SIGCONT)
    configured = (INCLUDE / "observe" / "prometheus.yml").read_text()
    [limit] = re.findall(r"scrape_timeout: (\d+)s", configured)
    assert took < float(limit), "Prometheus would take the observer for dead"
    wait_until(lambda: scrape(observed)["lakehouse_exporter_database_up"] == 1, "it is back", 60)


def prometheus(platform: EmbeddedPlatform, path: str, **query: str) -> Any:
    answer = httpx.get(f"{platform.wire['PROMETHEUS_URL']}/api/v1/{path}", params=query, timeout=30)
    return answer.raise_for_status().json()["data"]


def test_prometheus_reads_the_observer_and_has_every_rule(observed: EmbeddedPlatform) -> None:
    def is_up() -> bool:
        found = prometheus(observed, "query", query='up{job="lakehouse"}')["result"]
        return bool(found) and found[0]["value"][1] == "1"

    wait_until(is_up, "a scrape succeeded", 120, look_every=1)
    groups = prometheus(observed, "rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 15
    assert not [rule for rule in rules if rule["health"] == "err"]


def test_an_alert_goes_from_rule_to_incident_and_ends_it(
    observed: EmbeddedPlatform, postgres: DirectPostgres
) -> None:
    """Through Prometheus, Alertmanager and the web hook: the Watchdog, and one that was sent by hand."""

    def watchdog_came() -> bool:
        with transaction(postgres) as cursor:
            cursor.execute("select count(*) from heartbeats where name = 'alert path'")
            return bool(cursor.fetchone()[0])

    wait_until(watchdog_came, "the Watchdog reached the observer", 180, look_every=1)
    alert = {
        "labels": {
            "alertname": "SlotLost",
            "slot": "observer_test_slot",
            "severity": "page",
            "owner": "data-platform",
        },
        "annotations": {"summary": "the slot is lost", "runbook_url": "docs/runbooks/alerts.md#slotlost"},
    }
    url = f"{observed.wire['ALERTMANAGER_URL']}/api/v2/alerts"
    httpx.post(url, json=[alert], timeout=30).raise_for_status()

    def is_open() -> bool:
        return any("observer_test_slot" in json.dumps(str(each)) for each in open_incidents(postgres))

    wait_until(is_open, "it is an incident", 120, look_every=0.5)
    ended = datetime.now(UTC).isoformat()
    httpx.post(url, json=[alert | {"endsAt": ended}], timeout=30).raise_for_status()
    wait_until(lambda: not is_open(), "its end has resolved the incident", 180, look_every=1)
    assert not is_open()


def test_the_rules_hold_what_their_tests_say(observed: EmbeddedPlatform) -> None:
    promtool = ROOT / ".local" / "prometheus" / "usr" / "bin" / "promtool"
    done = subprocess.run(
        [promtool, "test", "rules", "rules_test.yml"],
        cwd=INCLUDE / "observe",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    checked = subprocess.run(
        [promtool, "check", "config", "prometheus.yml"],
        cwd=INCLUDE / "observe",
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_an_observer_that_is_told_to_stop_stops_within_seconds(observed: EmbeddedPlatform) -> None:
    """The last test of this file: the supervisor starts it again."""
    pid = process_of(observed, "lakehouse.observe")
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "it has gone", 30)
    wait_until(lambda: process_of(observed, "lakehouse.observe") not in (0, pid), "another one runs", 60)
    log = (observed.folder / "state" / "logs" / "observer.log").read_text()
    assert "stopping" in log
    assert "Traceback" not in log
