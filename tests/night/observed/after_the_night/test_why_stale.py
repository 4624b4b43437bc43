"""`bin/why-stale`, `bin/eta` and `bin/stage` on a whole platform, after a night that failed and ran again."""

from __future__ import annotations

import json
from typing import Any

from lakehouse.observe.facts.lineage import read_lineage

DASHBOARD = read_lineage().dashboards()[0]


def test_the_mended_night_has_passed_every_hop_to_gold(observed_night: Any) -> None:
    """What other tests do to other dates afterwards may leave reflections and cache behind, as it should."""
    told = observed_night.platform.run(
        "bin/why-stale", DASHBOARD.title, "--date", observed_night.date, "--json"
    )
    verdict = json.loads(told.output[told.output.index("{") :])
    assert told.exit_code == (0 if verdict["fresh"] else 1), told.output
    assert (verdict["business_date"], verdict["unseen"]) == (observed_night.date, [])
    hops = {hop["name"]: hop for hop in verdict["hops"]}
    for name in ("sync", "landing", "staging", "intermediate", "marts", "tests", "gold publication"):
        assert hops[name]["state"] == "fresh", hops[name]
    published = "\n".join(hops["gold publication"]["evidence"])
    assert all(table in published for table in DASHBOARD.gold_tables)
    assert hops["reflections"]["evidence"]
    assert hops["cache"]["passed_at"] is not None


def test_an_unknown_dashboard_ends_with_2_and_the_names_there_are(observed_night: Any) -> None:
    told = observed_night.platform.run("bin/why-stale", "no-such-dashboard")
    assert told.exit_code == 2, told.output
    assert DASHBOARD.slug in told.output


def test_a_date_that_never_ran_is_held_back_at_its_syncs(observed_night: Any) -> None:
    told = observed_night.platform.run("bin/why-stale", DASHBOARD.slug, "--date", "2019-01-01")
    assert told.exit_code == 1, told.output
    assert "held back at sync" in told.output
    assert "bin/stage run extract_postgres 2019-01-01" in told.output


def test_the_forecast_of_a_night_that_is_served_is_when_it_was(observed_night: Any) -> None:
    told = observed_night.platform.run("bin/eta", "--date", observed_night.date, "--json")
    assert told.exit_code == 0, told.output
    [night] = json.loads(told.output[told.output.index("[") :])
    assert (night["state"], night["p_miss"], night["deadline"]) == ("served", None, None)
    assert night["p05"] == night["p50"] == night["p95"]


def test_a_task_that_starts_the_next_stage_cannot_be_left_out(observed_night: Any) -> None:
    told = observed_night.platform.run(
        "bin/stage", "skip", "load_bronze", observed_night.date, "refresh_catalogue"
    )
    assert told.exit_code == 1, told.output
    assert "is done already" in told.output
