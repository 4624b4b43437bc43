"""The soak of `make soak`, with three dates: it must find nothing, and must be able to find something."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pyarrow.parquet as pq
import pytest

from lakehouse.lake_layout import bronze_data_key
from tests.soak.platform import STREAMS, SoakPlatform, soak_platform
from tests.soak.soak import FIRST_DATE, Soak, SoakReport

DATES = 3
SEED = 2
"""Draws a cancelled job, a second delivery out of order, a full disk and damaged landing objects."""


@pytest.fixture(scope="module")
def platform() -> Iterator[SoakPlatform]:
    with soak_platform() as running:
        yield running


@pytest.fixture(scope="module")
def soak(platform: SoakPlatform) -> Soak:
    return Soak(platform, SEED)


@pytest.fixture(scope="module")
def report(soak: Soak) -> SoakReport:
    return soak.run(DATES)


def test_dates_with_faults_end_with_the_shop_s_own_rows_and_replay_to_the_same_bytes(
    report: SoakReport,
) -> None:
    assert report.partitions == report.partitions_replayed_equal == DATES * len(STREAMS)
    assert report.rows_compared > 1_000
    assert report.failures >= DATES
    assert report.rows_quarantined >= 4


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
