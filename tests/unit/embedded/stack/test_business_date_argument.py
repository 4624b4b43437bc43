"""DATE and ORDERS of `make night` are checked before anything is started."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from embedded.night import NightError, parse_business_date, parse_orders


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


def test_a_date_before_the_shop_opened_names_the_first_one() -> None:
    assert parse_business_date("2024-10-17") == date(2024, 10, 17)
    with pytest.raises(NightError, match="before the shop opened: give 2024-10-17"):
        parse_business_date("2024-10-16")


@pytest.mark.parametrize("text", ["abc", "1e6", "1.5", "", "0", "-5"])
def test_orders_that_are_no_number_of_orders_are_refused_by_name(text: str) -> None:
    with pytest.raises(NightError, match=f"ORDERS={text} is "):
        parse_orders(text)
    assert parse_orders("1000000") == 1_000_000
