"""What Dremio can answer instead of a result."""

from __future__ import annotations

from lakehouse.platform.errors import BusyError, LakehouseError, NotFoundError, PermanentError, TransientError


class DremioError(LakehouseError):
    """Root of Dremio's errors."""


class DremioRefusedError(DremioError, PermanentError):
    """Dremio understood and said no (400, 401, 403, 422)."""


class DremioNotFoundError(DremioRefusedError, NotFoundError):
    """There is no such job, dataset or reflection (404)."""


class DremioConflictError(DremioError, BusyError):
    """Someone else changed or holds it (409)."""


class DremioUnavailableError(DremioError, TransientError):
    """Dremio is away, slow or overloaded (408, 425, 429, 5xx, no answer)."""


class DremioJobError(DremioError):
    """A job that did not complete. The message holds Dremio's own words, the job's id and its page."""

    def __init__(self, job_id: str, url: str, words: str) -> None:
        super().__init__(f"Dremio job {job_id} {words} ({url})")
        self.job_id = job_id
        self.url = url


class DremioJobFailedError(DremioJobError, PermanentError):
    """The statement cannot succeed as it is."""


class DremioJobInterruptedError(DremioJobError, TransientError):
    """The job failed for a reason outside the statement: memory, storage, a node that went away."""


class DremioJobCanceledError(DremioJobError, PermanentError):
    """Someone canceled the job. Not retried: they had a reason."""


class DremioJobTimeoutError(DremioJobError, TransientError):
    """The job was not done at the deadline and has been canceled."""


class DremioSubmissionUnknownError(DremioError, PermanentError):
    """An earlier attempt may have started the statement, and Dremio does not let us see whether it did."""


class ReflectionError(DremioError):
    """A reflection that cannot accelerate queries with the data of this night."""


class ReflectionInvalidError(ReflectionError, PermanentError):
    """The reflection's definition does not fit its dataset, or it is disabled."""


class ReflectionFailedError(ReflectionError, TransientError):
    """Dremio tried to build the reflection and failed."""


class ReflectionTimeoutError(ReflectionError, TransientError):
    """The reflection was not ready at the deadline."""


_OUTSIDE_THE_STATEMENT = (
    "SYSTEM ERROR",
    "RESOURCE ERROR",
    "CONNECTION ERROR",
    "DATA_READ ERROR",
    "DATA_WRITE ERROR",
    "IO_EXCEPTION",
    "OUT_OF_MEMORY",
    "CONCURRENT_MODIFICATION",
)
"""Kinds of Dremio's UserException that begin an error message and that a rerun may not meet again."""


def job_failure(job_id: str, url: str, message: str) -> DremioJobError:
    """The error of a failed job: permanent, unless Dremio's message blames its surroundings."""
    words = f"failed: {message or 'Dremio gave no reason'}"
    outside = any(message.upper().startswith(kind) for kind in _OUTSIDE_THE_STATEMENT)
    return (DremioJobInterruptedError if outside else DremioJobFailedError)(job_id, url, words)
