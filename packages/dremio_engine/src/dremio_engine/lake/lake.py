"""The DuckDB instance with its DuckLake metadata: opened hardened, shared by cursors, reopened for sources.

DuckLake keeps tables as Parquet files and their metadata in a DuckDB file. Its schemas are the
dotted parents of Dremio's paths (`gold`, `gold.folder`), and each schema's path is set to the
folder of its source, so that the files lie where the lake's layout says.
"""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dremio_engine.errors import Busy, EngineError, InvalidStatement
from dremio_engine.lake.connection import ENGINE_TABLES, METADATA, connect
from dremio_engine.lake.connection import REFLECTION_SCHEMA as REFLECTION_SCHEMA
from dremio_engine.lake.gate import DRAIN_SECONDS, Gate
from dremio_engine.lake.intents import Intents
from dremio_engine.lake.storage import WHOLE_STORE, SourceStorage
from dremio_engine.sql.quoting import literal, quoted

CLOSE_SECONDS = 2.0


@dataclass(frozen=True)
class LakeTable:
    """A DuckLake table as its metadata names it; `key` is the path in lower case."""

    schema: str
    name: str
    uuid: str
    table_id: int

    @property
    def path(self) -> tuple[str, ...]:
        """Schema and name as one dotted path's first and last part (the schema may hold dots itself)."""
        return (self.schema, self.name)


def lake_name(table: LakeTable) -> str:
    """A table's full DuckDB name."""
    return f'"lake".{quoted(table.schema)}.{quoted(table.name)}'


class Lake:
    """Hands out cursors; everything they may reach is the registered sources and the engine's own folder."""

    def __init__(self, folder: Path, memory_limit: str, threads: int, spill_limit: str) -> None:
        self._folder = folder
        self._memory_limit = memory_limit
        self._threads = threads
        self._spill_limit = spill_limit
        self._sources: dict[str, SourceStorage] = {}
        self._unreachable: dict[str, str] = {}
        self.intents = Intents(folder / "writes.sqlite")
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._gate = Gate()
        self._schemas: set[str] = set()
        # DuckLake retries a commit that another one overtook with pointers into the metadata of before
        # ("Failed to get path for schema with id 140201154439568"), so commits never overlap here.
        self.writing = threading.RLock()
        self._cache_lock = threading.Lock()
        self._generation = 0
        self._tables: tuple[int, dict[tuple[str, str], LakeTable]] | None = None

    def open(self, sources: Sequence[SourceStorage], patience: float = DRAIN_SECONDS) -> None:
        """Open, or open again with other sources, once running statements have ended.

        Raises Busy when they have not after `patience` seconds; nothing has changed then.
        """
        with self._gate.alone("sources are being changed", patience):
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            self._schemas.clear()
            self._sources = {source.name.lower(): source for source in sources}
            self._connection, self._unreachable = connect(
                self._folder, self._memory_limit, self._spill_limit, self._threads, sources
            )
            self._prepare_schemas()
            self.forget_tables()

    def close(self) -> None:
        """Stop handing out cursors, interrupt what runs, close the metadata file."""
        self._gate.close("the engine is stopping", CLOSE_SECONDS)
        if self._connection is not None:
            with contextlib.suppress(duckdb.Error):
                self._connection.execute("checkpoint " + METADATA)
            self._connection.close()
            self._connection = None
        self.intents.close()

    @contextlib.contextmanager
    def session(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own, for one statement or one transaction."""
        with self._gate.entered():
            if self._connection is None:
                raise Busy("The engine is not open.")
            cursor = self._connection.cursor()
            try:
                yield cursor
            finally:
                with contextlib.suppress(duckdb.Error):
                    cursor.close()

    def source(self, name: str) -> SourceStorage | None:
        """The storage of a source, by its name in any case."""
        return self._sources.get(name.lower())

    def why_unreachable(self, name: str) -> str | None:
        """Why a database did not answer when the lake was opened; nothing when it did."""
        return self._unreachable.get(name.lower())

    def databases(self) -> list[SourceStorage]:
        """The sources that are databases."""
        return [source for source in self._sources.values() if source.postgres]

    def unreachable_databases(self) -> list[SourceStorage]:
        """Those that did not answer when the lake was opened, and so are not attached."""
        return [source for source in self.databases() if source.name.lower() in self._unreachable]

    def why_not_listed(self, name: str) -> str | None:
        """Why a source's bucket cannot be listed with its key at this moment; nothing when it can.

        Of a whole store the buckets it is kept to are listed. Without any it stays open whether the key
        holds: DuckDB cannot list the buckets of a store.
        """
        source = self._sources[name.lower()]
        if source.key is None:
            return None
        with self.session() as cursor:
            for folder in source.reach:
                if folder == WHOLE_STORE:
                    continue
                try:
                    # No object has this prefix: the answer is short, however many there are.
                    cursor.execute(f"from glob({literal(folder + '__nothing__*')})").fetchall()
                except duckdb.Error as error:
                    return str(error).splitlines()[0]
        return None

    def folder_of(self, schema: str) -> str:
        """Where the files of a schema lie, "/" at the end."""
        if schema == REFLECTION_SCHEMA:
            return str(self._folder / "accelerator" / REFLECTION_SCHEMA) + "/"
        first, _, rest = schema.partition(".")
        source = self._sources[first.lower()]
        return source.root + (rest.replace(".", "/") + "/" if rest else "")

    def table_folder(self, cursor: duckdb.DuckDBPyConnection, table: LakeTable) -> str:
        """Where the files of a table lie, "/" at the end."""
        row = cursor.execute(
            f"select path, path_is_relative from {METADATA}.ducklake_table"
            " where table_id = ? and end_snapshot is null",
            [table.table_id],
        ).fetchone()
        if row is None:
            raise InvalidStatement(f"VALIDATION ERROR: Table [{'.'.join(table.path)}] not found")
        return self.folder_of(table.schema) + row[0] if row[1] else str(row[0])

    def ensure_schema(self, schema: str) -> None:
        """Create the schema of a folder below a source if it is missing, with the source's path and codec."""
        with self._cache_lock:
            if schema.lower() in self._schemas:
                return
        with self.writing, self.session() as cursor:
            self._ensure_schema(cursor, schema)

    def tables(self) -> dict[tuple[str, str], LakeTable]:
        """Every table by (schema, name) in lower case. Cached until `forget_tables`."""
        with self._cache_lock:
            cached, generation = self._tables, self._generation
        if cached and cached[0] == generation:
            return cached[1]
        with self.session() as cursor:
            rows = cursor.execute(
                "select s.schema_name, t.table_name, t.table_uuid, t.table_id"
                f" from {METADATA}.ducklake_table t"
                f" join {METADATA}.ducklake_schema s on s.schema_id = t.schema_id and s.end_snapshot is null"
                " where t.end_snapshot is null order by 1, 2"
            ).fetchall()
        found = {(s.lower(), n.lower()): LakeTable(s, n, str(u), i) for s, n, u, i in rows}
        with self._cache_lock:
            if self._generation == generation:
                self._tables = (generation, found)
        return found

    def forget_tables(self) -> None:
        """Tables were created, altered or dropped."""
        with self._cache_lock:
            self._generation += 1

    @property
    def generation(self) -> int:
        """Grows with every change of a table's shape."""
        with self._cache_lock:
            return self._generation

    def _prepare_schemas(self) -> None:
        if self._connection is None:
            raise EngineError("The engine is not open.")
        cursor = self._connection.cursor()
        cursor.execute(f"create schema if not exists lake.{quoted(REFLECTION_SCHEMA)}")
        for statement in ENGINE_TABLES:
            cursor.execute(statement)
        for source in self._sources.values():
            if source.root:
                self._ensure_schema(cursor, source.name)
                # A source may have moved or changed its codec: folders below follow it.
                for (schema,) in cursor.execute(
                    f"select schema_name from {METADATA}.ducklake_schema where end_snapshot is null"
                    " and starts_with(lower(schema_name), ?)",
                    [source.name.lower() + "."],
                ).fetchall():
                    self._ensure_schema(cursor, schema)
        cursor.close()

    def _ensure_schema(self, cursor: duckdb.DuckDBPyConnection, schema: str) -> None:
        folder = self.folder_of(schema)
        if "://" not in folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
        source = self._sources[schema.partition(".")[0].lower()]
        row = cursor.execute(
            f"select path from {METADATA}.ducklake_schema"
            " where end_snapshot is null and lower(schema_name) = ?",
            [schema.lower()],
        ).fetchone()
        if row is None:
            cursor.execute(f"create schema if not exists lake.{quoted(schema)}")
        if row is None or row[0] != folder:
            cursor.execute(
                f"update {METADATA}.ducklake_schema set path = ?, path_is_relative = false"
                " where end_snapshot is null and lower(schema_name) = ?",
                [folder, schema.lower()],
            )
        cursor.execute(
            f"call lake.set_option('parquet_compression', {literal(source.compression)},"
            f" schema => {literal(schema)})"
        )
        with self._cache_lock:
            self._schemas.add(schema.lower())
