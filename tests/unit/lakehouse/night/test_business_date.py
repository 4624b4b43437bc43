"""The business date is the partition key, and only a real past or present date will do."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pytest

from lakehouse.night.business_date import BusinessDateError, business_date, parse_business_date
from lakehouse.platform.errors import PermanentError

TODAY = date(2025, 10, 16)


def test_the_partition_key_is_the_date() -> None:
    context = {"dag_run": SimpleNamespace(partition_key="2025-10-16")}
    assert business_date(context) == date(2025, 10, 16)


@pytest.mark.parametrize("text", [None, "", "2025-10-5", "16/10/2025", "2025-02-30", "2025-10-16T00:00:00"])
def test_what_is_no_date_is_refused(text: str | None) -> None:
    with pytest.raises(BusinessDateError, match="2025-10-16"):
        parse_business_date(text, TODAY)


def test_today_is_a_business_date_and_tomorrow_is_not() -> None:
    assert parse_business_date("2025-10-16", TODAY) == TODAY
    with pytest.raises(BusinessDateError, match="2025-10-17 lies in the future"):
        parse_business_date("2025-10-17", TODAY)


def test_a_wrong_date_is_never_retried() -> None:
    assert issubclass(BusinessDateError, PermanentError)
