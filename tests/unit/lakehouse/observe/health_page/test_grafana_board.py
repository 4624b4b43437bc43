"""The board for Grafana asks only for what Prometheus has. Grafana itself cannot run here."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest
import yaml

from lakehouse.observe.metrics.catalogue import METRICS
from lakehouse.platform.repository import INCLUDE

FOLDER = INCLUDE / "observe"
BOARD: dict[str, Any] = json.loads((FOLDER / "grafana" / "pipeline-health.json").read_text())
PANELS: list[dict[str, Any]] = [panel for panel in BOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = {(p["title"], t["refId"]): t["expr"] for p in PANELS for t in p["targets"]}
RECORDED = {
    rule["record"]
    for group in yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"]
    for rule in group["rules"]
    if "record" in rule
}
OWN = {
    "lakehouse_exporter_database_up": set(),
    "lakehouse_source_age_seconds": {"source"},
}
"""What the exporter tells of itself, beside the catalog."""
SPECIFIED = list(METRICS)[:12]


def labels_of(name: str) -> set[str]:
    """The labels of a metric as an expression names it. Raises KeyError for one that is not there."""
    if name in OWN:
        return OWN[name]
    base = name if name in METRICS else re.sub(r"_(bucket|sum|count)$", "", name)
    metric = METRICS[base]
    assert (metric.kind == "histogram") == (base != name), f"{name}: {base} is a {metric.kind}"
    return {*metric.labels, "le"} if name.endswith("_bucket") else set(metric.labels)


def names_in(expression: str) -> list[str]:
    without_labels = re.sub(r"\{[^}]*\}|by \([^)]*\)|on \([^)]*\)", "", expression)
    names = re.findall(r"\b[a-z]+_[a-z0-9_]+\b", without_labels)
    return [name for name in names if name != "histogram_quantile"]


@pytest.mark.parametrize(("title", "ref"), EXPRESSIONS)
def test_an_expression_asks_for_metrics_and_labels_that_are_there(title: str, ref: str) -> None:
    expression = EXPRESSIONS[title, ref]
    names = names_in(expression)
    assert names or "up{" in expression
    known = set.union(set(), *(labels_of(name) for name in names))
    used = re.findall(r"(?:by|on) \(([^)]*)\)", expression)
    named = {label.strip() for group in used for label in group.split(",")}
    matched = set(re.findall(r"([a-z_]+)[!=]~?\"", expression)) - ({"job"} if "up{" in expression else set())
    assert named | matched <= known, expression
    panel = next(each for each in PANELS if each["title"] == title)
    legend = next(each["legendFormat"] for each in panel["targets"] if each["refId"] == ref)
    shown = set(re.findall(r"\{\{(\w+)\}\}", legend))
    assert shown <= known, legend
    if named:
        assert shown <= named, f"{title}: the legend shows a label that the sum has lost"


def test_a_misspelt_metric_would_be_noticed() -> None:
    with pytest.raises(KeyError):
        labels_of(names_in("sum(rate(airbyte_record_synced_total[5m]))")[0])
    with pytest.raises(AssertionError):
        labels_of("minio_objects_total_bucket")


def test_the_board_shows_what_the_specification_names() -> None:
    rows = [panel["title"] for panel in BOARD["panels"] if panel["type"] == "row"]
    wanted = ["Airbyte sync status", "Storage capacity", "Query performance", "Dashboard load times"]
    assert [title for title in rows if title in wanted] == wanted
    asked = {
        re.sub(r"_(bucket|sum|count)$", "", name) for expr in EXPRESSIONS.values() for name in names_in(expr)
    }
    assert len(SPECIFIED) == 12
    assert set(SPECIFIED) <= asked
    assert asked >= RECORDED


def test_panels_have_an_id_a_title_and_a_place_of_their_own() -> None:
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids))
    assert all(panel["title"] and panel["description"] for panel in PANELS)
    for one, other in itertools.combinations([panel["gridPos"] for panel in BOARD["panels"]], 2):
        apart = (
            one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        )  # fmt: skip
        assert apart, (one, other)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in BOARD["panels"])


def test_the_board_names_no_server_and_can_be_provisioned() -> None:
    source = {"type": "prometheus", "uid": "${datasource}"}
    assert all(panel["datasource"] == source for panel in PANELS)
    assert all(target["datasource"] == source for panel in PANELS for target in panel["targets"])
    assert [each["name"] for each in BOARD["templating"]["list"]] == ["datasource"]
    assert BOARD["uid"] == "pipeline-health"
    assert "id" not in BOARD
    assert BOARD["timezone"] == "utc"
