"""What tables and columns the databases among the sources have now, asked from each by itself.

DuckDB's own listing asks all attached databases at once, and one that is down makes it fail for all.
"""

import logging
import threading
import time
from dataclasses import dataclass

import duckdb

from dremio_engine.lake.connection import attached_name
from dremio_engine.lake.lake import Lake
from dremio_engine.lake.messages import without_connection_string
from dremio_engine.lake.storage import SourceStorage
from dremio_engine.sql.quoting import literal

LOG = logging.getLogger(__name__)
KEPT_SECONDS = 10.0
_COLUMNS = """
select n.nspname::text, c.relname::text, a.attname::text, a.attnum::int,
  format_type(a.atttypid, a.atttypmod), c.relkind::text
from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relkind in ('r', 'v', 'm', 'f', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
  and n.nspname not like 'pg_toast%' and n.nspname not like 'pg_temp%'
  and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
order by 1, 2, 4
"""
_TYPES = {
    "smallint": "INTEGER",
    "integer": "INTEGER",
    "bigint": "BIGINT",
    "real": "FLOAT",
    "double precision": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "bytea": "BLOB",
}


@dataclass(frozen=True)
class DatabaseColumn:
    """A column of a table in a source; `type` is DuckDB's."""

    source: str
    schema: str
    table: str
    name: str
    position: int
    type: str


class DatabaseTables:
    """Thread-safe; an answer, or that there was none, is kept for KEPT_SECONDS."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, str, list[DatabaseColumn], str | None]] = {}

    def all(self) -> list[DatabaseColumn]:
        """The columns of every source that answers."""
        return [column for source in self._lake.databases() for column in self.of(source)]

    def of(self, source: SourceStorage) -> list[DatabaseColumn]:
        """The columns of one source, by schema, table and position; none while it does not answer."""
        return self._now(source)[0]

    def why_down(self, source: SourceStorage) -> str | None:
        """Why a database does not answer at this moment; nothing when it does, or the source is none."""
        if source.postgres is None:
            return None
        with self._lock:
            self._kept.pop(source.name, None)
        return self._now(source)[1]

    def _now(self, source: SourceStorage) -> tuple[list[DatabaseColumn], str | None]:
        address = source.postgres.dsn if source.postgres else ""
        if reason := self._lake.why_unreachable(source.name):
            return [], reason
        with self._lock:
            kept = self._kept.get(source.name)
        if kept and kept[0] > time.monotonic() and kept[1] == address:
            return kept[2], kept[3]
        found, reason = self._read(source)
        with self._lock:
            self._kept[source.name] = (time.monotonic() + KEPT_SECONDS, address, found, reason)
        return found, reason

    def _read(self, source: SourceStorage) -> tuple[list[DatabaseColumn], str | None]:
        query = f"from postgres_query({literal(attached_name(source.name))}, {literal(_COLUMNS)})"
        try:
            with self._lake.session() as cursor:
                rows = cursor.execute(query).fetchall()
        except duckdb.Error as error:
            reason = without_connection_string(str(error)).splitlines()[0]
            LOG.warning("tables are not listed: %s", reason)
            return [], reason
        found = [
            DatabaseColumn(source.name, schema, table, name, position, _duckdb_type(kind))
            for schema, table, name, position, kind, _ in rows
        ]
        return found, None


def _duckdb_type(postgres_type: str) -> str:
    if postgres_type.startswith("numeric("):
        return "DECIMAL" + postgres_type.removeprefix("numeric")
    if postgres_type.startswith("timestamp"):
        return "TIMESTAMP"
    if postgres_type.startswith("time"):
        return "TIME"
    if postgres_type.endswith("[]"):
        return f"{_duckdb_type(postgres_type[:-2])}[]"
    # A numeric without precision comes as DOUBLE, everything else as text.
    return "DOUBLE" if postgres_type == "numeric" else _TYPES.get(postgres_type, "VARCHAR")
