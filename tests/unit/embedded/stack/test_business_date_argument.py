"""DATE of `make night` is checked before anything is started."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from embedded.night import NightError, parse_business_date


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
