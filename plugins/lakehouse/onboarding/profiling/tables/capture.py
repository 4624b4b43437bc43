"""Whether a table's changes can be read from the write-ahead log, and the SQL that makes it possible."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from psycopg import sql

from lakehouse.onboarding.profiling.tables.catalogue import FoundTable

_SERVER: Final = """
    select
        current_setting('wal_level'),
        quote_ident(current_user),
        (select rolreplication or rolsuper from pg_roles where rolname = current_user),
        pg_is_in_recovery(),
        current_setting('max_replication_slots')::int - (select count(*) from pg_replication_slots)::int
"""
_BY_THE_ROOT: Final = "publish_via_partition_root = true"
"""Without it a publication has a partitioned table's changes under the names of its partitions."""
_NOT_TABLES: Final = {"v": "a view", "m": "a materialized view", "f": "a foreign table"}


@dataclass(frozen=True)
class LogReading:
    """What the server allows this role to read of its log."""

    wal_level: str
    role: str
    may_replicate: bool
    is_standby: bool
    free_slots: int

    @property
    def obstacles(self) -> tuple[str, ...]:
        """What is in the way for every table, each with the SQL that removes it; empty if nothing is."""
        found = []
        if self.wal_level != "logical":
            found.append(
                f"wal_level is {self.wal_level}: a superuser runs ALTER SYSTEM SET wal_level = 'logical'; "
                "and restarts PostgreSQL"
            )
        if not self.may_replicate:
            found.append(
                f"the role may not replicate: a superuser runs ALTER ROLE {self.role} WITH REPLICATION;"
            )
        if self.is_standby:
            found.append("this server is a standby: give the primary's address")
        if self.free_slots < 1:
            found.append(
                "no replication slot is free: a superuser drops one that nothing reads (SELECT * FROM "
                "pg_replication_slots WHERE NOT active;), or runs ALTER SYSTEM SET "
                "max_replication_slots = 20; and restarts PostgreSQL"
            )
        return tuple(found)


def log_reading(connection: Any) -> LogReading:
    """What the server says of itself and of the connected role."""
    return LogReading(*connection.execute(_SERVER).fetchone())


def table_obstacle(table: FoundTable, key: Sequence[str]) -> str:
    """Why the log cannot tell of this table's changes, with the SQL that helps; empty if it can.

    `key`: the columns that identify a row.
    """
    name = quoted(table.schema, table.name)
    if table.kind in _NOT_TABLES:
        return f"{table.label} is {_NOT_TABLES[table.kind]}, and only tables have a log"
    if not table.logged:
        return f"{table.label} is an unlogged table: run ALTER TABLE {name} SET LOGGED;"
    if table.has_children:
        return f"other tables inherit from {table.label}, and the log has their rows under their own names"
    if not key and table.keys:
        return (
            f"{table.unusable_key} of the key of {table.label} cannot be brought in, so no row is known again"
        )
    if not key:
        return f"{table.label} has no key: run ALTER TABLE {name} ADD PRIMARY KEY (<columns>);"
    generated = {column.name for column in table.columns if column.generated}
    if inside := [column for column in key if column in generated]:
        return f"{inside[0]} of the key of {table.label} is generated, and the log leaves such columns out"
    if not set(key) <= set(table.logged_columns):
        wanted = "DEFAULT" if set(key) <= set(table.primary_key) else "FULL"
        return (
            f"the log does not name the deleted rows of {table.label}: run ALTER TABLE {name} "
            f"REPLICA IDENTITY {wanted};"
        )
    return ""


def capture_statements(
    publication: str, slot: str, tables: Sequence[tuple[str, str]], partitioned: bool
) -> tuple[str, ...]:
    """The SQL that the source's owner runs before the first sync: publication and slot.

    `tables`: schema and name of each table. `partitioned`: one of them has partitions.
    """
    listed = ", ".join(quoted(*table) for table in tables)
    option = f" WITH ({_BY_THE_ROOT})" if partitioned else ""
    return (
        f"CREATE PUBLICATION {quoted(publication)} FOR TABLE {listed}{option};",
        f"SELECT pg_create_logical_replication_slot({sql.Literal(slot).as_string(None)}, 'pgoutput');",
    )


def publish_more(publication: str, tables: Sequence[tuple[str, str]], partitioned: bool) -> tuple[str, ...]:
    """The SQL that adds tables to a publication that is there; `tables`: those that it lacks."""
    listed = ", ".join(quoted(*table) for table in tables)
    added = (f"ALTER PUBLICATION {quoted(publication)} ADD TABLE {listed};",) if tables else ()
    option = (f"ALTER PUBLICATION {quoted(publication)} SET ({_BY_THE_ROOT});",) if partitioned else ()
    return (*option, *added)


def publish_less(publication: str, tables: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The SQL that takes tables out of a publication."""
    return (
        f"ALTER PUBLICATION {quoted(publication)} DROP TABLE {', '.join(quoted(*each) for each in tables)};",
    )


def quoted(*names: str) -> str:
    """`"schema"."table"`, as PostgreSQL's SQL has it whatever the names are."""
    return sql.Identifier(*names).as_string(None)
