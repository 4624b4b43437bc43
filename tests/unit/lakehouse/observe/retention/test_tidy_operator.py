"""A task of tidy_platform plans one kind, and applies just that plan unless it is a dry run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from lakehouse.observe.retention import __main__ as command
from lakehouse.observe.retention import tidy
from lakehouse.observe.retention.operators import TidyOperator
from lakehouse.observe.retention.plan import Applied, Item, KindPlan
from lakehouse.platform.database import LedgerMissingError
from lakehouse.platform.errors import TransientError

PLAN = KindPlan(
    "landing",
    "delete",
    datetime(2026, 1, 1, tzinfo=UTC),
    (Item("orders 2025-01-01", 2, 10, 300), Item("orders 2025-01-02", 1, 5, 200)),
)


class FakeTidying:
    """Remembers what it was told to apply."""

    def __init__(self, skipped: list[str] | None = None, away: tuple[str, ...] = ()) -> None:
        self.applied: list[KindPlan] = []
        self.skipped = skipped or []
        self.away = away

    def chosen(self, only: list[str]) -> list[str]:
        return list(only) or ["landing", "snapshots"]

    def plan(self, only: list[str]) -> list[KindPlan]:
        if set(only) & set(self.away):
            raise TransientError("Dremio is away")
        return [PLAN] if only == ["landing"] else []

    def apply(self, plans: list[KindPlan]) -> list[Applied]:
        self.applied += plans
        return [Applied("landing", "delete", 1, 2, 10, 300, self.skipped) for _ in plans]


@pytest.fixture
def tidying(monkeypatch: pytest.MonkeyPatch) -> FakeTidying:
    fake = FakeTidying(["orders 2025-01-02: it is being loaded"])
    monkeypatch.setattr(tidy, "of_platform", lambda policy: fake)
    monkeypatch.setattr(command, "of_platform", lambda policy: fake)
    return fake


def executed(dry_run: bool) -> dict[str, Any]:
    return TidyOperator(task_id="tidy", kind="landing").execute({"params": {"dry_run": dry_run}})


def test_a_dry_run_tells_the_plan_and_applies_nothing(tidying: FakeTidying) -> None:
    figures = executed(dry_run=True)
    assert tidying.applied == []
    assert figures["planned"] == {"items": 2, "objects": 3, "rows": 15, "bytes": 500}
    assert "done" not in figures


def test_a_platform_that_is_not_provisioned_has_nothing_to_tidy(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a Sunday Airflow starts this DAG as soon as it is up, before anybody can have provisioned it."""

    class New(FakeTidying):
        def plan(self, only: list[str]) -> list[KindPlan]:
            raise LedgerMissingError('run provision_platform: relation "bronze_loads" does not exist')

    monkeypatch.setattr(tidy, "of_platform", lambda policy: New())
    with pytest.raises(AirflowSkipException, match=r"nothing to tidy yet: run provision_platform"):
        executed(dry_run=False)


def test_a_run_applies_the_plan_that_it_told_and_says_what_it_kept(tidying: FakeTidying) -> None:
    figures = executed(dry_run=False)
    assert tidying.applied == [PLAN]
    assert figures["done"] == {"items": 1, "objects": 2, "rows": 10, "bytes": 300}
    assert figures["kept"] == ["orders 2025-01-02: it is being loaded"]


def test_a_kind_that_does_not_exist_is_refused_when_the_dag_is_parsed() -> None:
    with pytest.raises(ValueError, match="there is no kind 'gold'"):
        TidyOperator(task_id="tidy", kind="gold")


def test_the_command_plans_without_applying(tidying: FakeTidying, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["plan", "--only", "landing", "--items"]) == 0
    assert tidying.applied == []
    printed = capsys.readouterr().out
    assert "orders 2025-01-01: 2 objects, 10 rows, 300 bytes" in printed


def test_the_command_says_what_it_kept(tidying: FakeTidying, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["apply", "--only", "landing"]) == 1
    assert tidying.applied == [PLAN]
    printed = capsys.readouterr().out
    assert "landing: deleted 1 of 2 items, 2 objects, 10 rows, 300 bytes freed" in printed
    assert "kept orders 2025-01-02: it is being loaded" in printed


def test_a_kind_whose_service_is_away_does_not_keep_the_others_from_being_tidied(
    tidying: FakeTidying, capsys: pytest.CaptureFixture[str]
) -> None:
    tidying.away = ("snapshots",)
    assert command.main(["apply", "--json"]) == 2
    assert tidying.applied == [PLAN]
    assert "error: snapshots: Dremio is away" in capsys.readouterr().err
