"""What an HTTP answer means to whoever asked: the one place that says which answer is worth a retry."""

from __future__ import annotations

from enum import StrEnum
from http import HTTPStatus
from typing import Final


class Answer(StrEnum):
    """Kinds of answers, by what to do next. Each client has one error for each kind but OK."""

    OK = "ok"
    """Success, or a redirect that the caller judges."""
    AWAY = "away"
    """Down, overloaded or too slow: the same request may succeed later."""
    BUSY = "busy"
    """Somebody else holds or has changed the thing: ask again after a pause."""
    UNAUTHORIZED = "unauthorized"
    """Credentials are missing, wrong or expired."""
    FORBIDDEN = "forbidden"
    """Who asks is known and may not."""
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    """The request is wrong: it fails the same way each time."""


_KINDS: Final[dict[int, Answer]] = {
    HTTPStatus.UNAUTHORIZED: Answer.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN: Answer.FORBIDDEN,
    HTTPStatus.NOT_FOUND: Answer.NOT_FOUND,
    HTTPStatus.REQUEST_TIMEOUT: Answer.AWAY,
    HTTPStatus.CONFLICT: Answer.BUSY,
    HTTPStatus.TOO_EARLY: Answer.AWAY,
    HTTPStatus.TOO_MANY_REQUESTS: Answer.AWAY,
}


def kind_of(status: int) -> Answer:
    """The kind of an answer with that status code."""
    if status < 400:
        return Answer.OK
    if status >= 500:
        return Answer.AWAY
    return _KINDS.get(status, Answer.REFUSED)
