"""Is there something to read at the source, and how does its replication slot do?

The slot is peeked at, which moves nothing: PostgreSQL decodes from the slot's position to the first change of
the publication's tables. Counters of the tables would be cheaper, but they come up to a second late, forget
all when PostgreSQL crashes, and count no truncation.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Final

from lakehouse.airbyte.connection_file import ConnectionFile
from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.sql_files import read_sql

log = logging.getLogger(__name__)

PEEK_SECONDS: Final = 5
"""After this time a look counts as "there is something": a sync reads a long log best."""


@dataclass(frozen=True)
class SlotState:
    """What PostgreSQL says of the slot; sizes in bytes of log."""

    name: str
    exists: bool
    wal_status: str | None = None
    safe: int | None = None
    """Log that may still be written before the slot is invalidated (max_slot_wal_keep_size)."""
    active: bool = False
    behind: int | None = None
    """Log behind the confirmed position."""
    retained: int | None = None
    """Log that the server keeps for the slot."""

    @property
    def lost(self) -> bool:
        """PostgreSQL has removed log that the slot needs."""
        return self.exists and self.wal_status == "lost"


class SourceWatch:
    """Looks at the source of a CDC connection; keeps one connection to it open.

    Args:
        postgres: the source's database.
        slot: the connection's own replication slot.
        publication: of the tables that it reads.
    """

    def __init__(self, postgres: PostgresConnections, slot: str, publication: str) -> None:
        self._postgres = postgres
        self._slot = slot
        self._publication = publication
        self._connection: Any = None
        self._empty_until: int | None = None
        self._can_peek = True

    @classmethod
    def of(cls, postgres: PostgresConnections, declared: ConnectionFile) -> SourceWatch:
        """The watch for a connection that a file of include/airbyte/ declares."""
        method = declared.source.configuration["replication_method"]
        return cls(postgres, method["replication_slot"], method["publication"])

    def close(self) -> None:
        """Give the connection back."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception as error:  # noqa: BLE001 - the server may be gone, and so the connection
                log.debug("closing the connection to the source: %s", error)

    def position(self) -> int | None:
        """Where the source's log ends now, in bytes; None if the source cannot be asked.

        Every transaction whose commit has returned lies before it, but for those with synchronous_commit off.
        """
        row = self._ask("select_log_position", {})
        return None if row is None else int(row[0])

    def has_changes(self) -> bool:
        """Is there a change of the publication's tables behind the slot's position?

        True if that cannot be told: a sync costs a second, a change that waits costs more.
        """
        end = self.position()
        if end is None:
            return True
        if end == self._empty_until:
            return False
        if not self._can_peek:
            return True
        row = self._ask("select_slot_has_changes", {"slot": self._slot, "publication": self._publication})
        if row is None or row[0]:
            return True
        self._empty_until = end
        return False

    def slot(self) -> SlotState | None:
        """The slot's state; None if the source cannot be asked."""
        found = self._asked("select_slot", {"slot": self._slot})
        if found is None:
            return None
        return SlotState(self._slot, True, *found[0]) if found else SlotState(self._slot, False)

    def _ask(self, statement: str, values: dict[str, Any]) -> Any:
        found = self._asked(statement, values)
        return found[0] if found else None

    def _asked(self, statement: str, values: dict[str, Any]) -> list[Any] | None:
        try:
            if self._connection is None:
                self._connection = self._opened()
            with self._connection.cursor() as cursor:
                cursor.execute(read_sql(f"postgres/stream/{statement}.sql"), values)
                return list(cursor.fetchall())
        except Exception as error:  # noqa: BLE001 - both drivers; whatever it is, Airbyte's sync will name it
            log.info("the source could not be looked at: %s", " ".join(str(error).split()))
            self._can_peek = self._can_peek and not _is_forbidden(error)
            self.close()
            return None

    def _opened(self) -> Any:
        connection = self._postgres.get_conn()
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(read_sql("postgres/stream/set_watch_session.sql"), {"timeout": f"{PEEK_SECONDS}s"})
        return connection


def _is_forbidden(error: Exception) -> bool:
    """The user may not look into slots (42501): then each move of the log is taken for a change."""
    return (getattr(error, "pgcode", None) or getattr(error, "sqlstate", None)) == "42501"
