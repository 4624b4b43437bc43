"""Counters in a real PostgreSQL: told twice, by three at once, pruned, replayed, they count once."""

from __future__ import annotations

import random
import subprocess
import sys
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from lakehouse.observe.metrics import catalogue
from lakehouse.observe.metrics.catalogue import DROPPED, METRICS, OTHER, Metric
from lakehouse.observe.metrics.observation import Increment, Observation, Reading
from lakehouse.observe.metrics.readings import replace_readings
from lakehouse.observe.metrics.totals import Total, begin_at_zero, increase, observe, prune, stored_totals
from lakehouse.platform.connections import DirectPostgres
from lakehouse.platform.database import PlatformDatabaseUnavailableError, transaction
from testing.embedded_platform import EmbeddedPlatform
from testing.repository import ROOT

RECORDS = "airbyte_records_synced_total"
DURATION = "airbyte_sync_duration_seconds"
AT = datetime(2025, 10, 16, 2, tzinfo=UTC)


@pytest.fixture
def stream() -> str:
    """A label value of the test's own."""
    return f"stream-{uuid.uuid4().hex[:12]}"


def record(stream: str, event: str, rows: float = 1, at: datetime = AT) -> Observation:
    return Observation(RECORDS, f"{stream} {event}", {"connection": "c", "stream": stream}, rows, at)


def total(postgres: DirectPostgres, metric: str, **labels: str) -> Total | None:
    with transaction(postgres) as cursor:
        found = [
            t for m, has, t in stored_totals(cursor) if m.name == metric and labels.items() <= has.items()
        ]
    assert len(found) <= 1
    return found[0] if found else None


def count(postgres: DirectPostgres, *told: Observation) -> int:
    with transaction(postgres) as cursor:
        return observe(cursor, told)


def test_an_event_that_is_told_again_counts_once(postgres: DirectPostgres, stream: str) -> None:
    assert count(postgres, record(stream, "job 1", 40), record(stream, "job 2", 2)) == 2
    assert count(postgres, record(stream, "job 1", 40)) == 0
    assert (
        count(postgres, record(stream, "job 2", 2), record(stream, "job 3", 1), record(stream, "job 3", 1))
        == 1
    )
    assert total(postgres, RECORDS, stream=stream) == Total(3, 43.0, {})


def test_a_transaction_that_is_rolled_back_counts_nothing_and_may_count_later(
    postgres: DirectPostgres, stream: str
) -> None:
    def die(cursor: object) -> None:
        observe(cursor, [record(stream, "job", 7)])
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError, match="killed"), transaction(postgres) as cursor:
        die(cursor)
    assert total(postgres, RECORDS, stream=stream) is None
    assert count(postgres, record(stream, "job", 7)) == 1
    assert total(postgres, RECORDS, stream=stream) == Total(1, 7.0, {})


def test_three_writers_that_replay_the_same_events_count_each_once(
    postgres: DirectPostgres, stream: str
) -> None:
    """Each in an order of its own, in transactions of several events, of which some are done twice."""
    rows = {f"job {number}": random.Random(number).randint(0, 1000) for number in range(120)}

    def write(seed: int) -> int:
        chance = random.Random(seed)
        left = chance.sample(sorted(rows), len(rows))
        counted = 0
        while left:
            events = [record(stream, event, rows[event]) for event in left[:7]]
            try:
                with transaction(postgres) as cursor:
                    done = observe(cursor, events)
                    if chance.random() < 0.2:
                        raise RuntimeError("dies before the commit")
            except RuntimeError:
                continue
            counted += done
            left = left[7:]
        return counted

    with ThreadPoolExecutor(3) as writers:
        assert sum(writers.map(write, range(3))) == len(rows)
    assert total(postgres, RECORDS, stream=stream) == Total(len(rows), float(sum(rows.values())), {})


def test_a_histogram_counts_each_value_below_its_bound(postgres: DirectPostgres, stream: str) -> None:
    for number, seconds in enumerate((0.0, 5.0, 5.1, 3600.0, 3601.0)):
        labels = {"connection": stream, "outcome": "succeeded"}
        count(postgres, Observation(DURATION, f"{stream} {number}", labels, seconds, AT))
    found = total(postgres, DURATION, connection=stream)
    assert found is not None
    assert found.buckets == {"5": 2, "15": 1, "3600": 1, "+Inf": 1}
    assert (found.observations, found.total) == (5, pytest.approx(7211.1))


def test_a_counter_begins_at_zero_and_a_second_beginning_leaves_it(
    postgres: DirectPostgres, stream: str
) -> None:
    labels = {"connection": stream}
    with transaction(postgres) as cursor:
        begin_at_zero(cursor, [("airbyte_sync_failures_total", labels)])
    assert total(postgres, "airbyte_sync_failures_total", **labels) == Total(0, 0.0, {})
    with transaction(postgres) as cursor:
        increase(cursor, [])
        observe(cursor, [Observation("airbyte_sync_failures_total", stream, labels, 1, AT)])
        begin_at_zero(cursor, [("airbyte_sync_failures_total", labels)])
    assert total(postgres, "airbyte_sync_failures_total", **labels) == Total(1, 1.0, {})


def test_increments_add_up(postgres: DirectPostgres, stream: str) -> None:
    labels = {"service": "superset", "endpoint": stream, "code": "200"}
    for _ in range(2):
        with transaction(postgres) as cursor:
            increase(
                cursor,
                [Increment("api_requests_total", labels, 1), Increment("api_requests_total", labels, 2)],
            )
    assert total(postgres, "api_requests_total", endpoint=stream) == Total(4, 6.0, {})


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, stream: str) -> Metric:
    """A metric of the test's own whose label has room for three values."""
    metric = Metric(f"test_{stream.replace('-', '_')}_total", "counter", "A test's.", {"who": 3})
    monkeypatch.setattr(catalogue, "METRICS", {**METRICS, metric.name: metric})
    for module in ("observation", "totals", "readings"):
        monkeypatch.setattr(f"lakehouse.observe.metrics.{module}.METRICS", {**METRICS, metric.name: metric})
    return metric


def test_a_label_explosion_becomes_other_and_is_counted(postgres: DirectPostgres, small: Metric) -> None:
    for number in range(10):
        count(postgres, Observation(small.name, f"{small.name} {number}", {"who": f"user {number}"}, 1, AT))
    with transaction(postgres) as cursor:
        cursor.execute(
            "select labels ->> 'who', total from metric_totals where metric = %s order by 1", (small.name,)
        )
        assert cursor.fetchall() == [(OTHER, 7.0), ("user 0", 1.0), ("user 1", 1.0), ("user 2", 1.0)]
        cursor.execute(
            "select total from metric_totals where metric = %s and labels ->> 'metric' = %s",
            (DROPPED.name, small.name),
        )
        assert cursor.fetchone() == (7.0,)
    count(postgres, Observation(small.name, f"{small.name} again", {"who": "user 1"}, 1, AT))
    with transaction(postgres) as cursor:
        cursor.execute(
            "select total from metric_totals where metric = %s and labels ->> 'who' = 'user 1'", (small.name,)
        )
        assert cursor.fetchone() == (2.0,), "a value that has its place keeps it"


def test_writers_at_the_same_time_do_not_pass_a_label_s_limit(
    postgres: DirectPostgres, small: Metric
) -> None:
    def write(writer: int) -> None:
        for number in range(5):
            event = f"{small.name} {writer} {number}"
            count(postgres, Observation(small.name, event, {"who": f"{writer} {number}"}, 1, AT))

    with ThreadPoolExecutor(3) as writers:
        list(writers.map(write, range(3)))
    with transaction(postgres) as cursor:
        cursor.execute("select count(*), sum(total) from metric_totals where metric = %s", (small.name,))
        assert cursor.fetchone() == (4, 15.0)


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_what_a_counter_cannot_take_is_refused_before_it_is_stored(value: float) -> None:
    with pytest.raises(ValueError, match="cannot count"):
        record("x", "job", value)


def test_long_and_binary_label_values_are_stored_clean(postgres: DirectPostgres, stream: str) -> None:
    odd = f"{stream}\x00\x1b[31m\n" + "x" * 1_000_000
    count(postgres, Observation(RECORDS, stream, {"connection": "c", "stream": odd}, 1, AT))
    with transaction(postgres) as cursor:
        names = [has["stream"] for m, has, _ in stored_totals(cursor) if m.name == RECORDS]
    [name] = [each for each in names if each.startswith(stream)]
    assert len(name) == 120
    assert name.isprintable()


def test_a_source_s_values_replace_those_it_had(postgres: DirectPostgres, stream: str) -> None:
    def readings(*tables: str) -> list[Reading]:
        return [Reading("lakehouse_gold_data_age_seconds", {"table": each}, 1) for each in tables]

    with transaction(postgres) as cursor:
        replace_readings(cursor, stream, readings("t1", "t2"))
        replace_readings(cursor, stream, readings("t2"))
        cursor.execute("select labels ->> 'table' from metric_readings where source = %s", (stream,))
        assert cursor.fetchall() == [("t2",)]


def test_a_writer_that_is_killed_has_counted_all_of_a_transaction_or_nothing(
    postgres: DirectPostgres, postgres_platform: EmbeddedPlatform, stream: str
) -> None:
    """Killed at any moment and started again until it is through, a writer counts each event once."""
    program = f"""
import sys
from datetime import UTC, datetime
from lakehouse.observe.metrics.observation import Observation
from lakehouse.observe.metrics.totals import observe
from lakehouse.platform.connections import direct_postgres
from lakehouse.platform.database import transaction
postgres = direct_postgres()
print("ready", flush=True)
for number in range(60):
    with transaction(postgres) as cursor:
        labels = {{"connection": "c", "stream": {stream!r}}}
        now = datetime.now(UTC)
        events = [f"{stream} {{number}} {{part}}" for part in range(3)]
        observe(cursor, [Observation({RECORDS!r}, event, labels, 1, now) for event in events])
    print(number, flush=True)
"""
    environment = postgres_platform.environ | {"PYTHONPATH": str(ROOT / "plugins")}
    for lines in (2, 10, 25):
        with subprocess.Popen(
            [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout
            for _ in range(lines):
                assert writer.stdout.readline()
            writer.kill()
        found = total(postgres, RECORDS, stream=stream)
        assert found is not None
        assert found.observations % 3 == 0
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, stdout=subprocess.DEVNULL)
    assert total(postgres, RECORDS, stream=stream) == Total(180, 180.0, {})


def test_postgresql_that_is_away_is_an_error_by_name_and_loses_nothing(stream: str) -> None:
    from lakehouse.platform.connections import Connection

    nobody = DirectPostgres(Connection(host="127.0.0.1", port=1, schema="platform", login="x", password="y"))
    with pytest.raises(PlatformDatabaseUnavailableError):
        count(nobody, record(stream, "job"))


def grow_old(postgres: DirectPostgres, metric: Metric) -> None:
    """Have the events of a metric be forgotten, as if they had been seen long ago."""
    with transaction(postgres) as cursor:
        cursor.execute(
            "update metric_events set seen_at = now() - interval '99 days' where metric = %s", (metric.name,)
        )
        prune(cursor)
        cursor.execute("select count(*) from metric_events where metric = %s", (metric.name,))
        assert cursor.fetchone() == (0,)


def event(metric: Metric, name: str, at: datetime = AT) -> Observation:
    return Observation(metric.name, name, {"who": "me"}, 1, at)


def test_pruned_events_do_not_count_again_and_new_ones_do(postgres: DirectPostgres, small: Metric) -> None:
    old = [event(small, "old"), event(small, "older", AT - timedelta(days=1))]
    assert count(postgres, *old) == 2
    grow_old(postgres, small)
    assert count(postgres, *old) == 0
    assert count(postgres, event(small, "new", AT + timedelta(hours=1))) == 1
    assert total(postgres, small.name) == Total(3, 3.0, {})


def test_a_clock_that_was_ahead_makes_no_later_event_old(postgres: DirectPostgres, small: Metric) -> None:
    """The wrong clock prunes what happened before the jump; what happens after that is new."""
    count(postgres, event(small, "before"))
    grow_old(postgres, small)
    assert count(postgres, event(small, "after", AT + timedelta(minutes=5))) == 1


def test_young_events_are_not_pruned(postgres: DirectPostgres, small: Metric) -> None:
    count(postgres, event(small, "young"))
    with transaction(postgres) as cursor:
        prune(cursor)
    assert count(postgres, event(small, "young")) == 0
