"""Only what a rerun can change is retried."""

from __future__ import annotations

import httpx
import psycopg
import pytest
from airflow.sdk import RetryAction

from lakehouse.night.business_date import BusinessDateError
from lakehouse.platform.errors import BusyError, PermanentError, TransientError
from lakehouse.platform.retry_policy import BUSY_PAUSE, RETRY_POLICY


@pytest.mark.parametrize(
    "error",
    [
        PermanentError("bad data"),
        BusinessDateError("no date"),
        TypeError("code"),
        psycopg.errors.UndefinedTable("night_receipts"),
    ],
)
def test_what_would_fail_again_fails_now(error: Exception) -> None:
    assert RETRY_POLICY.evaluate(error, 1, 3).action is RetryAction.FAIL


@pytest.mark.parametrize(
    "error",
    [
        TransientError("away"),
        httpx.ConnectError("refused"),
        psycopg.OperationalError("gone"),
        RuntimeError("?"),
    ],
)
def test_what_may_pass_is_retried_with_the_tasks_own_back_off(error: Exception) -> None:
    decision = RETRY_POLICY.evaluate(error, 1, 3)
    assert decision.action is RetryAction.DEFAULT
    assert decision.retry_delay is None


def test_a_busy_service_is_waited_for() -> None:
    decision = RETRY_POLICY.evaluate(BusyError("409"), 1, 3)
    assert (decision.action, decision.retry_delay) == (RetryAction.RETRY, BUSY_PAUSE)
