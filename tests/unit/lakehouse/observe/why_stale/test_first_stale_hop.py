"""For everything that can hold a date's data back: the hop that is named, its evidence, and what to type."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from lakehouse.bronze.unloaded_claims import UnloadedClaim
from lakehouse.observe.facts.freshness import ModelBuild
from lakehouse.observe.facts.lineage import Lineage
from lakehouse.observe.facts.nights import RunState
from lakehouse.observe.why_stale.hops import HopState
from lakehouse.observe.why_stale.services import ChartSeen
from lakehouse.observe.why_stale.show import lines
from tests.unit.lakehouse.observe.why_stale.fresh_night import (
    DAY,
    LINEAGE,
    LINEAGE_MODELS,
    PARENTS,
    T0,
    World,
    ended,
)

Change = Callable[[World], None]


def test_a_fresh_dashboard_says_so_with_evidence(world: World) -> None:
    verdict = world.verdict()
    assert verdict.is_fresh
    assert verdict.first_stale is None
    assert [hop.state for hop in verdict.hops] == [HopState.FRESH] * 10
    text = "\n".join(lines(verdict))
    assert text.startswith("dashboard Money (money) is fresh: it shows 2026-03-02")
    for shown in ("8 of 8 tests passed", "100 of 100 rows", "2 of 2 charts", "agg on gold.sales"):
        assert shown in text


def never_started(world: World) -> None:
    world.runs.clear()
    world.builds.clear()
    for name, each in world.streams.items():
        world.streams[name] = replace(each, synced_at=None, rows_claimed=0, claimed_at=None, load_state=None)


def paused(world: World) -> None:
    never_started(world)
    world.paused = {"extract_postgres": True, "extract_apis": False}


def stage_paused(world: World) -> None:
    world.stop("transform_marts", None)
    world.paused = {"transform_marts": True}
    world.queued = {"transform_marts"}


def given_back(world: World) -> None:
    world.stop("load_bronze", None)
    world.streams["stock"] = replace(world.streams["stock"], synced_at=None, rows_claimed=0, claimed_at=None)


def claimed_and_not_loaded(world: World) -> None:
    world.streams["stock"] = replace(world.streams["stock"], rows_claimed=130)


def rejected(world: World) -> None:
    world.streams["stock"] = replace(
        world.streams["stock"], load_state="rejected", rows_loaded=0, rows_quarantined=100
    )


def all_quarantined(world: World) -> None:
    world.streams["stock"] = replace(world.streams["stock"], rows_loaded=0, rows_quarantined=100)


def not_listed(world: World) -> None:
    world.streams["sales"] = replace(world.streams["sales"], is_listed=False)


def older_claims(world: World) -> None:
    world.claims = [UnloadedClaim("api", "stock", date(2016, 3, 2), T0, 40, False)]


def older_load_failed(world: World) -> None:
    older_claims(world)
    failed = replace(world.runs["load_bronze"], state=RunState.FAILED)
    world.other_runs = {date(2016, 3, 2): {**world.runs, "load_bronze": failed}}


def older_load_never_ran(world: World) -> None:
    older_claims(world)
    extracts = {name: world.runs[name] for name in ("extract_postgres", "extract_apis")}
    world.other_runs = {date(2016, 3, 2): extracts}


def audit_failed(world: World) -> None:
    world.stop(
        "test_data_quality", RunState.FAILED, task="audit_marts", error="DataTestFailedError: 3 bad rows"
    )
    world.tasks["test_data_quality"][0]["state"] = "failed"


def publication_failed(world: World) -> None:
    stock = world.builds["sales"]
    world.stop("test_data_quality", RunState.FAILED, task="gold.publish_stock", error="DbtModelError: lost")
    world.builds["sales"] = stock


def one_table_missing(world: World) -> None:
    del world.builds["stock"]


def marts_older_than_their_input(world: World) -> None:
    world.builds["stg_stock"] = replace(world.builds["stg_stock"], built_at=T0 + timedelta(hours=3))


def bronze_newer_than_staging(world: World) -> None:
    world.streams["sales"] = replace(world.streams["sales"], loaded_at=T0 + timedelta(hours=3))


def reflection_old(world: World) -> None:
    later = T0 + timedelta(hours=3)
    world.other_builds = [ModelBuild("sales", date(2026, 2, 1), later, later, 5)]


def reflection_missing(world: World) -> None:
    assert world.seen_reflections
    world.seen_reflections = [replace(world.seen_reflections[0], is_available=False, word="FAILED")]


def cache_cold(world: World) -> None:
    world.seen_charts = [ChartSeen("Revenue", None), ChartSeen("Stock", ended("warm_dashboards"))]


def cache_old(world: World) -> None:
    world.seen_charts = [ChartSeen("Revenue", ended("test_data_quality"))]


def chart_broken(world: World) -> None:
    world.seen_charts = [ChartSeen("Revenue", None, "column amount is gone")]


@pytest.mark.parametrize(
    ("change", "hop", "command", "says"),
    [
        (never_started, "sync",
         "bin/stage run extract_postgres @ && bin/stage run extract_apis @",
         "the night of 2026-03-02 never started"),
        (paused, "sync",
         "bin/airflow dags unpause extract_postgres && bin/stage run extract_postgres @ && "
         "bin/stage run extract_apis @", "the DAG is paused"),
        (stage_paused, "marts", "bin/airflow dags unpause transform_marts", "transform_marts is paused"),
        (given_back, "sync", "bin/stage run extract_apis @ --force-sync", "holds nothing of api_to_lake"),
        (claimed_and_not_loaded, "bronze load", "bin/stage run load_bronze @", "30 claimed rows are not"),
        (rejected, "bronze load", "bin/stage run load_bronze @", "the contract refused the partition"),
        (all_quarantined, "bronze load", "bin/stage run load_bronze @", "all 100 rows were quarantined"),
        (not_listed, "bronze load", "bin/stage run load_bronze @", "has not listed the partition"),
        (older_claims, "bronze load", "bin/bronze give-back 2016-03-02 --to @ && "
         "bin/stage run load_bronze @", "rows that 2016-03-02 has claimed"),
        (older_load_failed, "bronze load", "bin/stage clear load_bronze 2016-03-02",
         "rows that 2016-03-02 has claimed"),
        (older_load_never_ran, "bronze load", "bin/stage run load_bronze 2016-03-02", "40 of api.stock"),
        (audit_failed, "tests", "bin/stage clear test_data_quality @", "DataTestFailedError: 3 bad rows"),
        (publication_failed, "gold publication", "bin/stage clear test_data_quality @", "gold.stock"),
        (one_table_missing, "gold publication", "bin/stage run test_data_quality @", "gold.stock is not"),
        (marts_older_than_their_input, "marts", "bin/stage run transform_marts @", "before stg_stock"),
        (bronze_newer_than_staging, "staging", "bin/stage run transform_staging @", "before raw_sales"),
        (reflection_old, "reflections", "bin/stage run refresh_reflections @", "agg on gold.sales"),
        (reflection_missing, "reflections", "bin/stage run refresh_reflections @", "FAILED"),
        (cache_cold, "cache", "bin/stage run warm_dashboards @", "1 of 2 charts were not cached"),
        (cache_old, "cache", "bin/stage run warm_dashboards @", "1 of 1 charts are older"),
        (chart_broken, "cache", "bin/stage run warm_dashboards @", "column amount is gone"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)  # fmt: skip
def test_the_first_stale_hop_is_named_with_its_command(
    world: World, change: Change, hop: str, command: str, says: str
) -> None:
    change(world)
    command = command.replace("@", str(DAY))
    verdict = world.verdict()
    assert verdict.first_stale is not None
    assert (verdict.first_stale.name, verdict.first_stale.command) == (hop, command)
    assert verdict.first_stale.state is HopState.STALE
    assert not verdict.is_fresh
    text = "\n".join(lines(verdict))
    assert says in text
    assert f"held back at {hop}" in text
    assert f"type: {command}" in text


@pytest.mark.parametrize(
    ("stage", "hop"),
    [
        ("extract_postgres", "sync"),
        ("extract_apis", "sync"),
        ("load_bronze", "bronze load"),
        ("transform_staging", "staging"),
        ("transform_intermediate", "intermediate"),
        ("transform_marts", "marts"),
        ("test_data_quality", "tests"),
        ("refresh_reflections", "reflections"),
        ("warm_dashboards", "cache"),
    ],
)
def test_a_failed_stage_is_its_hop_and_is_cleared(world: World, stage: str, hop: str) -> None:
    world.stop(stage, RunState.FAILED, error="SomeError: the source's own words")
    first = world.verdict().first_stale
    assert first is not None
    assert (first.name, first.state) == (hop, HopState.STALE)
    assert first.command == f"bin/stage clear {stage} {DAY}"
    assert any("the source's own words" in line for line in first.evidence)


@pytest.mark.parametrize(
    "stage", ["extract_apis", "load_bronze", "transform_marts", "test_data_quality", "warm_dashboards"]
)
def test_a_running_stage_is_waited_for(world: World, stage: str) -> None:
    world.stop(stage, RunState.RUNNING)
    world.now = world.runs[stage].started_at + timedelta(minutes=1)
    verdict = world.verdict()
    assert verdict.first_stale is not None
    assert (verdict.first_stale.state, verdict.first_stale.command) == (HopState.RUNNING, None)
    assert stage in verdict.first_stale.summary
    assert not verdict.is_fresh
    assert "nothing to type: wait for it to end" in "\n".join(lines(verdict))


def test_a_stage_that_runs_three_times_its_plan_is_said_to_be_stuck(world: World) -> None:
    world.stop("transform_marts", RunState.RUNNING)
    world.now = world.runs["transform_marts"].started_at + timedelta(hours=3)
    first = world.verdict().first_stale
    assert first is not None
    assert first.command is not None
    assert any("3 times its planned 40 minutes" in line for line in first.evidence)


def test_a_source_without_rows_that_day_is_not_stale(world: World) -> None:
    for name, each in world.streams.items():
        world.streams[name] = replace(each, rows_claimed=0, claimed_at=None, rows_read=0, rows_loaded=0)
    verdict = world.verdict()
    assert verdict.is_fresh
    assert "the sources had no rows that day, which is not stale" in "\n".join(lines(verdict))


def test_a_stream_that_is_read_in_full_needs_no_older_date(world: World) -> None:
    """Every date holds the whole list of such a stream: an older one that was never loaded lacks nothing."""
    older_claims(world)
    for reads_all in (True, False):
        stock = replace(LINEAGE.streams()[1], reads_all=reads_all)
        lineage = Lineage(LINEAGE.dashboards(), LINEAGE_MODELS, PARENTS, [LINEAGE.streams()[0], stock])
        assert world.verdict(lineage=lineage).is_fresh is reads_all


def test_only_what_the_table_is_made_of_counts(world: World) -> None:
    all_quarantined(world)
    assert world.verdict(("gold.sales",), slug=None).is_fresh
    stale = world.verdict(("gold.stock",), slug=None)
    assert stale.first_stale is not None
    assert stale.first_stale.name == "bronze load"


def test_the_replay_of_another_date_that_changed_nothing_makes_nothing_old(world: World) -> None:
    later = T0 + timedelta(hours=3)
    world.other_builds = [ModelBuild("sales", date(2026, 2, 1), later, None, 0)]
    assert world.verdict().is_fresh


def test_a_refresh_is_judged_by_dremios_own_clock(world: World) -> None:
    """Dremio's clock is an hour behind: the refresh that followed the publication still counts."""
    assert world.seen_reflections
    behind = ended("refresh_reflections") - timedelta(hours=1)
    world.seen_reflections = [replace(world.seen_reflections[0], fetched_at=behind)]
    title = world.seen_reflections[0].title
    told = {"title": title, "last_data_fetch": behind.isoformat()}
    world.tasks["refresh_reflections"] = [
        {
            "task": "wait",
            "state": "success",
            "attempts": 1,
            "error": None,
            "report": {"detail": {"reflections": [told]}},
        }
    ]
    assert world.verdict().is_fresh


@pytest.mark.parametrize("hop", ["reflections", "cache"])
def test_a_service_that_is_down_is_one_hop_that_cannot_be_seen(world: World, hop: str) -> None:
    if hop == "reflections":
        world.seen_reflections = None
    else:
        world.seen_charts = None
    verdict = world.verdict()
    assert [each.name for each in verdict.unseen] == [hop]
    assert "connection refused" in verdict.unseen[0].summary
    assert "By the receipt" in verdict.unseen[0].summary
    assert verdict.is_fresh, "the receipt says that it was done after gold changed"


def test_a_service_that_is_down_hides_nothing_that_the_receipt_knows(world: World) -> None:
    reflection_old(world)
    world.seen_reflections = world.seen_charts = None
    first = world.verdict().first_stale
    assert first is not None
    assert (first.name, first.command) == ("reflections", f"bin/stage run refresh_reflections {DAY}")


def test_airflow_away_leaves_the_pause_unseen(world: World) -> None:
    never_started(world)
    world.paused = None
    first = world.verdict().first_stale
    assert first is not None
    assert any("Airflow does not answer" in line for line in first.evidence)


def test_json_says_the_same_as_the_text(world: World) -> None:
    all_quarantined(world)
    document = world.verdict().to_json()
    assert (document["fresh"], document["first_stale_hop"]) == (False, "bronze load")
    assert document["command"] == f"bin/stage run load_bronze {DAY}"
    assert document["hops"][0]["name"] == "sync"
    assert len(document["hops"]) == 10
