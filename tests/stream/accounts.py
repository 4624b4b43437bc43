"""The accounts: rows in and out of every batch, landing objects claimed once, files counted; read by SQL."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import pyarrow.parquet as pq

from lakehouse.platform.lake_layout import landing_folder
from lakehouse.stream.plan import SOURCE, STREAMS
from testing.lakehouse.stream_platform import StreamPlatform

MOST_FILES: Final = 50
"""Per table and day (docs/decisions/0027): hours that are over are one file each."""
_BRONZE: Final = "bronze/stream/"


@dataclass
class Accounted:
    """What the accounts say, once they have been found right."""

    batches: int = 0
    rows_in: int = 0
    rows_loaded: int = 0
    rows_deduplicated: int = 0
    rows_quarantined: int = 0
    landing_files: int = 0
    bronze_files: dict[str, int] = field(default_factory=dict)
    """Files in bronze by stream, of the day that has most."""


def account(platform: StreamPlatform) -> Accounted:
    """Add up the batches, once none is in flight.

    Raises:
        AssertionError: a row or a landing object is in no batch, or in two.
    """
    accounted = Accounted()
    states = dict(platform.rows("select state, count(*) from stream_batches group by state"))
    assert set(states) == {"merged"}, f"batches that are not merged: {states}"
    accounted.batches = states["merged"]
    _require_sums(platform, accounted)
    _require_claims(platform, accounted)
    _count_files(platform, accounted)
    return accounted


def _require_sums(platform: StreamPlatform, accounted: Accounted) -> None:
    """In each batch and stream rows in = loaded + deduplicated + quarantined, and rows in = rows landed."""
    wrong = platform.rows(
        "select batch_id, stream, rows_in, rows_loaded, rows_deduplicated, rows_quarantined, state "
        "from stream_loads "
        "where rows_in <> rows_loaded + rows_deduplicated + rows_quarantined or state <> 'loaded'"
    )
    assert not wrong, f"accounts that do not add up: {wrong[:5]}"
    unlike = platform.rows(
        "select batch_id, stream, coalesce(landed.rows, 0), coalesce(loads.rows_in, 0) from "
        "(select batch_id, stream, sum(rows) as rows from stream_landing_files group by 1, 2) as landed "
        "full join stream_loads as loads using (batch_id, stream) "
        "where coalesce(landed.rows, 0) <> coalesce(loads.rows_in, 0)"
    )
    assert not unlike, f"batches whose rows in are not the rows that landed: {unlike[:5]}"
    [sums] = platform.rows(
        "select sum(rows_in), sum(rows_loaded), sum(rows_deduplicated), sum(rows_quarantined) "
        "from stream_loads"
    )
    found = [int(each or 0) for each in sums]
    accounted.rows_in, accounted.rows_loaded, accounted.rows_deduplicated, accounted.rows_quarantined = found


def _require_claims(platform: StreamPlatform, accounted: Accounted) -> None:
    """Every landing object of the connection is claimed by exactly one batch, with all its rows."""
    claims = platform.rows("select s3_key, rows from stream_landing_files")
    claimed = dict(claims)
    assert len(claimed) == len(claims), "a landing object is claimed twice"
    landed: dict[str, int] = {}
    for stream in STREAMS:
        for item in platform.storage.objects(landing_folder(SOURCE, stream)):
            landed[item.key] = pq.read_metadata(io.BytesIO(platform.storage.get(item.key))).num_rows
    assert landed, "nothing has landed"
    assert not (unclaimed := sorted(landed.keys() - claimed.keys())), f"in no batch: {unclaimed[:5]}"
    differing = [key for key, rows in landed.items() if claimed[key] != rows]
    assert not differing, f"claimed with another number of rows: {differing[:5]}"
    accounted.landing_files = len(landed)


def _count_files(platform: StreamPlatform, accounted: Accounted) -> None:
    """Files of one table and day in bronze."""
    files: Counter[tuple[str, str]] = Counter()
    for item in platform.storage.objects(_BRONZE):
        stream, day, *_ = item.key.removeprefix(_BRONZE).split("/")
        files[stream, day] += item.key.endswith(".parquet")
    for (stream, _), count in files.items():
        accounted.bronze_files[stream] = max(count, accounted.bronze_files.get(stream, 0))
