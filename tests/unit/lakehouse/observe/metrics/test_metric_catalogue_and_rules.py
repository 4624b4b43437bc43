"""The metrics by name, and what an alerting rule must have."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from lakehouse.observe.metrics.catalogue import METRICS
from lakehouse.observe.metrics.observation import Found, Increment, Observation, Reading, seconds_between
from lakehouse.platform.repository import INCLUDE, REPOSITORY

SPECIFIED = {
    "airbyte_records_synced_total",
    "airbyte_sync_duration_seconds",
    "airbyte_sync_failures_total",
    "minio_disk_usage_bytes",
    "minio_objects_total",
    "postgres_connections_active",
    "dremio_query_duration_seconds",
    "dremio_reflection_refresh_seconds",
    "dbt_model_execution_time",
    "superset_dashboard_load_time",
    "superset_query_cache_hit_rate",
    "api_requests_per_second",
}
RULES = INCLUDE / "observe" / "rules.yml"
RUNBOOK = REPOSITORY / "docs" / "runbooks" / "alerts.md"
OF_THE_EXPORTER = {
    "lakehouse_exporter_database_up",
    "lakehouse_source_up",
    "lakehouse_source_age_seconds",
    "lakehouse_source_seconds",
    "lakehouse_source_failures_total",
    "up",
    "vector",
}


def alerts() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    found = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    assert len(found) > 10
    return found


def test_the_specification_s_twelve_metrics_are_there_by_name() -> None:
    assert set(list(METRICS)[:12]) == SPECIFIED


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_label_has_a_limit_and_every_histogram_rising_bounds(name: str) -> None:
    metric = METRICS[name]
    assert all(0 < most <= 500 for most in metric.labels.values())
    assert list(metric.bounds) == sorted(set(metric.bounds))
    assert bool(metric.bounds) == (metric.kind == "histogram")
    assert (metric.kind == "counter") <= name.endswith("_total"), "Prometheus's rule for names of counters"


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_has_owner_severity_summary_and_a_page_that_says_what_to_do(rule: dict[str, Any]) -> None:
    assert rule["labels"]["owner"]
    assert rule["labels"]["severity"] in {"page", "warn", "none"}
    assert rule["annotations"]["summary"]
    page, anchor = rule["annotations"]["runbook_url"].split("#")
    assert REPOSITORY / page == RUNBOOK
    headings = {
        line[3:].strip().lower() for line in RUNBOOK.read_text().splitlines() if line.startswith("## ")
    }
    assert anchor == rule["alert"].lower()
    assert anchor in headings


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_an_alert_is_tested_both_ways(rule: dict[str, Any]) -> None:
    """Firing, with the labels and words that people get, and not firing."""
    tests = yaml.safe_load(RULES.with_name("rules_test.yml").read_text())["tests"]
    cases = [
        case
        for test in tests
        for case in test.get("alert_rule_test", [])
        if case["alertname"] == rule["alert"]
    ]
    assert any(case.get("exp_alerts") for case in cases)
    if rule["alert"] in {"Watchdog"}:
        return
    quiet = [case for case in cases if not case.get("exp_alerts")]
    series = [each["series"] for test in tests for each in test.get("input_series", []) if cases]
    assert quiet or len(series) > 1


def test_every_metric_that_a_rule_reads_is_exported() -> None:
    known = set(METRICS) | OF_THE_EXPORTER | {"absent", "api_requests_per_second"}
    groups = yaml.safe_load(RULES.read_text())["groups"]
    read = set()
    for rule in (rule for group in groups for rule in group["rules"]):
        plain = re.sub(r"\{[^}]*\}|\[[^]]*\]|by \([^)]*\)", " ", rule["expr"])
        read |= set(re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", plain))
    names = {re.sub(r"_bucket$", "", name) for name in read} - {"histogram_quantile"}
    assert names
    assert names <= known


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Reading("minio_objects_total", {"container": "x"}, 1),
        lambda: Increment("minio_objects_total", {"bucket": "x"}, 1),
        lambda: Increment("airbyte_sync_failures_total", {"connection": "x"}, -1),
        lambda: Observation("minio_objects_total", "x", {"bucket": "x"}, 1, None),  # type: ignore[arg-type]
    ],
    ids=["other labels", "a gauge does not grow", "a counter does not shrink", "a gauge has no events"],
)
def test_what_does_not_fit_the_catalog_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the four have words of their own
        wrong()


def test_a_clock_that_was_set_back_makes_no_negative_duration() -> None:
    from datetime import UTC, datetime, timedelta

    now = datetime(2025, 10, 16, tzinfo=UTC)
    assert seconds_between(now, now - timedelta(hours=1)) == 0.0
    assert seconds_between(now, now + timedelta(seconds=90)) == 90.0
    assert Found().observations == []
