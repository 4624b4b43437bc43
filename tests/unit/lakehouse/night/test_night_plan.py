"""The plan in code is the specification's table, and a plan that can be kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from lakehouse.night.plan import NIGHT, night_window, stage

GANTT = """
| section | task | start | minutes |
|---|---|---|---|
| Ingestion | Airbyte extract (PostgreSQL) | 01:00 | 30 |
| Ingestion | Airbyte extract (APIs) | 01:30 | 45 |
| Loading | load to bronze MinIO | 02:15 | 15 |
| Transformation | dbt staging models | 02:30 | 20 |
| Transformation | dbt intermediate models | 02:50 | 30 |
| Transformation | dbt mart models | 03:20 | 40 |
| Tests | dbt data-quality tests | 04:00 | 15 |
| Optimisation | Dremio reflection refresh | 04:15 | 20 |
| Presentation | dashboard cache warm-up | 04:35 | 10 |
"""
"""The specification, section 6, model 1 (Data Flow Architecture v3.2.0)."""


def test_the_plan_is_the_specifications_table() -> None:
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in GANTT.split("\n")[3:-1]]
    assert len(rows) == 9
    assert rows == [(each.section, each.title, f"{each.start:%H:%M}", str(each.minutes)) for each in NIGHT]


def test_no_stage_is_planned_before_what_it_waits_for_has_ended() -> None:
    for each in NIGHT:
        for before in each.waits_for:
            assert stage(before).end <= each.start


def test_names_and_assets_are_unique() -> None:
    assert len({each.name for each in NIGHT}) == len({each.produces for each in NIGHT}) == len(NIGHT) == 9


def test_end_and_cron_follow_from_the_start() -> None:
    assert stage("extract_apis").end == time(2, 15)
    assert stage("extract_apis").cron == "30 1 * * *"


def test_the_window_of_a_night() -> None:
    opens, closes = night_window(date(2025, 10, 16))
    assert opens == datetime(2025, 10, 16, 1, 0, tzinfo=UTC)
    assert closes == datetime(2025, 10, 16, 4, 45, tzinfo=UTC)


def test_an_unknown_stage_is_named_with_those_there_are() -> None:
    with pytest.raises(KeyError, match=r"no stage named .load_silver.*load_bronze"):
        stage("load_silver")
