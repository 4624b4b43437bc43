"""Where the source's log was before a sync began: what the sync must have seen.

The night reads tables, the stream reads the log. A position that was noted before the night's sync says which
of the stream's changes the night has: all up to it. A change is in the log before its transaction commits, so
the position counts only once every transaction that was open then is over.
"""

from __future__ import annotations

import logging
import time
from contextlib import closing
from typing import Any, Final

from lakehouse.airbyte.connection_file import ConnectionFile
from lakehouse.platform.database import PostgresConnections, platform_postgres
from lakehouse.platform.sql_files import read_sql

log = logging.getLogger(__name__)

SETTLE_SECONDS: Final = 15.0
"""How long to wait for transactions that are open at the source. A shop's take milliseconds."""
_LOOK_SECONDS: Final = 0.1


def position_before_sync(
    declared: ConnectionFile,
    source: PostgresConnections | None = None,
    settle_seconds: float = SETTLE_SECONDS,
) -> int | None:
    """The source's log position, in bytes, if a sync that begins now sees every change before it.

    None if the connection does not read a PostgreSQL's tables, if the source cannot be asked, or if a
    transaction stays open. A night needs no position: without one, the live view goes on showing what it has
    from the stream.

    Args:
        declared: the connection that is about to be synced.
        source: its database; by default as its file says.
        settle_seconds: how long open transactions may take.
    """
    if not _reads_tables(declared):
        return None
    try:
        with closing((source or platform_postgres(declared.source.airflow_connection)).get_conn()) as opened:
            opened.autocommit = True
            with opened.cursor() as cursor:
                return _settled(cursor, declared.name, settle_seconds)
    except Exception as error:  # noqa: BLE001 - whatever the source's driver raises must not stop a night
        log.warning("%s: the source's log position is not known: %s", declared.name, error)
        return None


def _reads_tables(declared: ConnectionFile) -> bool:
    method = declared.source.configuration.get("replication_method") or {}
    return declared.source.type == "postgres" and method.get("method") != "CDC"


def _settled(cursor: Any, name: str, settle_seconds: float) -> int | None:
    # Two statements: a transaction that writes between them is among those that are waited for.
    cursor.execute(read_sql("postgres/landing/select_source_position.sql"))
    [lsn] = cursor.fetchone()
    if lsn is None:
        log.warning("%s: the source is a standby, whose log position says nothing of its primary's", name)
        return None
    waited_for = _open_transactions(cursor)
    deadline = time.monotonic() + settle_seconds
    while waited_for:
        if time.monotonic() >= deadline:
            log.warning(
                "%s: a transaction has been open at the source for more than %.0f s, so this date has no log "
                "position: the live view goes on showing what it has from the stream",
                name,
                settle_seconds,
            )
            return None
        time.sleep(_LOOK_SECONDS)
        waited_for &= _open_transactions(cursor)
    return int(lsn)


def _open_transactions(cursor: Any) -> set[str]:
    cursor.execute(read_sql("postgres/landing/select_open_transactions.sql"))
    return {str(number) for (number,) in cursor.fetchall()}
