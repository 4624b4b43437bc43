"""What can go wrong in a request, as the API says it."""

from __future__ import annotations


class Problem(Exception):
    """An API error: HTTP status, Airbyte's problem title, and words that say what to do."""

    def __init__(self, status: int, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail


def not_found(kind: str, identifier: object) -> Problem:
    return Problem(404, "resource-not-found", f"There is no {kind} {identifier}.")


def invalid(detail: str) -> Problem:
    return Problem(422, "unprocessable-entity", detail)


def conflict(detail: str) -> Problem:
    return Problem(409, "try-again-later", detail)
