"""Texts of a database whose encoding is SQL_ASCII: it stores any bytes, and gives out only those of UTF-8."""

from __future__ import annotations

from typing import Final

import psycopg
from psycopg import sql

from airbyte_engine.worker.postgres.columns import Table
from airbyte_engine.worker.protocol import WorkerError

REFUSED: Final = 'invalid byte sequence for encoding "UTF8"'
"""PostgreSQL's words for such a text; they name no column."""
_TYPES: Final = {25, 1042, 1043}
"""text, char(n), varchar (pg_type.dat)."""


def error_about(conninfo: str, table: Table) -> WorkerError:
    """The error that names the first text of the table that is not UTF-8. Reads the table."""
    for column in table.columns:
        if column.type_id not in _TYPES:
            continue
        query = sql.SQL("select convert_to({}, 'SQL_ASCII') from {}").format(
            sql.Identifier(column.name), sql.Identifier(table.schema, table.name)
        )
        with psycopg.connect(conninfo) as connection, connection.cursor("texts", binary=True) as cursor:
            for (value,) in cursor.execute(query):
                if value is not None and not _is_utf8(value):
                    return _error(f"Column {column.name} of {table.schema}.{table.name}", value)
    return _error(f"A column of {table.schema}.{table.name}", b"")


def _error(what: str, value: bytes) -> WorkerError:
    shown = value[:40].decode(errors="backslashreplace")
    return WorkerError(
        f"{what} has a text that is not UTF-8: '{shown}'. The database's encoding is SQL_ASCII, so nobody"
        " knows which one its texts have: correct them, or move the database to one that has an encoding",
        "config_error",
    )


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
