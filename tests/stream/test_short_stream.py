"""`make stream` in a short form: a seeded choice of faults, without Airflow. It must find nothing."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from lakehouse.platform.repository import REPOSITORY
from testing.lakehouse.stream_platform import StreamPlatform, stream_platform
from tests.stream import faults
from tests.stream.accounts import MOST_FILES
from tests.stream.live_shop import LiveShop
from tests.stream.night_faults import WHOLE_PLATFORM
from tests.stream.reckoning import reckon
from tests.stream.report import tell
from tests.stream.run import StreamRun
from tests.stream.scenario import Act, Scenario, StreamReport
from tests.stream.source_changes import SourceChanges
from tests.stream.stream_process import StreamProcess

SEED = 11
BEFORE = (Act(faults.orders_cross_the_edge, 20), Act(faults.night_publishes, 200))
CHOSEN_KILLS = 3
"""Of the kills, by the seed; the other tests of this folder and `make stream` have all of them."""
AFTER = (
    Act(faults.delivered_twice_and_out_of_order, 200),
    Act(faults.rows_break_the_contract, 20),
    Act(faults.burst_of_changes, 20),
    Act(faults.night_publishes, 200),
    Act(faults.stream_is_killed, 2_000),
)


def test_the_table_of_faults_names_every_one() -> None:
    table = (REPOSITORY / "docs" / "runbooks" / "stream-faults.md").read_text(encoding="utf-8")
    told = set(re.findall(r"[a-z0-9]+(?:_[a-z0-9]+)+", table))
    assert {*(fault.__name__ for fault in faults.ALL_FAULTS), *WHOLE_PLATFORM} <= told
    assert "not_a_fault" not in told


@pytest.fixture(scope="module")
def own_platform() -> Iterator[StreamPlatform]:
    """Nothing else may touch it: everything on it is compared and added up."""
    with stream_platform("short-stream") as running:
        yield running


@pytest.fixture(scope="module")
def report(own_platform: StreamPlatform) -> Iterator[StreamReport]:
    """What the run has found."""
    dice = random.Random(SEED)
    live, stream = LiveShop(own_platform, SEED), StreamProcess(own_platform)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    run = StreamRun(own_platform, stream, live, dice, SourceChanges(own_platform, dice), yesterday)
    scenario = Scenario(run, SEED)
    kills = [Act(fault, 200) for fault in dice.sample(faults.KILLS, CHOSEN_KILLS)]
    named = Act(dice.choice(faults.NAMED_OUTCOMES), 200)
    try:
        stream.start()
        scenario.say(f"every table is read after {run.catch_up():.1f} s")
        scenario.play([*BEFORE, *kills, named, *AFTER])
        found = scenario.end()
        tell(found, print)
        yield found
    except BaseException:
        print(stream.words(20_000))
        raise
    finally:
        live.stop()
        stream.stop()


def test_hot_cold_and_unified_are_the_shop_s_rows_after_all_faults(report: StreamReport) -> None:
    found = report.reckoned
    assert found.sides["hot"] > 1_000
    assert found.sides["cold"] > 1_000
    assert found.tombstones["orders"] > 10
    assert found.hot_rows["customers"] > 100
    assert len(report.acts) == len(BEFORE) + CHOSEN_KILLS + 1 + len(AFTER)
    assert sum(report.kills.values()) >= CHOSEN_KILLS


def test_every_row_that_landed_is_loaded_deduplicated_or_in_quarantine(report: StreamReport) -> None:
    counted = report.accounted
    assert counted.rows_in == counted.rows_loaded + counted.rows_deduplicated + counted.rows_quarantined
    assert counted.rows_in > faults.BURST
    assert counted.rows_quarantined >= 3


def test_files_stay_few(report: StreamReport) -> None:
    assert set(report.hot_files) >= {"orders", "customers"}
    assert max(report.hot_files.values()) <= MOST_FILES
    assert max(report.accounted.bronze_files.values()) <= report.accounted.batches


def test_a_row_that_is_lost_is_found(own_platform: StreamPlatform, report: StreamReport) -> None:
    with own_platform.shop() as shop:
        newest = "select max(order_id) from orders where deleted_at is null"
        shop.execute(f"update orders set amount = amount + 1 where order_id = ({newest})")
    with pytest.raises(AssertionError, match=r"amount is .* not "):
        reckon(own_platform)
    assert report.reckoned.unified_rows > 0
