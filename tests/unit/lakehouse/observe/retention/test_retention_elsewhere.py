"""Airflow's own database, scratch folders, and the tables whose versions are given up."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse.dbt.project import MANIFEST_FILE
from lakehouse.observe.logs.elastic import ElasticsearchAwayError
from lakehouse.observe.retention import services
from lakehouse.observe.retention.log_indices import LogIndices
from lakehouse.observe.retention.plan import Stores
from lakehouse.observe.retention.policy import Keep, load_policy
from lakehouse.observe.retention.services import (
    AirflowDatabase,
    ScratchFolders,
    Snapshots,
    rows_by_table,
    tables_of_dbt,
)

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
POLICY = load_policy()
PRINTED = """\
Performing dry run for db cleanup.
Checking table dag_run
Found 12 rows meeting deletion criteria.
Checking table xcom
Found 0 rows meeting deletion criteria.
Checking table log
Found 3 rows meeting deletion criteria.
"""


def stores(tmp_path: Path) -> Stores:
    nobody: Any = None
    return Stores(nobody, nobody, tmp_path / "receipts", tmp_path)


def test_what_airflows_dry_run_says_is_read_by_table() -> None:
    assert list(rows_by_table(PRINTED)) == [("dag_run", 12), ("xcom", 0), ("log", 3)]


def test_without_a_connection_airflows_database_is_not_looked_at_and_that_is_said(tmp_path: Path) -> None:
    plan = AirflowDatabase(stores(tmp_path), None).plan(POLICY, NOW)
    assert plan.items == ()
    assert plan.not_looked == "there is no Airflow connection to the metadata database"


def test_airflow_cleans_only_the_planned_tables_before_the_planned_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[list[str]] = []

    def run(command: list[str], **options: Any) -> Any:
        calls.append(command)
        assert options["env"]["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == "postgresql+psycopg2://airflow"
        return services.subprocess.CompletedProcess(command, 0, PRINTED, "")

    class Held:
        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(services.subprocess, "run", run)
    monkeypatch.setattr(services, "exclusively", lambda *_: Held())
    kind = AirflowDatabase(stores(tmp_path), "postgresql+psycopg2://airflow")
    plan = kind.plan(POLICY, NOW)
    assert [(item.name, item.rows) for item in plan.items] == [("dag_run", 12), ("log", 3)]
    assert "--dry-run" in calls[0]
    assert kind.apply(plan).rows == 15
    cutoff = (NOW - timedelta(days=POLICY.airflow_database.days)).isoformat()
    assert calls[1][calls[1].index("--clean-before-timestamp") + 1] == cutoff
    assert calls[1][-2:] == ["--tables", "dag_run,log"]
    assert "--dry-run" not in calls[1]


def test_scratch_of_a_load_that_was_killed_goes_and_that_of_a_running_one_stays(tmp_path: Path) -> None:
    policy = replace(POLICY, scratch=Keep(2))
    old = (NOW - timedelta(days=3)).timestamp()
    for name, has_new_file in (("bronze-orders-a", False), ("bronze-orders-b", True), ("other-c", False)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "landing_0.parquet").write_bytes(b"123")
        if not has_new_file:
            os.utime(folder / "landing_0.parquet", (old, old))
        else:
            new = NOW.timestamp()
            os.utime(folder / "landing_0.parquet", (new, new))
        os.utime(folder, (old, old))
    (tmp_path / "bronze-link-x").symlink_to(tmp_path / "other-c")
    kind = ScratchFolders(stores(tmp_path))
    plan = kind.plan(policy, NOW)
    assert [(item.name, item.objects, item.bytes) for item in plan.items] == [("bronze-orders-a", 1, 3)]
    kind.apply(plan)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bronze-link-x", "bronze-orders-b", "other-c"]
    assert kind.plan(policy, NOW).items == ()


@pytest.mark.needs_shop
def test_the_tables_of_dbt_are_all_its_models() -> None:
    paths = list(tables_of_dbt(MANIFEST_FILE))
    assert ("gold", "daily_revenue") in paths
    assert ("staging", "stg_orders") in paths
    assert {path[0] for path in paths} == {"staging", "intermediate", "marts", "gold"}


def test_indices_of_old_days_go_by_service_and_without_elasticsearch_nothing_is_looked_at() -> None:
    class Elastic:
        def __init__(self) -> None:
            self.deleted: list[str] = []
            self.cat = self.indices = self
            self.transport = self.node_pool = self

        def indices_listed(self) -> list[dict[str, str]]:
            names = (
                "airbyte-logs-dbt-2025.11.01",
                "airbyte-logs-audit-2025.11.01",
                "airbyte-logs-other-2020.01.01",
            )
            return [{"index": name, "docs.count": "7", "store.size": "90"} for name in names]

        def __call__(self, **_: Any) -> list[dict[str, str]]:
            return self.indices_listed()

        def delete(self, index: str, ignore_unavailable: bool) -> None:
            self.deleted.append(index)

        def all(self) -> list[Any]:
            return [type("Node", (), {"base_url": "http://es"})()]

    client: Any = Elastic()
    client.cat = type("Cat", (), {"indices": staticmethod(client)})()
    kind = LogIndices(lambda: client)
    plan = kind.plan(POLICY, NOW)
    assert [(item.name, item.rows, item.bytes) for item in plan.items] == [
        ("airbyte-logs-dbt-2025.11.01", 7, 90)
    ]
    assert kind.apply(plan).rows == 7
    assert client.deleted == ["airbyte-logs-dbt-2025.11.01"]

    def away() -> Any:
        raise ElasticsearchAwayError("it does not answer: make up OBSERVE=1")

    plan = LogIndices(away).plan(POLICY, NOW)
    assert (plan.items, plan.not_looked) == ((), "it does not answer: make up OBSERVE=1")
    assert LogIndices(away).apply(plan).items == 0
    assert "no Airflow connection" in str(LogIndices(lambda: None).plan(POLICY, NOW).not_looked)


class FakeDremio:
    """Tables with versions."""

    def __init__(self, versions: dict[tuple[str, ...], tuple[int, int]]) -> None:
        self.versions = versions
        self.ran: list[str] = []

    def find(self, path: tuple[str, ...]) -> Any:
        return {"entityType": "dataset"} if tuple(path) in self.versions else None

    def query(self, sql: str) -> list[dict[str, Any]]:
        table = next(path for path in self.versions if f"'{'.'.join(path)}'" in sql)
        old, total = self.versions[table]
        return [{"old_count": old, "total_count": total}]

    def run(self, sql: str, timeout: float) -> None:
        self.ran.append(sql)


@pytest.mark.needs_shop
def test_versions_go_beyond_what_time_travel_promises_and_the_newest_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Held:
        def __enter__(self) -> None: ...
        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(services, "exclusively", lambda *_: Held())
    dremio: Any = FakeDremio(
        {("gold", "orders"): (9, 12), ("gold", "customers"): (3, 5), ("marts", "fct_orders"): (0, 9)}
    )
    kind = Snapshots(stores(tmp_path), dremio)
    plan = kind.plan(replace(POLICY, snapshots=Keep(7, 5)), NOW)
    assert [item.name for item in plan.items] == ["gold.orders: 7 versions"]
    kind.apply(plan)
    assert dremio.ran == [
        'vacuum table "gold"."orders" expire snapshots older_than \'2025-12-25 12:00:00\' retain_last 5'
    ]
