"""DATE and ORDERS of `make night` are checked before anything is started."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from embedded.declared import shop_is_declared, sources_are_declared
from embedded.night import NightError, default_date, parse_business_date, parse_orders, require_sources


def test_today_and_the_past_are_accepted() -> None:
    today = datetime.now(UTC).date()
    assert parse_business_date(today.isoformat()) == today
    assert parse_business_date("2025-10-16") == date(2025, 10, 16)


@pytest.mark.parametrize("text", ["", "16/10/2025", "2025-02-30", "20251016", "2025-1-6", "yesterday"])
def test_a_malformed_date_is_named_with_the_form_wanted(text: str) -> None:
    with pytest.raises(NightError, match="YYYY-MM-DD") as refused:
        parse_business_date(text)
    assert f"DATE={text}" in str(refused.value)


def test_tomorrow_is_the_future() -> None:
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    with pytest.raises(NightError, match="future"):
        parse_business_date(tomorrow.isoformat())


def test_a_date_before_the_shop_opened_names_the_first_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedded.night.shop_is_declared", lambda: True)
    assert parse_business_date("2024-10-17") == date(2024, 10, 17)
    with pytest.raises(NightError, match="before the shop opened: give 2024-10-17"):
        parse_business_date("2024-10-16")


@pytest.mark.parametrize("text", ["abc", "1e6", "1.5", "", "0", "-5"])
def test_orders_that_are_no_number_of_orders_are_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr("embedded.night.shop_is_declared", lambda: True)
    with pytest.raises(NightError, match=f"ORDERS={text} is "):
        parse_orders(text)
    assert parse_orders("1000000") == 1_000_000


def test_the_shop_has_a_night_of_its_own_and_every_other_repository_takes_yesterday(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("embedded.night.shop_is_declared", lambda: True)
    assert default_date() == date(2025, 10, 16)
    monkeypatch.setattr("embedded.night.shop_is_declared", lambda: False)
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    assert yesterday <= default_date() <= yesterday + timedelta(days=1), "the day may have changed meanwhile"


def test_without_the_shop_its_opening_is_no_limit_and_orders_means_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("embedded.night.shop_is_declared", lambda: False)
    assert parse_business_date("2019-02-28") == date(2019, 2, 28)
    with pytest.raises(NightError, match="ORDERS=1000 sizes the demo shop"):
        parse_orders("1000")


def test_a_night_without_any_source_names_the_command_that_adds_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not sources_are_declared(tmp_path)
    monkeypatch.setattr("embedded.night.sources_are_declared", lambda: False)
    with pytest.raises(NightError, match="bin/source add"):
        require_sources()
    (tmp_path / "include" / "airbyte").mkdir(parents=True)
    (tmp_path / "include" / "airbyte" / "cafe_postgres_to_lake.yaml").touch()
    assert sources_are_declared(tmp_path)


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("- conn_host: ${SHOP_PG_HOST}\n", True),
        ("- conn_uri: ${SHOP_FILES_URI:-fs:///}  # a folder\n", True),
        ("# - conn_host: ${SHOP_PG_HOST}\n- conn_host: ${CAFE_PG_HOST}  # not ${SHOP_PG_HOST}\n", False),
        ("- conn_host: ${WORKSHOP_PG_HOST}\n", False),
        (None, False),
    ],
)
def test_the_shop_is_declared_by_a_placeholder_outside_of_comments(
    tmp_path: Path, text: str | None, declared: bool
) -> None:
    if text is not None:
        (tmp_path / "airflow_settings.yaml").write_text(text)
    assert shop_is_declared(tmp_path) is declared
