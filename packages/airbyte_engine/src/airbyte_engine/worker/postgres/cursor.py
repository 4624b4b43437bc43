"""Incremental by a cursor column: which rows the last sync has not seen, and what is remembered of them.

The boundary. Rows that carry exactly the last cursor value may be committed after the sync that saw that
value, so continuing with `>` would lose them. Continuing with `>=` never does, but sends the rows of the
boundary again in every sync, forever. Airbyte's connector counts the boundary's rows; here a digest of their
content is kept beside the cursor: nothing new there means `>`, any difference means `>=`, and those rows are
delivered again (at-least-once). What no cursor can see, here as in Airbyte: a row committed late with an
*older* cursor value, and a deletion. Streams with such rows need CDC or a full refresh.

The horizon. One row at 'infinity', at 9999-12-31 or at the greatest integer would be the last one that ever
lands, in syncs that succeed. Such a value never becomes the cursor: a time after the server's own clock, an
infinite number or NaN, the greatest integer of its type. The rows beyond the horizon land, too, and again
whenever one of them has changed, by a digest of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from psycopg import sql

from airbyte_engine.worker.column_names import landed_name
from airbyte_engine.worker.postgres.address import literal, quoted
from airbyte_engine.worker.postgres.columns import MONEY, Column, Table
from airbyte_engine.worker.postgres.snapshot import Snapshot
from airbyte_engine.worker.protocol import Stream

_CLOCK: Final = {
    "date": "(now() at time zone 'UTC')::date::text",
    "timestamp": "(now() at time zone 'UTC')::text",
    "timestamptz": "now()::text",
}
"""A column without a time zone is taken for UTC. Where it is ahead of UTC, its rows of the last hours are
beyond the horizon, and land more than once."""
_GREATEST: Final = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
_NUMERIC: Final = 1700


class StreamCursor:
    """Where one stream stands, as one snapshot sees its table."""

    def __init__(self, snapshot: Snapshot, table: Table, stream: Stream) -> None:
        self._snapshot = snapshot
        self._table = table
        self._name = str(stream.cursor_field)
        self._column = next(column for column in table.columns if column.name == self._name)
        self._state: Mapping[str, Any] = stream.state or {}
        horizon = _horizon(self._column, snapshot)
        self._within = horizon.format(quoted(self._name))
        self._lands_within = horizon.format(quoted(landed_name(self._name)))
        self._beyond = self._digest(f"not ({self._within})") if self._within else None

    @property
    def needs_postgres(self) -> bool:
        """PostgreSQL must compare the values: DuckDB would compare their texts, byte by byte."""
        column = self._column
        return column.lands_as == "varchar" or column.is_parsed or column.type_id == MONEY

    def since(self) -> str:
        """The condition that selects what the last sync has not seen; empty for everything."""
        cursor = self._state.get("cursor")
        if cursor is None or self._state.get("cursor_field") != [self._name]:
            return ""
        operator = ">" if self._ties(cursor) == self._state.get("cursor_ties") else ">="
        condition = f" where {quoted(self._name)} {operator} {literal(cursor)}"
        if self._within and self._beyond == self._state.get("beyond"):
            condition += f" and {self._within}"
        return condition

    def after(self, since: str, file: Path) -> dict[str, Any]:
        """The state when the file, which was written with that condition, is stored."""
        greatest = self._greatest(since, file)
        if greatest is None:
            # All are null or beyond the horizon; those of an earlier sync still count.
            state = dict(self._state)
            return state | {"beyond": self._beyond} if state.get("cursor") is not None else state
        return {
            "cursor_field": [self._name],
            "cursor": greatest,
            "cursor_ties": self._ties(greatest),
            "beyond": self._beyond,
        }

    def _greatest(self, since: str, file: Path) -> str | None:
        """The greatest cursor value within the horizon, as text."""
        if self.needs_postgres:
            name, within = quoted(self._name), self._within or "true"
            table = f"{quoted(self._table.schema)}.{quoted(self._table.name)}"
            condition = f"{since} and" if since else " where"
            # Not by max, which PostgreSQL lacks for some types that have an order, such as uuid.
            found = self._snapshot.ask(
                f"select {name}::text from {table}{condition} {within} and {name} is not null"
                f" order by {name} desc limit 1"
            )
            return found[0] if found else None
        landed, within = quoted(landed_name(self._name)), self._lands_within or "true"
        query = (
            f"select cast(max({landed}) as varchar) from read_parquet({literal(str(file))}) where {within}"
        )
        row = self._snapshot.duckdb.execute(query).fetchone()
        return str(row[0]) if row is not None and row[0] is not None else None

    def _ties(self, cursor: str) -> str:
        return self._digest(f"{quoted(self._name)} = {literal(cursor)}")

    def _digest(self, condition: str) -> str:
        """Count and digest of the rows for which the condition, in PostgreSQL's SQL, holds."""
        query = sql.SQL(
            "select count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) as ties"
            " from {} as t where {}"
        ).format(sql.Identifier(self._table.schema, self._table.name), sql.SQL(condition))
        return "".join(self._snapshot.ask(query.as_string(None)))


def _horizon(column: Column, snapshot: Snapshot) -> str:
    """The condition for a value that may become the cursor, as PostgreSQL and DuckDB both write it, with {}
    for the column; empty where every value may.
    """
    kind = column.lands_as
    if kind in _CLOCK:
        [now] = snapshot.ask(f"select {_CLOCK[kind]}")
        return f"{{}} <= {literal(now)}::{kind}"
    if kind in _GREATEST:
        return f"{{}} < {_GREATEST[kind]}"
    if kind in ("float", "double"):
        return "{} < 'Infinity'"
    if column.type_id == _NUMERIC and kind == "varchar":
        return "{}::text not in ('NaN', 'Infinity')"
    return ""
