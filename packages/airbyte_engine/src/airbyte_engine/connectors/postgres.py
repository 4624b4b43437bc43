"""PostgreSQL as a source: by cursor, in full, or from its write-ahead log (CDC)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from airbyte_engine.connectors.connector import Configuration, Source, StreamProperties, stream_properties
from airbyte_engine.problems import invalid
from airbyte_engine.worker.postgres.address import conninfo_of, words_of
from airbyte_engine.worker.postgres.encryption import why_not_encrypted

CDC_COLUMNS = ["_ab_cdc_lsn", "_ab_cdc_updated_at", "_ab_cdc_deleted_at"]
"""What a change carries beside its row; the first is the cursor."""

_TABLES = """
    select
        c.relname as name,
        array_agg(a.attname::text order by a.attnum) as fields,
        coalesce(
            array_agg(a.attname::text order by a.attnum) filter (where a.attnum = any(k.conkey)), '{}'
        ) as primary_key
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_constraint as k on k.conrelid = c.oid and k.contype = 'p'
    where n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm')
    group by c.relname
    order by c.relname
"""


class PostgresConnector(Source):
    """Tables and views of some schemas."""

    name = "postgres"
    required = ("host", "database", "username")
    secrets = frozenset(
        {
            "password",
            "ssl_mode.ca_certificate",
            "ssl_mode.client_certificate",
            "ssl_mode.client_key",
            "ssl_mode.client_key_password",
        }
    )

    def check(self, configuration: Configuration) -> None:
        if (why := why_not_encrypted(configuration)) is not None:
            raise invalid(why)
        method = configuration.get("replication_method") or {}
        name = method.get("method", "Standard")
        if name not in ("Standard", "CDC"):
            raise invalid(
                f"The replication method {name!r} is not supported here, only 'Standard' and 'CDC'."
            )
        if name == "CDC":
            _check_capture(method)

    def defines_cursor(self, configuration: Configuration) -> bool:
        return captures_changes(configuration)

    def discover(self, configuration: Configuration, connectors_bin: Path) -> list[StreamProperties]:
        schemas = configuration.get("schemas") or ["public"]
        try:
            with psycopg.connect(conninfo_of(configuration)) as connection:
                rows = connection.execute(_TABLES, (schemas,)).fetchall()
        except psycopg.Error as error:
            raise invalid(f"The source does not answer: {words_of(error)}") from error
        if not captures_changes(configuration):
            return [stream_properties(name, fields, key, [], incremental=True) for name, fields, key in rows]
        return [
            stream_properties(name, [*fields, *CDC_COLUMNS], key, [CDC_COLUMNS[0]], incremental=bool(key))
            for name, fields, key in rows
        ]


def captures_changes(configuration: Configuration) -> bool:
    """Is the source read from its log?"""
    return (configuration.get("replication_method") or {}).get("method") == "CDC"


def _check_capture(method: Mapping[str, Any]) -> None:
    if missing := [key for key in ("replication_slot", "publication") if not method.get(key)]:
        raise invalid(f"The replication method 'CDC' lacks {', '.join(missing)}.")
    if method.get("plugin", "pgoutput") != "pgoutput":
        raise invalid(f"The plugin {method['plugin']!r} is not supported here, only 'pgoutput'.")
    waiting = method.get("initial_waiting_seconds", 1)
    if not isinstance(waiting, int | float) or waiting <= 0:
        raise invalid("initial_waiting_seconds must be a positive number of seconds.")
