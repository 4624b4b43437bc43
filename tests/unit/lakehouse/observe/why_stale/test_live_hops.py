"""A live dashboard that shows nothing new: what the stream does, and where changes wait."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from lakehouse.observe.facts.lineage import read_lineage
from lakehouse.observe.why_stale.hops import HopState, Verdict
from lakehouse.observe.why_stale.live import judged, live_name
from lakehouse.stream.lag import HopLag, Lag, Percentiles
from lakehouse.stream.loop_state import Loop, LoopState

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
USUAL = Percentiles(600, 2.0, 4.0, 6.0)
LAG = Lag(
    True, False, NOW, 3.0, None, None, 0.0, 0.01, 9, NOW, NOW, 5.0, None, 0,
    tuple(HopLag(hop, USUAL, USUAL) for hop in ("landing", "bronze", "hot", "chart", "total")),
)  # fmt: skip


def loop(state: LoopState, seconds: float = 1, why: str | None = None) -> Loop:
    return Loop(state, why, "run 7", NOW - timedelta(minutes=9), NOW - timedelta(seconds=seconds), None, NOW)


def waiting(hop: str, seconds: float) -> Lag:
    hops = [replace(each, waiting=4, waiting_since=NOW, waiting_seconds=seconds) if each.hop == hop else each
            for each in LAG.hops]  # fmt: skip
    return replace(LAG, hops=tuple(hops))


def first(verdict_hops: tuple[object, ...]) -> tuple[str, str | None] | None:
    verdict = Verdict("x", NOW.date(), verdict_hops)  # type: ignore[arg-type]
    found = verdict.first_stale
    return None if found is None else (found.name, found.command)


def test_a_stream_that_runs_is_fresh_at_every_hop() -> None:
    hops = judged(loop(LoopState.IDLE), LAG, paused=False)
    assert [hop.name for hop in hops] == ["stream", "landing", "bronze", "hot", "chart"]
    assert {hop.state for hop in hops} == {HopState.FRESH}


@pytest.mark.parametrize(
    ("told", "paused", "command", "words"),
    [
        (None, True, "bin/stream start", "has never run"),
        (loop(LoopState.ENDED, 9_000), True, "bin/stream start", "is paused"),
        (
            loop(LoopState.RUNNING, 660),
            False,
            "bin/airflow dags list-runs stream_orders",
            "silent for 11 min",
        ),
        (loop(LoopState.ENDED, 600), None, "bin/airflow dags list-runs stream_orders", "silent for 10 min"),
        (loop(LoopState.BACKING_OFF, 1, "Dremio is away"), False, "bin/stream status", "a batch fails"),
        (loop(LoopState.WAITING, 1, "run 6 failed"), None, "bin/stream status", "a batch fails"),
    ],
)
def test_a_stream_that_does_not_go_on_is_named_with_what_to_type(
    told: Loop | None, paused: bool | None, command: str, words: str
) -> None:
    hops = judged(told, LAG, paused)
    assert first(hops) == ("stream", command)
    assert words in hops[0].summary
    assert told is None or told.why is None or told.why in hops[0].evidence


def test_a_batch_that_takes_minutes_is_not_silence() -> None:
    assert first(judged(loop(LoopState.RUNNING, 300), LAG, paused=False)) is None
    assert first(judged(loop(LoopState.IDLE, 300), LAG, paused=False)) is not None


def test_a_stream_that_waits_for_the_night_needs_nothing_typed() -> None:
    hops = judged(loop(LoopState.YIELDING, 1, "load_bronze is late"), LAG, paused=False)
    assert (hops[0].state, hops[0].command) == (HopState.RUNNING, None)
    assert "load_bronze is late" in hops[0].evidence


@pytest.mark.parametrize("hop", ["landing", "bronze", "hot", "chart"])
@pytest.mark.parametrize(("seconds", "stale"), [(61.0, True), (30.0, False)])
def test_the_hop_at_which_changes_wait_is_named(hop: str, seconds: float, stale: bool) -> None:
    found = first(judged(loop(LoopState.RUNNING), waiting(hop, seconds), paused=False))
    assert found == ((hop, "bin/stream lag") if stale else None)


def test_a_hop_that_nothing_has_passed_is_not_said_to_be_well() -> None:
    unmeasured = replace(LAG, hops=tuple(HopLag(each.hop, None, None) for each in LAG.hops))
    states = {hop.state for hop in judged(loop(LoopState.IDLE), unmeasured, paused=False)[1:]}
    assert states == {HopState.UNSEEN}


@pytest.mark.needs_shop
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("live-orders", "dashboard Live Orders (live-orders)"),
        (" Live Orders", "dashboard Live Orders (live-orders)"),
        ("serving.orders", "view serving.orders"),
        ("customer-analytics", None),
        ("gold.orders", None),
        ("nothing", None),
    ],
)
def test_a_live_dashboard_is_known_by_its_slug_its_title_and_its_views(name: str, shown: str | None) -> None:
    assert live_name(read_lineage(), name) == shown
