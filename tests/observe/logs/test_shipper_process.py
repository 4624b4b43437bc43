"""The shipper as a process, with a real Elasticsearch and object store: every line, once, and no secret."""

from __future__ import annotations

import json
import signal
from collections import Counter

from lakehouse.observe.logs.cursors import Cursors
from testing.waiting import wait_until
from tests.observe.logs.conftest import SECRET, LogPlatform, ShipperProcess, moment

WAIT_SECONDS = 120


def task_lines(run: str, count: int, start: int = 0) -> list[str]:
    at = moment().replace(" ", "T").replace(",", ".") + "Z"
    return [
        json.dumps({"timestamp": at, "level": "info", "event": f"line {number}", "logger": "task"})
        for number in range(start, start + count)
    ]


def task_log(run: str) -> str:
    return f"tasks/dag_id=some_dag/run_id={run}/task_id=work/attempt=1.log"


def lake_ids(platform: LogPlatform, run: str) -> Counter[str]:
    found = platform.in_lake("logs/airflow/")
    return Counter(
        entry["id"] for entries in found.values() for entry in entries if entry.get("run_id") == run
    )


def test_killed_at_any_moment_it_sends_every_line_and_none_twice(
    log_platform: LogPlatform, shipper: ShipperProcess
) -> None:
    run, lines = "killed", 12_000
    shipper.write(task_log(run), task_lines(run, lines // 2))
    for part in range(3):
        process = shipper.start()
        wait_until(
            lambda part=part: log_platform.count(run_id=run) > part * 2000,
            "some lines to arrive",
            WAIT_SECONDS,
        )
        process.send_signal(signal.SIGKILL)
        process.wait()
        shipper.write(task_log(run), task_lines(run, lines // 6, lines // 2 + part * lines // 6))
    done = shipper.once()
    assert done.returncode == 0, done.stderr
    assert log_platform.count(run_id=run) == lines
    found = lake_ids(log_platform, run)
    assert len(found) == lines
    assert set(found.values()) == {1}


def test_elasticsearch_killed_loses_nothing_and_the_lake_goes_on(
    log_platform: LogPlatform, shipper: ShipperProcess
) -> None:
    run = "elasticsearch-killed"
    shipper.write(task_log(run), task_lines(run, 500))
    process = shipper.start()
    wait_until(lambda: log_platform.count(run_id=run) == 500, "the first lines to arrive", WAIT_SECONDS)
    log_platform.kill_elasticsearch()
    shipper.write(task_log(run), task_lines(run, 500, 500))
    wait_until(lambda: len(lake_ids(log_platform, run)) == 1000, "all lines to be in the lake", WAIT_SECONDS)
    wait_until(log_platform.is_up, "Elasticsearch to be back", WAIT_SECONDS)
    wait_until(lambda: log_platform.count(run_id=run) == 1000, "all lines to be searchable", WAIT_SECONDS)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_no_secret_is_in_elasticsearch_or_in_the_lake(
    log_platform: LogPlatform, shipper: ShipperProcess
) -> None:
    run = "secrets"
    at = moment().replace(" ", "T").replace(",", ".") + "Z"
    events = [
        f"connecting to postgresql://shop:{SECRET}@host/db",
        f"Authorization: Bearer {SECRET}",
        "\x1b[31m" + SECRET + "\x1b[0m",
        "x" * 1_000_000 + SECRET,
        "AKIAIOSFODNN7EXAMPLE is the key",
    ]
    shipper.write(task_log(run), [json.dumps({"timestamp": at, "event": event}) for event in events])
    assert shipper.once().returncode == 0
    found = log_platform.found("airflow", run_id=run)
    assert len(found) == len(events)
    assert all("***" in entry["message"] or entry.get("truncated") for entry in found)
    stored = [
        e
        for entries in log_platform.in_lake("logs/airflow/").values()
        for e in entries
        if e.get("run_id") == run
    ]
    assert len(stored) == len(events)
    for text in (json.dumps(found), json.dumps(stored)):
        assert SECRET not in text
        assert "AKIAIOSFODNN7EXAMPLE" not in text
    assert max(len(entry["message"]) for entry in stored) > 1_000_000
    [cut] = [entry for entry in found if entry.get("truncated")]
    assert cut["characters"] > 1_000_000


def test_a_document_that_elasticsearch_refuses_is_kept_and_the_others_arrive(
    log_platform: LogPlatform, shipper: ShipperProcess
) -> None:
    index = "airbyte-logs-superset-2026.01.02"  # somebody has given it another mapping
    log_platform.client.indices.create(index=index, mappings={"properties": {"level": {"type": "integer"}}})
    lines = ["2026-01-02 03:04:05,006:ERROR:superset.app:refused", f"{moment()}:INFO:superset.app:taken"]
    shipper.write("services/superset.log", lines)
    assert shipper.once().returncode == 0
    assert [entry["message"] for entry in log_platform.found("superset")] == [lines[1]]
    cursors = Cursors(shipper.folder / "shipper" / "cursors.sqlite")
    [letter] = cursors.dead_letters()
    assert "level" in letter["reason"]
    assert lines[0] in letter["document"]
    assert cursors.counters()["elasticsearch.dead_letters"] == 1
    assert len(log_platform.in_lake("logs/superset/date=2026-01-02/")) == 1


def test_an_object_in_the_lake_never_spans_midnight(
    log_platform: LogPlatform, shipper: ShipperProcess
) -> None:
    lines = [f"2026-03-0{day} 23:59:59,999 INFO midnight {day}" for day in (1, 2, 3)]
    shipper.write("services/dremio.log", lines)
    assert shipper.once().returncode == 0
    for day in (1, 2, 3):
        [(key, entries)] = log_platform.in_lake(f"logs/dremio/date=2026-03-0{day}/").items()
        assert key.endswith(".json.gz")
        assert [entry["message"] for entry in entries] == [lines[day - 1]]


def test_without_elasticsearch_it_says_so_and_the_lake_has_the_lines(
    log_platform: LogPlatform, shipper: ShipperProcess
) -> None:
    shipper.more["ELASTICSEARCH_URL"] = "http://127.0.0.1:9"
    shipper.write("services/postgres.log", ["2026-04-01 00:00:00.000 UTC [1] LOG:  only in the lake"])
    done = shipper.once()
    assert done.returncode == 1
    assert "make up OBSERVE=1" in done.stderr
    assert len(log_platform.in_lake("logs/postgres/date=2026-04-01/")) == 1
