"""What Prometheus reads: everything that is stored, asked for at each scrape; the exporter keeps nothing."""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from lakehouse.observe.metrics import catalogue
from lakehouse.observe.metrics.catalogue import METRICS
from lakehouse.observe.metrics.gather import SourceState, source_states
from lakehouse.observe.metrics.readings import stored_readings
from lakehouse.observe.metrics.totals import Total, stored_totals
from lakehouse.platform.database import LedgerMissingError, PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql

log = logging.getLogger(__name__)

Labelled = list[tuple[dict[str, str], Total | float]]


class StoredMetrics(Collector):
    """A collector for a registry of prometheus_client. PostgreSQL being away is a metric, not an error."""

    def __init__(self, postgres: PostgresConnections) -> None:
        self._postgres = postgres

    def describe(self) -> Iterable[Metric]:
        """Nothing is known before PostgreSQL is asked; asking at registration would need it up."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Every metric that has a value."""
        began = time.monotonic()
        up = GaugeMetricFamily("lakehouse_exporter_database_up", "1 when PostgreSQL answered this scrape.")
        try:
            with transaction(self._postgres) as cursor:
                cursor.execute(read_sql("postgres/observe/metrics/set_scrape_timeout.sql"))
                stored: list[tuple[catalogue.Metric, dict[str, str], Total | float]] = [
                    *stored_totals(cursor),
                    *stored_readings(cursor),
                ]
                states = source_states(cursor)
        except Exception as error:  # noqa: BLE001  whatever PostgreSQL does, a scrape is answered
            log.warning("scrape without values: %s", error)
            # A platform that was never provisioned has a database, and nothing to show.
            up.add_metric([], float(isinstance(error, LedgerMissingError)))
            yield up
            return
        up.add_metric([], 1)
        yield up
        series: dict[str, Labelled] = defaultdict(list)
        for metric, labels, value in stored:
            series[metric.name].append((labels, value))
        for name in METRICS:
            if name in series:
                yield _family(METRICS[name], series[name])
        yield from _sources(states)
        took = GaugeMetricFamily("lakehouse_exporter_scrape_seconds", "What reading PostgreSQL took.")
        took.add_metric([], time.monotonic() - began)
        yield took


def cumulative(buckets: Mapping[str, int], bounds: Sequence[float]) -> list[tuple[str, float]]:
    """Counts up to each bound, as Prometheus has them; whatever bounds they were counted with."""
    counted = [(float(bound), number) for bound, number in buckets.items()]
    ups = [*bounds, float("inf")]
    return [
        (format(up, "g") if up != float("inf") else "+Inf", sum(n for bound, n in counted if bound <= up))
        for up in ups
    ]


def _family(metric: catalogue.Metric, series: Labelled) -> Metric:
    labels = sorted(metric.labels)
    if metric.kind == "histogram":
        histogram = HistogramMetricFamily(metric.name, metric.help, labels=labels)
        for given, total in series:
            if isinstance(total, Total):
                values = [given[label] for label in labels]
                histogram.add_metric(values, cumulative(total.buckets, metric.bounds), total.total)
        return histogram
    kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=labels)
    for given, value in series:
        number = value.total if isinstance(value, Total) else value
        family.add_metric([given[label] for label in labels], number)
    return family


def _sources(states: Iterable[SourceState]) -> Iterator[Metric]:
    up = GaugeMetricFamily(
        "lakehouse_source_up", "1 when the source's last reading succeeded.", labels=["source"]
    )
    age = GaugeMetricFamily(
        "lakehouse_source_age_seconds", "Since the source was last read with success.", labels=["source"]
    )
    took = GaugeMetricFamily("lakehouse_source_seconds", "What its last reading took.", labels=["source"])
    failures = CounterMetricFamily(
        "lakehouse_source_failures_total", "Readings that failed.", labels=["source"]
    )
    for state in states:
        up.add_metric([state.source], float(state.error is None))
        if state.age_seconds is not None:
            age.add_metric([state.source], state.age_seconds)
        took.add_metric([state.source], state.seconds)
        failures.add_metric([state.source], state.failures)
    yield from (up, age, took, failures)
