"""The one door to the platform's PostgreSQL: transactions, and locks that span one or several."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol

from lakehouse.platform.errors import BusyError, PermanentError, TransientError
from lakehouse.platform.names import PLATFORM_CONNECTION
from lakehouse.platform.sql_files import read_sql

_UNDEFINED_TABLE: Final = "42P01"
_UNDEFINED_COLUMN: Final = "42703"
_LOCK_NOT_AVAILABLE: Final = "55P03"
_LONGEST_NAME: Final = 63
"""PostgreSQL cuts an application's name there."""
_AWAY: Final = ("08", "53", "57P", "58")
"""SQLSTATEs of a server that is gone, stopping, starting, or out of something; without one the connection
broke or was never made."""
_DRIVERS_WORDS: Final = {"OperationalError", "InterfaceError"}
"""What psycopg 2 and 3 both call such errors."""


class PostgresConnections(Protocol):
    """Anything that opens a connection: Airflow's PostgresHook does."""

    def get_conn(self) -> Any:
        """A new connection, of psycopg 2 or 3."""


class LedgerMissingError(PermanentError):
    """The platform's database lacks the tables, or has those of an older version."""


class PlatformDatabaseUnavailableError(TransientError):
    """The platform's PostgreSQL does not answer, or went away in the middle of a statement."""


class LockHeldError(BusyError):
    """Another run is doing the same to the same thing."""


@dataclass(frozen=True)
class Lock:
    """What only one may do at a time: an advisory lock of PostgreSQL."""

    what: str
    """What is done, such as `bronze load`."""
    name: str
    """What it is done to, such as `postgres.orders 2025-10-16`."""


def platform_postgres(conn_id: str = PLATFORM_CONNECTION) -> PostgresConnections:
    """The database that an Airflow connection leads to."""
    # The provider costs half a second to import: not at parse time.
    from airflow.providers.postgres.hooks.postgres import PostgresHook

    from lakehouse.platform.airflow_connections import TellsWhatIsMissing

    class Hook(TellsWhatIsMissing, PostgresHook):
        """The provider's hook."""

    hook: PostgresConnections = Hook(conn_id)
    return hook


@contextmanager
def transaction(postgres: PostgresConnections, lock: Lock | None = None) -> Iterator[Any]:
    """A cursor whose statements are committed together.

    Args:
        postgres: the platform's database.
        lock: held from the first statement to the commit; a second holder waits as long as it takes.

    Raises:
        LedgerMissingError: a table is not there.
        PlatformDatabaseUnavailableError: PostgreSQL is away; nothing was committed that was not told to be.
    """
    try:
        with (
            _unavailable_by_name(),
            closing(postgres.get_conn()) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            if lock is not None:
                cursor.execute(read_sql("postgres/locks/lock_until_commit.sql"), asdict(lock))
            yield cursor
    except Exception as error:
        if _sqlstate(error) in (_UNDEFINED_TABLE, _UNDEFINED_COLUMN):
            raise LedgerMissingError(f"run provision_platform: {str(error).splitlines()[0]}") from error
        raise


@contextmanager
def exclusively(postgres: PostgresConnections, lock: Lock, holder: str, wait_seconds: int) -> Iterator[None]:
    """Hold the lock over any number of transactions; a second holder waits, then gives up.

    The lock is the connection's: it goes when this process dies, however it dies.

    Args:
        postgres: the platform's database.
        lock: what only one may do.
        holder: the name that the one who waits sees.
        wait_seconds: how long to wait.

    Raises:
        LockHeldError: someone else still holds it; names who.
        PlatformDatabaseUnavailableError: PostgreSQL is away.
    """
    values = asdict(lock)
    with _unavailable_by_name(), closing(postgres.get_conn()) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            session = {"holder": holder[:_LONGEST_NAME], "wait": f"{wait_seconds}s"}
            cursor.execute(read_sql("postgres/locks/set_lock_session.sql"), session)
            try:
                cursor.execute(read_sql("postgres/locks/lock_until_disconnect.sql"), values)
            except Exception as error:
                if _sqlstate(error) != _LOCK_NOT_AVAILABLE:
                    raise
                cursor.execute(read_sql("postgres/locks/select_lock_holder.sql"), values)
                holders = ", ".join(repr(row[0]) for row in cursor.fetchall()) or "a run that has just ended"
                raise LockHeldError(
                    f"{lock.what} of {lock.name}: {holders} has been at it for more than {wait_seconds} s; "
                    "this task tries again, nothing needs to be done"
                ) from error
            yield


@contextmanager
def _unavailable_by_name() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if not _says_away(error):
            raise
        raise PlatformDatabaseUnavailableError(
            f"the platform's PostgreSQL is away ({' '.join(str(error).split())}); what was not committed is "
            "not there. This task's next attempt goes on; if it fails as well, look at the server and at the "
            f"Airflow connection {PLATFORM_CONNECTION}"
        ) from error


def _says_away(error: Exception) -> bool:
    if _DRIVERS_WORDS.isdisjoint(kind.__name__ for kind in type(error).__mro__):
        return False
    state = _sqlstate(error)
    return state is None or state.startswith(_AWAY)


def _sqlstate(error: Exception) -> str | None:
    """psycopg 2 and 3 have classes of their own, and another name for the SQLSTATE."""
    state: str | None = getattr(error, "pgcode", None) or getattr(error, "sqlstate", None)
    return state
