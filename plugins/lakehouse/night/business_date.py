"""The business date of a run: the partition key, and nothing else.

Airflow gives a partitioned run no logical date (`ds`, `ts` and `data_interval_*` are absent), so every task
reads its date here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from lakehouse.platform.errors import PermanentError

BUSINESS_DATE_FORMAT: Final = "%Y-%m-%d"


class BusinessDateError(PermanentError):
    """The run's partition key is missing, is not a date, or lies in the future."""


def parse_business_date(text: str | None, today: date | None = None) -> date:
    """The date written as YYYY-MM-DD, not after today (UTC).

    Raises:
        BusinessDateError: the text is missing, is not such a date, or lies in the future.
    """
    if not text:
        raise BusinessDateError(
            "this run has no business date: start the DAG run_night, whose form asks for it, or start this "
            "one again with the date (such as 2025-10-16) as Partition Key under Advanced Options"
        )
    try:
        parsed = datetime.strptime(text, BUSINESS_DATE_FORMAT).replace(tzinfo=UTC).date()
    except ValueError:
        parsed = None
    if parsed is None or parsed.isoformat() != text:
        raise BusinessDateError(
            f"{text!r} is not a business date: write it as YYYY-MM-DD, such as 2025-10-16"
        )
    latest = today or datetime.now(UTC).date()
    if parsed > latest:
        raise BusinessDateError(
            f"the business date {text} lies in the future: give {latest} (today, UTC) or an earlier one"
        )
    return parsed


def business_date_or_none(text: str | None, today: date | None = None) -> date | None:
    """As `parse_business_date`, but None for what is not a business date."""
    try:
        return parse_business_date(text, today)
    except BusinessDateError:
        return None


def business_date(context: Mapping[str, Any]) -> date:
    """The business date of the run a task's context belongs to.

    Raises:
        BusinessDateError: the run has no partition key, or one that is not a past or present date.
    """
    return parse_business_date(context["dag_run"].partition_key)
