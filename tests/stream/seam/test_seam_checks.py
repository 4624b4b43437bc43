"""Checks of the seam are kept, come when they are due, and make one incident that ends by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from lakehouse.observe.incidents.reading import incident
from lakehouse.observe.incidents.seam import watch_seam
from lakehouse.platform.database import LockHeldError, exclusively, transaction
from lakehouse.platform.sql_files import read_sql
from lakehouse.stream import seam as seam_module
from lakehouse.stream.ledger import StreamLedger
from lakehouse.stream.plan import STREAM_LOCK
from lakehouse.stream.seam import Seam
from lakehouse.stream.seam_command import report, status_lines
from lakehouse.stream.seam_record import Outcome, SeamRecord
from testing.lakehouse.stream_platform import StreamPlatform
from tests.stream.seam.edge_lake import EdgeLake, view_query
from tests.stream.seam.edge_model import World
from tests.stream.seam.mutants import VIEW_MUTANTS
from tests.stream.seam.settled_world import TODAY

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC)
EMPTIED = (
    "seam_checks",
    "seam_audits",
    "seam_audited_edges",
    "serving_edge",
    "stream_batches",
    "landing_syncs",
    "published_claims",
)
FORGETS_DELETIONS = next(each for each in VIEW_MUTANTS if "deletion that gold cannot see" in each.name)


@pytest.fixture
def ledger(platform: StreamPlatform) -> Iterator[StreamLedger]:
    """The platform's tables without anything that other folders have left, and none of this one's after."""
    empty(platform)
    yield StreamLedger(platform.postgres)
    empty(platform)


@pytest.fixture
def seam(platform: StreamPlatform, lake: EdgeLake, world: World, ledger: StreamLedger) -> Seam:
    """The seam of the settled world, whose batches are all merged."""
    with transaction(platform.postgres) as cursor:
        edge = {"business_date": world.edge.business_date, "source_lsn": world.edge.lsn}
        cursor.execute(read_sql("postgres/stream/insert_edge.sql"), edge)
    ledger.merged(ledger.in_bronze(ledger.landed(ledger.begin("manual", None), []), []))
    return Seam(platform.postgres, lake.client)


def empty(platform: StreamPlatform) -> None:
    with transaction(platform.postgres) as cursor:
        for table in EMPTIED:
            cursor.execute(f"delete from {table}")


def test_a_check_that_finds_nothing_is_kept_with_its_position(
    seam: Seam, platform: StreamPlatform, world: World
) -> None:
    check = seam.verify(NOON)
    assert (check.outcome, check.differences) == (Outcome.EQUAL, 0)
    assert (check.edge_date, check.source_lsn) == (world.edge.business_date, world.edge.lsn)
    assert check.orders > 5
    assert SeamRecord(platform.postgres).last() == check
    assert seam.verify(NOON, all_days=True).orders == len(world.unified()) > check.orders


def test_a_check_is_due_each_hour_and_when_the_edge_has_moved(seam: Seam, platform: StreamPlatform) -> None:
    assert seam.verify_if_due(NOON) is not None
    assert seam.verify_if_due(NOON + timedelta(minutes=30)) is None
    assert seam.verify_if_due(NOON + timedelta(minutes=59)) is not None
    with transaction(platform.postgres) as cursor:
        moved = {"business_date": TODAY + timedelta(days=2), "source_lsn": 10_000}
        cursor.execute(read_sql("postgres/stream/insert_edge.sql"), moved)
    assert seam.verify_if_due(NOON + timedelta(minutes=61)) is not None


def test_what_went_cold_is_audited_once(seam: Seam, platform: StreamPlatform, world: World) -> None:
    record = SeamRecord(platform.postgres)
    seam.verify(NOON)
    audited = record.audits(100)
    assert TODAY in [each.day.order_date for each in audited]
    assert record.audited_edge() == world.edge.business_date
    seam.verify(NOON + timedelta(hours=2))
    assert record.audits(100) == audited
    assert f"{audited[0].day.order_date} is audited" in "\n".join(status_lines(platform.postgres))


def test_a_difference_is_one_incident_that_names_day_key_and_side_and_resolves_itself(
    seam: Seam, platform: StreamPlatform, lake: EdgeLake
) -> None:
    lake.serve(FORGETS_DELETIONS.of(view_query()))
    check = seam.verify(NOON, all_days=True)
    assert check.outcome is Outcome.DIFFERENT
    assert "order 2 of" in "\n".join(report(check))
    told = watch_seam(platform.postgres, NOON)
    assert told is not None
    assert told.evidence["days"] == [str(day.order_date) for day in check.days]
    assert told.evidence["sides"] == ["cold"]
    assert told.evidence["sample_rows"][0].startswith("order 2 of ")
    seam.verify(NOON + timedelta(hours=1), all_days=True)
    again = watch_seam(platform.postgres, NOON + timedelta(hours=1))
    assert again is not None
    assert again.incident_id == told.incident_id
    lake.serve_rightly()
    assert seam.verify(NOON + timedelta(hours=2), all_days=True).outcome is Outcome.EQUAL
    assert watch_seam(platform.postgres, NOON + timedelta(hours=2)) is None
    assert incident(platform.postgres, told.incident_id).resolved_at == NOON + timedelta(hours=2)


def test_a_batch_half_on_its_way_is_no_reason_to_say_that_all_is_equal(
    seam: Seam, ledger: StreamLedger, platform: StreamPlatform
) -> None:
    batch = ledger.landed(ledger.begin("manual", None), [])
    check = seam.verify(NOON)
    assert check.outcome is Outcome.NOT_READY
    assert f"batch {batch.id}" in str(check.reason)
    assert watch_seam(platform.postgres, NOON) is None


def test_before_the_first_batch_it_says_so(
    platform: StreamPlatform, lake: EdgeLake, ledger: StreamLedger
) -> None:
    check = Seam(platform.postgres, lake.client).verify(NOON)
    assert check.outcome is Outcome.NOT_READY
    assert check.reason == "the stream has not merged a batch yet"


def test_a_check_waits_for_the_batch_in_flight(
    seam: Seam, platform: StreamPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seam_module, "LOCK_SECONDS", 1)
    holding = exclusively(platform.postgres, STREAM_LOCK, "a batch", 1)
    with holding, pytest.raises(LockHeldError, match="a batch"):
        seam.verify(NOON)
