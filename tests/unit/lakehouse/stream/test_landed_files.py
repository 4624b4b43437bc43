"""Which landing objects a batch claims."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.platform.lake_layout import landing_folder, landing_key_floor, landing_key_moment
from lakehouse.platform.storage import LakeObject
from lakehouse.stream.landed import LandedFiles, LandingNotWholeError
from lakehouse.stream.ledger import Batch, BatchState, ClaimedFile

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
BATCH = Batch(
    7, BatchState.SYNCING, date(2026, 11, 29), "run", 5, 10, 20, None, 1, None, NOW, None, None, None
)


def key(stream: str, moment: datetime, number: int = 0) -> str:
    folder = landing_folder("postgres_stream", stream)
    return f"{folder}{moment:%Y_%m_%d}_{int(moment.timestamp() * 1000)}_{number}.parquet"


@dataclass
class Lake:
    objects_by_key: dict[str, bytes] = field(default_factory=dict)
    listed: list[tuple[str, str]] = field(default_factory=list)

    def land(self, name: str, rows: int, job_id: int = 5) -> None:
        meta = pa.array([{"sync_id": job_id}] * rows, pa.struct([("sync_id", pa.int64())]))
        file = io.BytesIO()
        pq.write_table(pa.table({"_airbyte_meta": meta}), file)
        self.objects_by_key[name] = file.getvalue()

    def objects(self, prefix: str, after: str = "") -> Iterator[LakeObject]:
        self.listed.append((prefix, after))
        for name in sorted(self.objects_by_key):
            if name.startswith(prefix) and name > after:
                yield LakeObject(name, len(self.objects_by_key[name]), NOW)

    def tail(self, name: str, length: int) -> bytes:
        return self.objects_by_key[name][-length:]


@dataclass
class Ledger:
    claimed: dict[str, int] = field(default_factory=dict)

    def newest_claimed(self, stream: str) -> str | None:
        return max((name for name in self.claimed if f"/{stream}/" in name), default=None)

    def claimed_keys(self, stream: str, after: str) -> set[str]:
        return {name for name in self.claimed if f"/{stream}/" in name and name > after}

    def landed(self, batch: Batch, files: list[ClaimedFile]) -> list[ClaimedFile]:
        self.claimed |= {file.key: batch.id for file in files}
        return files


@pytest.fixture
def lake() -> Lake:
    return Lake()


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def landed(lake: Lake, ledger: Ledger) -> LandedFiles:
    return LandedFiles(ledger, lake, streams=("orders", "customers"))  # type: ignore[arg-type]


def test_keys_grow_with_the_start_of_their_sync() -> None:
    early, late = NOW, NOW + timedelta(hours=13)

    assert landing_key_moment(key("orders", early)) == early
    assert key("orders", early) < landing_key_floor("postgres_stream", "orders", late) < key("orders", late)
    assert landing_key_moment(landing_folder("postgres_stream", "orders") + "by_hand.parquet") is None


def test_each_object_is_claimed_once(lake: Lake, ledger: Ledger, landed: LandedFiles) -> None:
    lake.land(key("orders", NOW), 3)
    assert landed.claim(BATCH, {"orders": 3})
    lake.land(key("orders", NOW + timedelta(seconds=3)), 2)

    second = landed.claim(BATCH, {"orders": 2})

    assert [(file.key, file.rows) for file in second] == [  # type: ignore[attr-defined]
        (key("orders", NOW + timedelta(seconds=3)), 2)
    ]


def test_a_listing_starts_shortly_before_the_newest_claimed_object(lake: Lake, landed: LandedFiles) -> None:
    lake.land(key("orders", NOW), 3)
    landed.claim(BATCH, {})
    lake.listed.clear()

    landed.claim(BATCH, {})

    floor = landing_key_floor("postgres_stream", "orders", NOW - timedelta(minutes=10))
    assert lake.listed[0] == (landing_folder("postgres_stream", "orders"), floor)


def test_what_a_failed_sync_has_landed_is_claimed_too(lake: Lake, landed: LandedFiles) -> None:
    lake.land(key("orders", NOW - timedelta(seconds=5)), 4, job_id=4)
    lake.land(key("orders", NOW), 1, job_id=5)

    assert len(landed.claim(BATCH, {"orders": 1})) == 2  # type: ignore[arg-type]


def test_a_clock_that_was_set_back_an_hour_hides_nothing(lake: Lake, landed: LandedFiles) -> None:
    """Airbyte names an object by its own clock: a listing from the newest key on would pass it by."""
    lake.land(key("orders", NOW), 3)
    landed.claim(BATCH, {"orders": 3})
    lake.land(key("orders", NOW - timedelta(hours=1)), 2)

    found = landed.claim(BATCH, {"orders": 2})

    assert [file.rows for file in found] == [2]  # type: ignore[attr-defined]


def test_rows_that_are_missing_are_waited_for_and_nothing_is_claimed(
    lake: Lake, ledger: Ledger, landed: LandedFiles
) -> None:
    lake.land(key("orders", NOW), 3)
    lake.land(key("customers", NOW), 1)

    with pytest.raises(LandingNotWholeError, match=r"orders \(4 committed, 3 landed\)"):
        landed.claim(BATCH, {"orders": 4, "customers": 1})

    assert ledger.claimed == {}


def test_rows_of_another_job_do_not_hide_that_one_has_not_come(lake: Lake, landed: LandedFiles) -> None:
    lake.land(key("orders", NOW), 9, job_id=4)

    with pytest.raises(LandingNotWholeError):
        landed.claim(BATCH, {"orders": 2})


def test_an_object_of_the_sync_may_hold_only_rows_that_were_delivered_before(
    lake: Lake, landed: LandedFiles
) -> None:
    """The stream stood still: rows of job 4 came again in an object of their own, and job 5 counted them."""
    lake.land(key("orders", NOW), 2)
    lake.land(key("orders", NOW, 1), 1, job_id=4)
    assert len(landed.claim(BATCH, {"orders": 3})) == 2


def test_what_is_not_a_landing_object_is_left_alone(lake: Lake, landed: LandedFiles) -> None:
    lake.objects_by_key[landing_folder("postgres_stream", "orders") + "_SUCCESS"] = b""

    assert landed.claim(BATCH, {}) == []
