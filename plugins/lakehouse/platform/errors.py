"""What can go wrong, sorted by the only question the scheduler asks: would a rerun change anything?

Every error of the library descends from one of three. The rooms add their own subclasses (an Airbyte job
that failed, a broken contract, a reflection that cannot be built) and inherit the answer.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from airflow.sdk import ExceptionRetryPolicy, RetryAction, RetryRule


class LakehouseError(Exception):
    """Root of the library's errors. The message names the thing, the job, and what to do next."""


class PermanentError(LakehouseError):
    """A rerun would fail the same way: bad data, a refused request, a broken contract. Never retried."""


class TransientError(LakehouseError):
    """The service was away, slow or restarting. Retried with growing pauses."""


class BusyError(TransientError):
    """The service is already doing it for someone else. Retried after a fixed pause."""


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
