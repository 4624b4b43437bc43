"""Which errors Airflow retries, and after how long: the meaning of `errors.py` in Airflow's terms."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule

from lakehouse.platform.errors import BusyError, PermanentError

BUSY_PAUSE: Final = timedelta(minutes=1)

_SQL_FAULTS: Final = ["psycopg.ProgrammingError", "psycopg2.ProgrammingError"]
"""A wrong statement, a table that is not there; by name, so that no driver is imported to parse a DAG."""

RETRY_POLICY: Final = ExceptionRetryPolicy(
    rules=[
        RetryRule(
            exception=PermanentError, action=RetryAction.FAIL, reason="a rerun would fail the same way"
        ),
        RetryRule(
            exception=[TypeError, NameError, ImportError, SyntaxError, *_SQL_FAULTS],
            action=RetryAction.FAIL,
            reason="a fault in the code: a rerun would fail the same way",
        ),
        RetryRule(exception=BusyError, retry_delay=BUSY_PAUSE, reason="the service is busy: waiting for it"),
    ]
)
"""Everything not named here (TransientError, network errors, timeouts, unknown ones) is retried with the
task's own exponential back-off."""
