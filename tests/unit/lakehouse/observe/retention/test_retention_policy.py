"""A policy is taken as it is meant or refused by name; nothing is deleted by a misprint."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lakehouse.observe.retention.policy import KINDS, POLICY, RetentionPolicyError, load_policy
from lakehouse.observe.retention.records import AGED_TABLES
from lakehouse.platform.metadata_tables import declared_tables

SHIPPED = yaml.safe_load(POLICY.read_text())


def written(folder: Path, document: Any) -> Path:
    path = folder / "retention.yaml"
    path.write_text(document if isinstance(document, str) else yaml.safe_dump(document))
    return path


def changed(section: str, value: Any) -> dict[str, Any]:
    return {**SHIPPED, section: value}


def test_the_shipped_policy_is_valid_and_names_every_kind() -> None:
    policy = load_policy()
    assert set(SHIPPED) == set(KINDS) - {"log_indices"}, "indices go with the logs"
    assert policy.logs["audit"].days == 90
    assert policy.landing.keep_newest > 0
    assert set(policy.tables) == set(AGED_TABLES)


@pytest.mark.parametrize(
    "days", [0, -1, 6, 36_501, True, False, 1.5, "90", "many", None, [], {}, "2025-01-01"]
)
def test_days_that_are_no_sensible_number_are_refused(tmp_path: Path, days: Any) -> None:
    path = written(tmp_path, changed("landing", {"days": days, "keep_newest": 3}))
    with pytest.raises(RetentionPolicyError, match=r"landing\.days"):
        load_policy(path)


@pytest.mark.parametrize("newest", [0, -1, True, "all", None, 1.0])
def test_keeping_none_of_the_newest_dates_of_landing_is_refused(tmp_path: Path, newest: Any) -> None:
    path = written(tmp_path, changed("landing", {"days": 90, "keep_newest": newest}))
    with pytest.raises(RetentionPolicyError, match=r"landing\.keep_newest"):
        load_policy(path)


@pytest.mark.parametrize("section", SHIPPED)
def test_a_missing_section_is_refused_by_name(tmp_path: Path, section: str) -> None:
    document = {name: value for name, value in SHIPPED.items() if name != section}
    with pytest.raises(RetentionPolicyError, match=f"lacks: {section}"):
        load_policy(written(tmp_path, document))


@pytest.mark.parametrize("section", [name for name in SHIPPED if name not in ("logs", "tables")])
def test_zero_days_are_refused_everywhere(tmp_path: Path, section: str) -> None:
    name = "recompress_after_days" if section == "bronze" else "days"
    with pytest.raises(RetentionPolicyError, match=rf"{section}\.{name} is 0; it must be from"):
        load_policy(written(tmp_path, changed(section, {**SHIPPED[section], name: 0})))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "no sections"),
        ("- landing", "no sections"),
        ("landing: {days: 90", "cannot be read"),
        (changed("landings", {"days": 9}), "unknown sections: landings"),
        (changed("landing", {"days": 90, "keep_newset": 3}), "unknown settings: keep_newset"),
        (changed("landing", {"keep_newest": 3}), "for how many days"),
        (changed("landing", 90), "has no settings"),
        (changed("bronze", {"days": 90}), "bronze lacks: recompress_after_days"),
        (changed("logs", {"audit": {"days": 89}}), "kept for 90 days"),
        (changed("logs", {"dbt": {"days": 0}}), r"logs\.dbt\.days is 0"),
        (changed("tables", {"dbt_run_history": {"days": 0}}), r"tables\.dbt_run_history\.days"),
        (changed("quarantine", {"days": 30}), "less than landing.days"),
    ],
)
def test_a_policy_that_does_not_say_what_it_must_is_refused(
    tmp_path: Path, document: Any, words: str
) -> None:
    with pytest.raises(RetentionPolicyError, match=words):
        load_policy(written(tmp_path, document))


def test_a_policy_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RetentionPolicyError, match="cannot be read"):
        load_policy(tmp_path / "none.yaml")
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RetentionPolicyError, match="cannot be read"):
        load_policy(tmp_path / "binary.yaml")


def test_accounts_and_the_ledger_are_not_among_the_tables_that_may_go() -> None:
    needed = {
        "bronze_loads",
        "landing_files",
        "landing_syncs",
        "landing_jobs",
        "metric_totals",
        "night_receipts",
    }
    assert needed <= declared_tables().keys()
    assert needed.isdisjoint(AGED_TABLES)
    for table, aged in AGED_TABLES.items():
        assert aged.column in declared_tables()[table]
