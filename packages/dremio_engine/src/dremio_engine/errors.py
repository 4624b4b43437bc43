"""Errors with the status code and the words that Dremio's clients look at."""


class EngineError(Exception):
    """A refusal that the client caused and can read: `status` is its HTTP code."""

    status = 400

    def __init__(self, message: str, detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class InvalidStatement(EngineError):
    """The SQL cannot be understood or names something that is not there."""


class Unsupported(EngineError):
    """Dremio has it, or DuckDB has it, but this engine does not let it through."""


class Forbidden(EngineError):
    """The user may not do this (Enterprise Edition's access control)."""

    status = 403


class TooMany(EngineError):
    """This client asks faster than it is served: it should wait and try again."""

    status = 429


class NotFound(EngineError):
    """No such object, job or reflection."""

    status = 404


class MethodNotAllowed(EngineError):
    """There is such an address, but it does not take this HTTP method."""

    status = 405


class Conflict(EngineError):
    """The name is taken, or the tag sent is not the newest."""

    status = 409


class Unauthorized(EngineError):
    """No login, or one that is not valid (or no longer)."""

    status = 401


class Busy(EngineError):
    """Try again: something that must be alone is running."""

    status = 503
