"""Every metric of the exporter: its kind, its labels and how many values each label may have.

The first twelve are the specification's (section 8), by its names; the rest is the platform's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

OTHER: Final = "other"
"""What a label says of a value that came after its room was taken."""

Kind = Literal["counter", "histogram", "gauge"]
Labels = Mapping[str, str]


@dataclass(frozen=True)
class Metric:
    """One metric. `labels` maps each label to the most values that it may have."""

    name: str
    kind: Kind
    help: str
    labels: Mapping[str, int] = field(default_factory=dict)
    bounds: tuple[float, ...] = ()
    """Upper bounds of a histogram's buckets, in the metric's unit; counts survive a change of them."""


SYNC_SECONDS: Final = (5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1800.0, 3600.0)
QUERY_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
MODEL_SECONDS: Final = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 600.0, 1800.0)
REFRESH_SECONDS: Final = (1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1200.0, 3600.0)
LOAD_SECONDS: Final = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0)
"""Five seconds is what the specification allows a dashboard."""
STAGE_SECONDS: Final = (10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1200.0, 1800.0, 2700.0, 3600.0)

LAG_SECONDS: Final = (0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
"""A change is to be on the live chart within a minute; embedded within 10 s, or 20 s under load."""

_CATALOGUE: Final = (
    # --- the specification's twelve
    Metric(
        "airbyte_records_synced_total",
        "counter",
        "Records that ended syncs have committed.",
        {"connection": 50, "stream": 500},
    ),
    Metric(
        "airbyte_sync_duration_seconds",
        "histogram",
        "Duration of ended sync jobs.",
        {"connection": 50, "outcome": 5},
        SYNC_SECONDS,
    ),
    Metric("airbyte_sync_failures_total", "counter", "Sync jobs that failed.", {"connection": 50}),
    Metric("minio_disk_usage_bytes", "gauge", "Bytes that the lake's bucket holds.", {"bucket": 5}),
    Metric("minio_objects_total", "gauge", "Objects in the lake's bucket.", {"bucket": 5}),
    Metric(
        "postgres_connections_active",
        "gauge",
        "Client connections by state.",
        {"server": 10, "database": 20, "state": 8},
    ),
    Metric(
        "dremio_query_duration_seconds",
        "histogram",
        "From submission to the end, of queries that have ended.",
        {"query_type": 20, "outcome": 5, "accelerated": 2},
        QUERY_SECONDS,
    ),
    Metric(
        "dremio_reflection_refresh_seconds",
        "histogram",
        "Duration of reflection refreshes.",
        {"reflection": 200, "outcome": 5},
        REFRESH_SECONDS,
    ),
    Metric(
        "dbt_model_execution_time",
        "histogram",
        "Seconds that dbt spent on a model.",
        {"model": 500, "stage": 20, "outcome": 6},
        MODEL_SECONDS,
    ),
    Metric(
        "superset_dashboard_load_time",
        "histogram",
        "Seconds until a dashboard's last chart was there, for a reader or as the warm-up proved it.",
        {"dashboard": 100, "seen_by": 2},
        LOAD_SECONDS,
    ),
    Metric(
        "superset_query_cache_hit_rate",
        "gauge",
        "Share of chart queries of the last 24 hours that the cache answered.",
        {"dashboard": 100},
    ),
    Metric(
        "api_requests_per_second",
        "gauge",
        "Requests to the services' APIs, by api_requests_total over the last gathering.",
        {"service": 10},
    ),
    # --- the platform's own
    Metric(
        "api_requests_total",
        "counter",
        "Requests to the services' APIs: the observer's own, and what Superset's log tells of everybody's.",
        {"service": 10, "endpoint": 60, "code": 30},
    ),
    Metric("lakehouse_api_up", "gauge", "1 when the service's API answered with success.", {"service": 10}),
    Metric("superset_queries_total", "counter", "Chart queries, by answer.", {"dashboard": 100, "cached": 2}),
    Metric(
        "minio_disk_capacity_bytes",
        "gauge",
        "Bytes that the store can hold: by its own account, or what is used and what its disk has left.",
        {"bucket": 5},
    ),
    Metric(
        "lakehouse_disk_free_bytes", "gauge", "Free bytes of the disks named to the observer.", {"disk": 10}
    ),
    Metric("lakehouse_disk_size_bytes", "gauge", "Size of these disks.", {"disk": 10}),
    Metric(
        "lakehouse_stage_duration_seconds",
        "histogram",
        "From the first task's start to the last one's end, of runs of a stage.",
        {"stage": 30, "outcome": 2},
        STAGE_SECONDS,
    ),
    Metric("lakehouse_stage_planned_seconds", "gauge", "What the plan gives a stage.", {"stage": 30}),
    Metric(
        "lakehouse_stage_latest_seconds", "gauge", "Duration of a stage's newest ended run.", {"stage": 30}
    ),
    Metric(
        "lakehouse_stage_late_seconds",
        "gauge",
        "How long tonight's stage is past its planned end without success; 0 while it is not.",
        {"stage": 30},
    ),
    Metric("lakehouse_layer_rows_total", "counter", "Rows written to a layer.", {"layer": 10}),
    Metric(
        "lakehouse_quarantined_rows_total",
        "counter",
        "Rows that broke their contract, once for each content of a partition.",
        {"source": 30, "stream": 500},
    ),
    Metric(
        "lakehouse_quarantined_rows",
        "gauge",
        "Quarantined rows of a stream's newest date.",
        {"source": 30, "stream": 500},
    ),
    Metric(
        "lakehouse_gold_published_timestamp_seconds",
        "gauge",
        "When a gold table last received its newest business date.",
        {"table": 100},
    ),
    Metric(
        "lakehouse_gold_data_age_seconds",
        "gauge",
        "From the end of the newest business date in a gold table until now.",
        {"table": 100},
    ),
    Metric(
        "postgres_replication_slot_lag_bytes",
        "gauge",
        "Log that a replication slot holds back.",
        {"server": 10, "slot": 50},
    ),
    Metric(
        "postgres_replication_slot_lost",
        "gauge",
        "1 when the server has dropped what a slot needs: its connection must read everything again.",
        {"server": 10, "slot": 50},
    ),
    # --- the stream's lag, as its tracers find it
    Metric(
        "lakehouse_stream_hop_seconds",
        "histogram",
        "How long a tracer took for a hop on its way from the commit at the source to the chart.",
        {"hop": 6},
        LAG_SECONDS,
    ),
    Metric(
        "lakehouse_stream_lag_seconds",
        "gauge",
        "From the commit to the chart: the oldest change that it does not show, or the newest that it does.",
    ),
    Metric(
        "lakehouse_stream_lag_quantile_seconds",
        "gauge",
        "Lag of a hop over the last five minutes or hour; what waits longer than all others counts so far.",
        {"hop": 6, "window": 2, "quantile": 3},
    ),
    Metric(
        "lakehouse_stream_waiting_seconds",
        "gauge",
        "How long the oldest tracer has been waiting for a hop; 0 when none does.",
        {"hop": 6},
    ),
    Metric("lakehouse_stream_tracers_waiting", "gauge", "Tracers that wait for a hop.", {"hop": 6}),
    Metric(
        "lakehouse_stream_tracers_lost",
        "gauge",
        "Tracers of the last day that have not come, although later ones have.",
    ),
    Metric("lakehouse_stream_lag_measured", "gauge", "1 while tracers are committed at the source."),
    Metric("lakehouse_stream_paused", "gauge", "1 when somebody has paused the stream."),
    Metric(
        "lakehouse_stream_clock_offset_seconds",
        "gauge",
        "How far the source's clock is ahead of the platform's; the lag is corrected by it.",
    ),
    Metric("lakehouse_open_incidents", "gauge", "Incidents that nothing has fixed.", {"severity": 5}),
    Metric(
        "lakehouse_label_values_dropped_total",
        "counter",
        "Observations whose label value came after the label's room was taken, counted as `other`.",
        {"metric": 100, "label": 40},
    ),
)

METRICS: Final[Mapping[str, Metric]] = {metric.name: metric for metric in _CATALOGUE}
"""By name."""
DROPPED: Final = METRICS["lakehouse_label_values_dropped_total"]
