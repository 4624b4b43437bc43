"""A night whose source was down, on a whole platform: one incident, told once, over by itself."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

from lakehouse.observe.incidents.finding import FAILED
from lakehouse.observe.incidents.reading import open_incidents, resolved_incidents
from testing.lakehouse.observed_night import ObservedNight
from testing.waiting import wait_until

ROOT = "extract_postgres"


def test_a_source_that_was_down_was_one_incident(observed_night: ObservedNight) -> None:
    """Both syncs of the stage failed, each four times; Prometheus saw it too."""
    night = date.fromisoformat(observed_night.date)
    found = [
        each
        for each in resolved_incidents(observed_night.postgres, datetime(2020, 1, 1, tzinfo=UTC))
        if each.kind == FAILED and night in each.dates
    ]
    [incident] = found
    assert incident.root == ROOT
    assert incident.command == f"bin/stage clear {ROOT} {night}"
    assert "too many connections" in str(incident.error)
    assert {each.evidence["task"] for each in incident.causes} <= {
        "sync_shop_postgres",
        "sync_shop_postgres_cdc",
    }
    assert "Customer Analytics" in incident.evidence["dashboards"]
    assert incident.fixed_by
    still_open = open_incidents(observed_night.postgres)
    assert [each.summary for each in still_open if each.kind == FAILED and night in each.dates] == []


def test_people_were_told_of_its_beginning_and_its_end_once_each(observed_night: ObservedNight) -> None:
    file = observed_night.platform.home / ".local/state/alerts/alerts.jsonl"
    name = f"{ROOT} {observed_night.date} failed"

    def told() -> list[str]:
        titles = [json.loads(line)["title"] for line in file.read_text().splitlines()]
        return [title for title in titles if title.endswith(name)]

    wait_until(lambda: len(told()) >= 2, "the end is told", 60)
    assert told() == [f"[lakehouse] WARN: {name}", f"[lakehouse] RESOLVED: {name}"]
