"""Landing objects go when bronze holds their rows, and only then; what dies meanwhile loses nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from lakehouse.bronze.partition_loader import LandingExpiredError
from lakehouse.bronze.unloaded_claims import unloaded_claims
from lakehouse.observe.retention.landing import LandingFiles
from lakehouse.observe.retention.policy import Keep, load_policy
from lakehouse.platform.database import Lock, exclusively
from lakehouse.platform.lake_layout import LANDING, bronze_manifest_key
from lakehouse.platform.storage import LakeStorage
from tests.observe.retention.conftest import Lake, order

NOW = datetime.now(UTC)
LONG_AGO = NOW - timedelta(days=100)
DAYS = [date(2025, 1, number) for number in range(1, 4)]
NEWEST = DAYS[-1]
POLICY = replace(load_policy(), landing=Keep(days=90, keep_newest=1))


class DiesError(Exception):
    """The process is killed."""


class DyingBucket:
    """A client that dies at its second deletion."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.deletions = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def delete_object(self, **arguments: Any) -> Any:
        self.deletions += 1
        if self.deletions == 2:
            raise DiesError
        return self._client.delete_object(**arguments)


def loaded(lake: Lake, days: list[date] = DAYS) -> dict[date, str]:
    """Dates with one landing object each, all in bronze and all old."""
    keys = {}
    for number, day in enumerate(days, start=1):
        keys[day] = lake.land(day, [order(number, day)], job=number)
        lake.load(day)
    lake.age(LONG_AGO)
    return keys


def tidy(lake: Lake, storage: LakeStorage | None = None) -> Any:
    kind = LandingFiles(replace(lake.stores, lake=storage or lake.storage))
    return kind.apply(kind.plan(POLICY, NOW))


def test_a_dry_run_counts_objects_rows_and_bytes_and_changes_nothing(lake: Lake) -> None:
    keys = loaded(lake)
    plan = LandingFiles(lake.stores).plan(POLICY, NOW)
    sizes = {item.key: item.size for item in lake.storage.objects(LANDING)}
    assert [item.name for item in plan.items] == [f"postgres.orders {day}" for day in DAYS[:-1]]
    assert (plan.objects, plan.rows) == (2, 2)
    assert plan.bytes == sum(sizes[keys[day]] for day in DAYS[:-1])
    assert sorted(sizes) == sorted(keys.values())


def test_old_dates_go_and_the_newest_stays_whatever_its_age(lake: Lake) -> None:
    keys = loaded(lake)
    applied = tidy(lake)
    assert (applied.items, applied.objects, applied.rows, applied.skipped) == (2, 2, 2, [])
    assert lake.keys(LANDING) == [keys[NEWEST]]
    assert tidy(lake).items == 0


def test_a_replay_of_a_date_without_landing_keeps_its_partition(lake: Lake) -> None:
    loaded(lake)
    before = lake.storage.get(f"bronze/postgres/orders/date={DAYS[0]}/data.parquet")
    account = lake.loads.load_of("postgres", "orders", DAYS[0])
    tidy(lake)
    again = lake.load(DAYS[0], "replay")
    assert again.landing_expired
    assert not again.changed
    assert again.load == account
    assert lake.storage.get(f"bronze/postgres/orders/date={DAYS[0]}/data.parquet") == before
    manifest = json.loads(lake.storage.get(bronze_manifest_key("postgres", "orders", DAYS[0])))
    assert manifest["landing_expired"] is True
    assert unloaded_claims(lake.postgres) == []


def test_rows_that_came_to_such_a_date_later_are_refused_by_name_not_lost(lake: Lake) -> None:
    loaded(lake)
    tidy(lake)
    late = lake.land(DAYS[0], [order(77, DAYS[0])], name="late", job=77)
    with pytest.raises(LandingExpiredError, match="cannot be built again"):
        lake.load(DAYS[0])
    assert late in lake.keys(LANDING)
    [claim] = unloaded_claims(lake.postgres)
    assert (claim.business_date, claim.rows) == (DAYS[0], 1)
    lake.age(LONG_AGO)
    tidy(lake)
    assert late in lake.keys(LANDING), "claimed and not loaded: kept"


def test_what_bronze_does_not_wholly_hold_is_kept(lake: Lake) -> None:
    never, rejected, partly, again, young, whole, newest = [date(2025, 2, day) for day in range(1, 8)]
    keys = loaded(lake, [never, rejected, partly, again, young, whole, newest])
    lake.execute("delete from bronze_loads where business_date = %s", never)
    lake.execute("update bronze_loads set state = 'rejected' where business_date = %s", rejected)
    lake.execute("update landing_files set rows = 2 where business_date = %s", partly)
    lake.land(again, [order(9, again)], name="b", job=9)
    lake.execute("update landing_files set claimed_at = %s", LONG_AGO)
    lake.execute("update landing_files set claimed_at = %s where business_date = %s", NOW, young)
    assert tidy(lake).items == 1
    held = lake.keys(LANDING)
    assert {day for day, key in keys.items() if key not in held} == {whole}


def test_a_partition_that_is_gone_keeps_its_landing(lake: Lake) -> None:
    keys = loaded(lake)
    for key in lake.keys(f"bronze/postgres/orders/date={DAYS[0]}/"):
        lake.storage.delete(key)
    applied = tidy(lake)
    assert applied.skipped == [f"postgres.orders {DAYS[0]}: its partition is not in the lake"]
    assert keys[DAYS[0]] in lake.keys(LANDING)


def test_a_date_that_is_being_loaded_is_left_alone(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = loaded(lake)
    monkeypatch.setattr("lakehouse.observe.retention.landing.WAIT_SECONDS", 1)
    with exclusively(lake.postgres, Lock("bronze load", f"postgres.orders {DAYS[0]}"), "a load", 1):
        applied = tidy(lake)
    assert applied.skipped == [f"postgres.orders {DAYS[0]}: it is being loaded"]
    assert keys[DAYS[0]] in lake.keys(LANDING)


def test_what_is_claimed_between_plan_and_apply_is_kept(lake: Lake) -> None:
    loaded(lake)
    kind = LandingFiles(lake.stores)
    plan = kind.plan(POLICY, NOW)
    late = lake.land(DAYS[0], [order(5, DAYS[0])], name="late", job=55)
    applied = kind.apply(plan)
    assert [words.partition(":")[0] for words in applied.skipped] == [f"postgres.orders {DAYS[0]}"]
    assert late in lake.keys(LANDING)
    assert lake.load(DAYS[0]).load.rows_in == 2


def test_a_run_that_died_between_two_deletions_is_finished_by_the_next(lake: Lake) -> None:
    day = DAYS[0]
    first = lake.land(day, [order(1, day)], name="a", job=1)
    second = lake.land(day, [order(2, day)], name="b", job=2)
    lake.land(NEWEST, [order(3, NEWEST)], job=3)
    for each in (day, NEWEST):
        lake.load(each)
    lake.age(LONG_AGO)
    with pytest.raises(DiesError):
        tidy(lake, LakeStorage(DyingBucket(lake.storage.client), lake.storage.bucket))
    assert first not in lake.keys(LANDING)
    assert second in lake.keys(LANDING)
    assert lake.load(day).landing_expired, "a replay in between reads nothing that is missing"
    plan = LandingFiles(lake.stores).plan(POLICY, NOW)
    assert [item.name for item in plan.items] == [f"left over: {second}"]
    LandingFiles(lake.stores).apply(plan)
    assert second not in lake.keys(LANDING)


def test_objects_that_are_left_over_are_claimed_by_no_other_date(lake: Lake) -> None:
    keys = loaded(lake)
    lake.execute("update landing_files set expired_at = now() where business_date = %s", DAYS[0])
    report = lake.ledger.claim("postgres", date(2025, 2, 1), 99, 0)
    assert report.rows == 0
    assert keys[DAYS[0]] in lake.keys(LANDING)
