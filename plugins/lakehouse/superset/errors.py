"""What can go wrong with Superset, sorted by whether a rerun would change it."""

from __future__ import annotations

from lakehouse.platform.errors import NotFoundError, PermanentError, TransientError


class SupersetUnavailableError(TransientError):
    """Superset does not answer, or answers that it cannot just now (429, 5xx); `status` is the HTTP code."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class SupersetLoginError(PermanentError):
    """Superset refuses the user or the password of the Airflow connection."""


class SupersetRequestError(PermanentError):
    """Superset refuses a request; `status` is the HTTP code."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class SupersetNotFoundError(SupersetRequestError, NotFoundError):
    """The dashboard, chart, dataset or database asked for does not exist."""


class SupersetImportError(PermanentError):
    """The bundle of dashboards as code is wrong, or Superset failed to import it."""


class BrokenChartsError(PermanentError):
    """One or more charts of a dashboard cannot be drawn; the message names each with its error."""


class NothingDrawnError(TransientError):
    """Not one chart of a dashboard can be drawn: the database behind Superset is away or empty."""


class CacheNotWarmError(PermanentError):
    """A chart was computed but the next reader would still not get it from the cache."""


class UnsupportedFilterError(PermanentError):
    """A native filter's default does something to queries that the warm-up cannot reproduce."""
