"""What can go wrong, sorted by the only question the scheduler asks: would a rerun change anything?

Every error of the library descends from one of these. The packages add their own subclasses (an Airbyte job
that failed, a broken contract, a reflection that cannot be built) and inherit the answer, which
`retry_policy.py` gives to Airflow.
"""

from __future__ import annotations


class LakehouseError(Exception):
    """Root of the library's errors. The message names the thing, the job, and what to do next."""


class PermanentError(LakehouseError):
    """A rerun would fail the same way: bad data, a refused request, a broken contract. Never retried."""


class NotFoundError(PermanentError):
    """The other system does not know the thing asked for."""


class TransientError(LakehouseError):
    """The service was away, slow or restarting. Retried with growing pauses."""


class BusyError(TransientError):
    """The service is already doing it for someone else. Retried after a fixed pause."""
