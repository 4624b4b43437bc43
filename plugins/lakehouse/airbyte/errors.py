"""What can go wrong with Airbyte, and whether a rerun would change it."""

from __future__ import annotations

from lakehouse.platform.errors import BusyError, NotFoundError, PermanentError, TransientError


class AirbyteUnavailableError(TransientError):
    """Airbyte did not answer, answered 5xx, or asked to slow down."""


class AirbyteBusyError(BusyError):
    """409: the connection already has a running job."""


class AirbyteRefusedError(PermanentError):
    """Airbyte refused the request (4xx): wrong credentials, wrong configuration."""


class AirbyteNotFoundError(AirbyteRefusedError, NotFoundError):
    """Airbyte does not know the thing asked for."""


class AirbyteJobFailedError(TransientError):
    """The sync failed for a reason that may pass: a source that was down, a worker that was lost."""


class AirbyteJobMisconfiguredError(PermanentError):
    """The sync failed because of its configuration, by Airbyte's own classification (`config_error`)."""


class AirbyteJobCancelledError(PermanentError):
    """Somebody cancelled the sync: not started again behind their back."""


class AirbyteJobTimeoutError(TransientError):
    """The sync was not done at its deadline and was cancelled."""


class SourceLeftOutError(PermanentError):
    """The source has no values here, so Airbyte does not have it; the message says what to set and where."""


class AirbyteDriftError(PermanentError):
    """The server is not what the files of include/airbyte/ declare."""
