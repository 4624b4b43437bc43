"""One connection to PostgreSQL for a whole page, which no statement can hold for long."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Final

from lakehouse.platform.database import PostgresConnections

STATEMENT_MILLISECONDS: Final = 700
"""The page answers within a second: a statement that takes longer is given up, and its section says so."""

_LIMITS: Final = {
    "statement_timeout": f"{STATEMENT_MILLISECONDS}ms",
    "lock_timeout": f"{STATEMENT_MILLISECONDS}ms",
    "application_name": "health page",
}


class OneConnection:
    """Hands the same connection to each who asks; a lost one is not sought again.

    What reads facts opens and closes a connection of its own, which for eight sections would cost more than
    their statements.

    Args:
        postgres: opens the connection.
        read_only: refuse every statement that changes something.
    """

    def __init__(self, postgres: PostgresConnections, *, read_only: bool = True) -> None:
        self._postgres = postgres
        self._settings = _LIMITS | {"default_transaction_read_only": "on" if read_only else "off"}
        self._kept: Any = None
        self._refusal: Exception | None = None

    def get_conn(self) -> _Lent:
        """The connection. Raises what the driver raised when it could not be made, each time."""
        if self._refusal is not None:
            raise self._refusal
        if self._kept is None:
            try:
                self._kept = self._postgres.get_conn()
                with self._kept.cursor() as cursor:
                    for name, value in self._settings.items():
                        cursor.execute("select set_config(%s, %s, false)", (name, value))
                self._kept.commit()
            except Exception as refusal:
                self._refusal = refusal
                raise
        return _Lent(self._kept)

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._kept is not None:
            self._kept.close()


class _Lent:
    """The kept connection as a borrower sees it: a block is a transaction, closing gives it back."""

    def __init__(self, kept: Any) -> None:
        self._kept = kept

    def __enter__(self) -> _Lent:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._kept.commit()
        elif not self._kept.closed:
            self._kept.rollback()

    def close(self) -> None:
        """Given back; what was not committed is not done."""
        if not self._kept.closed:
            self._kept.rollback()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kept, name)
