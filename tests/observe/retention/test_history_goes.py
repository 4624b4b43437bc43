"""Quarantine, logs, receipts and tables of history: by age, the newest kept, nothing that is still in use."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from lakehouse.observe.retention import tidy
from lakehouse.observe.retention.lake_objects import LakeLogs, QuarantineFiles
from lakehouse.observe.retention.plan import as_table
from lakehouse.observe.retention.policy import Keep, RetentionPolicyError, load_policy
from lakehouse.observe.retention.records import AGED_TABLES, Receipts, TableRows
from lakehouse.observe.retention.tidy import ClockError, UnknownKindError
from lakehouse.platform.lake_layout import quarantine_key
from tests.observe.retention.conftest import Lake

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=200)
"""Objects are dated by the store: a plan for later finds them old."""
POLICY = load_policy()
LOADED = (
    "insert into bronze_loads (source, stream, business_date, state, rows_in, rows_loaded, rows_deduplicated,"
    " rows_quarantined, landing_files, bytes, run_id, loaded_at)"
    " values ('postgres', 'orders', %s, %s, 5, 5 - %s, 0, %s, 1, 1, 'test', %s)"
)


def test_refused_rows_go_after_their_time_but_not_those_that_somebody_must_still_look_at(lake: Lake) -> None:
    days = [date(2025, 1, number) for number in range(1, 7)]
    plain, rejected, unknown, reloaded, newest, _ = days
    for day in days[:5]:
        lake.storage.put(b"refused", quarantine_key("orders", day))
    for day, state, at in (
        (plain, "loaded", NOW),
        (rejected, "rejected", NOW),
        (reloaded, "loaded", LATER),
        (newest, "loaded", NOW),
    ):
        lake.execute(LOADED, day, state, 2, 2, at)
    kind = QuarantineFiles(lake.stores)
    plan = kind.plan(replace(POLICY, quarantine=Keep(100, 1)), LATER)
    assert [(item.name, item.rows, item.bytes) for item in plan.items] == [(f"orders {plain}", 2, 7)]
    lake.storage.put(b"written again", quarantine_key("orders", plain))
    today = replace(plan, cutoff=NOW - timedelta(days=1))
    assert "written again" in kind.apply(today).skipped[0]
    kind.apply(plan)
    assert lake.keys("bronze/quarantine/") == [
        quarantine_key("orders", day) for day in (rejected, unknown, reloaded, newest)
    ]


def test_logs_go_by_service_and_the_audit_log_stays_longer(lake: Lake) -> None:
    day = (LATER - timedelta(days=60)).date()
    for service in ("dbt", "audit", "other"):
        lake.storage.put(b"{}", f"logs/{service}/date={day}/a.json.gz")
        lake.storage.put(b"{}", f"logs/{service}/date={day}/b.json.gz")
    lake.storage.put(b"{}", "logs/dbt/no-date/a.json.gz")
    lake.storage.put(b"{}", f"logs/airbyte/service=shop_postgres/date={NOW.date()}/job-1-attempt-0.json.gz")
    kind = LakeLogs(lake.stores)
    plan = kind.plan(POLICY, LATER)
    assert [(item.name, item.objects, item.bytes) for item in plan.items] == [
        (f"airbyte {NOW.date()}", 1, 2),
        (f"dbt {day}", 2, 4),
    ]
    lake.storage.put(b"{}", f"logs/dbt/date={day}/late.json.gz")
    kind.apply(plan)
    left = [key for key in lake.keys("logs/") if "/dbt/date=" in key]
    assert left == [f"logs/dbt/date={day}/late.json.gz"], "what came since the plan is not in it"
    assert kind.plan(POLICY, LATER + timedelta(days=31)).objects == 3


def receipt(lake: Lake, day: date, touched: datetime, has_file: bool = True) -> None:
    lake.execute(
        "insert into night_receipts (business_date, stage, run_id, task_id, map_index, state, attempts,"
        " started_at, ended_at, emits_asset)"
        " values (%s, 'load_bronze', 'r', 't', -1, 'success', 1, %s, %s, true)",
        day, touched, touched,
    )  # fmt: skip
    if has_file:
        path = lake.folder / "receipts" / f"{day}.json"
        path.write_text("{}")
        os.utime(path, (touched.timestamp(), touched.timestamp()))


def test_receipts_go_with_their_rows_and_a_replayed_date_keeps_its_own(lake: Lake) -> None:
    old = NOW - timedelta(days=500)
    first, replayed, third, newest = [date(2024, 1, number) for number in range(1, 5)]
    receipt(lake, first, old)
    receipt(lake, replayed, NOW)
    receipt(lake, third, old, has_file=False)
    receipt(lake, newest, old)
    orphan = lake.folder / "receipts" / "2023-01-01.json"
    orphan.write_text("{}")
    os.utime(orphan, (old.timestamp(), old.timestamp()))
    (lake.folder / "receipts" / "notes.json").write_text("not a receipt")
    kind = Receipts(lake.stores)
    plan = kind.plan(replace(POLICY, receipts=Keep(400, 1)), NOW)
    assert [item.name for item in plan.items] == ["2023-01-01", str(first), str(third)]
    receipt_again = "update night_receipts set started_at = now(), ended_at = now() where business_date = %s"
    lake.execute(receipt_again, third)
    applied = kind.apply(plan)
    assert applied.skipped == [f"{third}: a task has written to it since the plan"]
    left = [day for (day,) in lake.execute("select business_date from night_receipts order by 1")]
    assert left == [replayed, third, newest]
    names = {path.name for path in (lake.folder / "receipts").iterdir()}
    assert names == {f"{replayed}.json", f"{newest}.json", "notes.json"}


def test_rows_of_history_go_by_age_and_the_newest_stay(lake: Lake) -> None:
    for days in (500, 450, 420, 10):
        lake.execute(
            "insert into dbt_run_history (run_id, started_at) values (gen_random_uuid(), %s)",
            (NOW - timedelta(days=days)).replace(tzinfo=None),
        )
    kind = TableRows(lake.stores)
    plan = kind.plan(replace(POLICY, tables={"dbt_run_history": Keep(400, 2)}), NOW)
    assert [(item.name, item.rows) for item in plan.items] == [("dbt_run_history", 2)]
    assert plan.bytes > 0
    kind.apply(plan)
    assert lake.execute("select count(*) from dbt_run_history") == [(2,)]
    assert kind.apply(plan).items == 1
    assert lake.execute("select count(*) from dbt_run_history") == [(2,)]


def test_a_table_that_replays_need_cannot_be_named(lake: Lake) -> None:
    with pytest.raises(RetentionPolicyError, match="bronze_loads cannot be given up"):
        TableRows(lake.stores).plan(replace(POLICY, tables={"bronze_loads": Keep(30)}), NOW)


def test_a_clock_that_jumped_deletes_nothing(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    class Jumped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.now(tz) + timedelta(days=365)

    monkeypatch.setattr(tidy, "datetime", Jumped)
    with pytest.raises(ClockError, match="nothing was deleted"):
        tidy.Tidying(POLICY, {}, lake.postgres).plan()


def test_all_kinds_are_planned_in_order_and_an_unknown_one_is_refused(lake: Lake) -> None:
    stores = lake.stores
    kinds = {"receipts": lambda: Receipts(stores), "tables": lambda: TableRows(stores)}
    tidying = tidy.Tidying(POLICY, kinds, lake.postgres)
    plans = tidying.plan()
    assert [plan.kind for plan in plans] == ["receipts", "tables"]
    assert as_table(plans).count("\n") == 2
    assert [done.items for done in tidying.apply(plans)] == [0, 0]
    with pytest.raises(UnknownKindError, match="'gold'"):
        tidying.plan(["gold"])


def test_every_table_that_a_policy_may_name_can_be_planned_and_open_things_stay(lake: Lake) -> None:
    old = NOW - timedelta(days=500)
    lake.execute(
        "insert into incidents (kind, root, severity, summary, evidence, fingerprint, opened_at, updated_at,"
        " occurrences, resolved_at) select 'failed', root, 'warn', 's', '{}', 'f', %s, %s, 1, ended"
        " from (values ('open', null), ('resolved', %s)) as i (root, ended)",
        old, old, old,
    )  # fmt: skip
    kind = TableRows(lake.stores)
    plan = kind.plan(replace(POLICY, tables={table: Keep(100) for table in AGED_TABLES}), NOW)
    assert [(item.name, item.rows) for item in plan.items] == [("incidents", 1)]
    kind.apply(plan)
    assert lake.execute("select root from incidents") == [("open",)]
