"""The soak of `make soak`, with a few dates: it must find nothing, and must be able to find something."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pyarrow.parquet as pq
import pytest

from lakehouse.platform.lake_layout import bronze_data_key
from lakehouse.platform.repository import REPOSITORY
from tests.soak.extract_faults import delivered_twice_out_of_order, postgres_crashes_mid_sync
from tests.soak.faults import ALL_FAULTS, Stage
from tests.soak.load_faults import landing_is_truncated, postgres_crashes
from tests.soak.platform import STREAMS, SoakPlatform, soak_platform
from tests.soak.reckoning import require_readings
from tests.soak.soak import FIRST_DATE, Soak, SoakReport
from tests.soak.source_faults import column_is_retyped, rows_break_the_contract

SEED = 2
FAULTS = {
    Stage.SOURCE: (rows_break_the_contract, column_is_retyped),
    Stage.EXTRACT: (postgres_crashes_mid_sync, delivered_twice_out_of_order),
    Stage.LOAD: (landing_is_truncated, postgres_crashes),
}
"""Of each stage two that no other test has in this form."""
DATES = 2


def test_the_table_of_faults_names_every_one() -> None:
    table = (REPOSITORY / "docs" / "runbooks" / "soak.md").read_text(encoding="utf-8")
    told = set(re.findall(r"[a-z0-9]+(?:_[a-z0-9]+)+", table))
    assert {fault.__name__ for faults in ALL_FAULTS.values() for fault in faults} <= told


def test_a_stream_with_a_contract_and_no_reading_of_its_own_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    require_readings()
    monkeypatch.setattr("tests.soak.reckoning.STREAMS", (*STREAMS, "returns"))
    with pytest.raises(AssertionError, match=r"no independent reading .*: returns$"):
        require_readings()


@pytest.fixture(scope="module")
def platform() -> Iterator[SoakPlatform]:
    with soak_platform() as running:
        yield running


@pytest.fixture(scope="module")
def soak(platform: SoakPlatform) -> Soak:
    return Soak(platform, SEED, faults=FAULTS, in_order=True)


@pytest.fixture(scope="module")
def report(soak: Soak) -> SoakReport:
    return soak.run(DATES)


def test_dates_with_faults_end_with_the_shop_s_own_rows_and_replay_to_the_same_bytes(
    report: SoakReport,
) -> None:
    assert report.reckoned.partitions == report.partitions_replayed_equal == DATES * len(STREAMS)
    assert report.reckoned.rows_compared > 1_000
    assert set(report.faults.values()) == {1}, "each fault was met"
    assert report.failures >= DATES
    assert report.reckoned.rows_quarantined >= 4


def test_a_lost_row_is_found(platform: SoakPlatform, soak: Soak, report: SoakReport) -> None:
    key = bronze_data_key("postgres", "orders", FIRST_DATE)
    content = platform.storage.get(key)
    short = io.BytesIO()
    pq.write_table(pq.read_table(io.BytesIO(content)).slice(1), short)
    platform.storage.put(short.getvalue(), key)
    with pytest.raises(AssertionError, match=key):
        soak.reckon()
    platform.storage.put(content, key)
    soak.reckon()
