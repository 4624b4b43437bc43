"""The pool to the platform database, and the schema in it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

Row: TypeAlias = dict[str, Any]
Pool: TypeAlias = ConnectionPool[psycopg.Connection[Row]]

DEFAULT_WORKSPACE = UUID("5ae6b09b-fdec-41af-aaf7-7d94cfc33ef6")
"""A fixed id, so that a rebuilt platform keeps the workspace that clients may have written down."""

_SCHEMA_SQL = Path(__file__).with_name("schema.sql")
_SCHEMA_LOCK = 0x41_49_52
_SERVER_LOCK = 0x41_49_53


def open_pool(conninfo: str, wait_seconds: float = 30) -> Pool:
    """Connect, waiting for a PostgreSQL that is still starting, and create what is missing.

    Raises psycopg.OperationalError when the database does not answer within `wait_seconds`.
    """
    _wait_for(conninfo, wait_seconds)
    pool: Pool = ConnectionPool(
        conninfo,
        min_size=1,
        max_size=12,
        timeout=15,
        kwargs={"row_factory": dict_row, "options": "-c timezone=UTC"},
        check=ConnectionPool.check_connection,
        open=True,
    )
    with pool.connection() as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
        connection.execute(_SCHEMA_SQL.read_text(encoding="utf-8"))
        connection.execute(
            "insert into airbyte.workspaces (workspace_id, name) values (%s, 'lakehouse')"
            " on conflict do nothing",
            (DEFAULT_WORKSPACE,),
        )
    return pool


class AnotherServerError(Exception):
    """A server that is alive works on this database already."""


def hold_server_lock(conninfo: str, wait_seconds: float = 10) -> psycopg.Connection[Any]:
    """A session that keeps every other server away from these jobs until it is closed, or its process dies.

    Without it a second server, started by mistake, would take the first one's running jobs for interrupted.
    Raises AnotherServerError when the lock is not free within `wait_seconds`.
    """
    session = psycopg.connect(conninfo, autocommit=True)
    deadline = time.monotonic() + wait_seconds
    while True:
        row = session.execute("select pg_try_advisory_lock(%s)", (_SERVER_LOCK,)).fetchone()
        if row is not None and row[0]:
            return session
        if time.monotonic() > deadline:
            session.close()
            raise AnotherServerError(
                "Another Airbyte server is running on this platform database; stop it first"
            )
        time.sleep(0.2)


def _wait_for(conninfo: str, wait_seconds: float) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            psycopg.connect(conninfo).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
