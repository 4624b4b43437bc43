"""The DuckDB instance with its DuckLake catalogue: opened hardened, shared by cursors, reopened for sources.

DuckLake keeps tables as Parquet files and their metadata in a DuckDB file. Its schemas are the
dotted parents of Dremio's paths (`gold`, `gold.folder`), and each schema's path is set to the
folder of its source, so that the files lie where the lake's layout says.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from duckdb_extensions import extension_importer

from embedded.dremio.errors import Busy, EngineError
from embedded.dremio.lake.lake_sql import literal, quoted
from embedded.dremio.lake.storage import SourceStorage
from embedded.dremio.sql import functions

LOG = logging.getLogger(__name__)
EXTENSIONS = ("ducklake", "httpfs", "postgres_scanner")
METADATA = "__ducklake_metadata_lake"
DRAIN_SECONDS = 60.0
REFLECTION_SCHEMA = "__accelerator"


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


class Lake:
    """Hands out cursors; everything they may reach is the registered sources and the engine's own folder."""

    def __init__(self, folder: Path, memory_limit: str, threads: int) -> None:
        self._folder = folder
        self._memory_limit = memory_limit
        self._threads = threads
        self._sources: dict[str, SourceStorage] = {}
        self._unreachable: dict[str, str] = {}
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._gate = threading.Condition()
        self._sessions = 0
        self._local = threading.local()
        self._schemas: set[str] = set()
        self._closed_for: str | None = None
        # DuckLake 1.5.5 retries a commit that another one overtook with pointers into the catalogue of
        # before ("Failed to get path for schema with id 140201154439568"), so commits never overlap here.
        self.writing = threading.RLock()
        self._cache_lock = threading.Lock()
        self._generation = 0
        self._tables: tuple[int, dict[tuple[str, str], LakeTable]] | None = None
        for extension in EXTENSIONS:
            extension_importer.import_extension(extension)

    def open(self, sources: Sequence[SourceStorage]) -> None:
        """Open, or open again with other sources once running statements have ended. Raises Busy."""
        with self._alone("sources are being changed"):
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            self._schemas.clear()
            self._sources = {source.name.lower(): source for source in sources}
            self._unreachable.clear()
            self._connection = self._connect()
            self._prepare_schemas()
            self.forget_tables()

    def close(self) -> None:
        """Stop handing out cursors, interrupt what runs, close the catalogue file."""
        with self._gate:
            self._closed_for = "the engine is stopping"
            deadline = time.monotonic() + 2.0
            while self._sessions and time.monotonic() < deadline:
                self._gate.wait(0.1)
        if self._connection is not None:
            with contextlib.suppress(duckdb.Error):
                self._connection.execute("checkpoint " + METADATA)
            self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def session(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own, for one statement or one transaction."""
        depth = getattr(self._local, "depth", 0)
        with self._gate:
            # A thread that is inside already must not wait for itself.
            if depth == 0 and not self._gate.wait_for(
                lambda: self._closed_for is None, timeout=DRAIN_SECONDS
            ):
                raise Busy(f"Not now: {self._closed_for}.")
            if self._connection is None:
                raise Busy("The engine is not open.")
            self._sessions += 1
            cursor = self._connection.cursor()
        self._local.depth = depth + 1
        try:
            yield cursor
        finally:
            self._local.depth = depth
            with contextlib.suppress(duckdb.Error):
                cursor.close()
            with self._gate:
                self._sessions -= 1
                self._gate.notify_all()

    def source(self, name: str) -> SourceStorage | None:
        """The storage of a source, by its name in any case."""
        return self._sources.get(name.lower())

    def why_unreachable(self, name: str) -> str | None:
        """Why a database did not answer when the lake was opened; nothing when it did."""
        return self._unreachable.get(name.lower())

    def folder_of(self, schema: str) -> str:
        """Where the files of a schema lie, "/" at the end."""
        first, _, rest = schema.partition(".")
        source = self._sources[first.lower()]
        return source.root + (rest.replace(".", "/") + "/" if rest else "")

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

    @contextlib.contextmanager
    def _alone(self, reason: str) -> Iterator[None]:
        with self._gate:
            if self._closed_for is not None:
                raise Busy(f"Not now: {self._closed_for}.")
            self._closed_for = reason
            drained = self._gate.wait_for(lambda: self._sessions == 0, timeout=DRAIN_SECONDS)
        try:
            if not drained:
                raise Busy("Statements are still running; try again when they have ended.")
            yield
        finally:
            with self._gate:
                self._closed_for = None
                self._gate.notify_all()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        self._folder.mkdir(parents=True, exist_ok=True)
        accelerator = self._folder / "accelerator"
        (accelerator / REFLECTION_SCHEMA).mkdir(parents=True, exist_ok=True)
        spill = self._folder / "spill"
        connection = duckdb.connect(config={"memory_limit": self._memory_limit, "temp_directory": str(spill)})
        for extension in EXTENSIONS:
            connection.execute(f"load {extension}")
        if self._threads:
            connection.execute(f"set threads={int(self._threads)}")
        # Keys stay in memory. Persistent secrets may not be switched off: the PostgreSQL reader asks their
        # store, and fails without one. An empty folder of our own keeps it off the user's ~/.duckdb.
        connection.execute(f"set secret_directory={literal(str(self._folder / 'no_secrets'))}")
        connection.execute("set default_secret_storage='memory'")
        connection.execute("set TimeZone='UTC'")
        connection.execute("set global integer_division=true")
        connection.execute("set global default_null_order='nulls_last'")
        connection.execute("set global enable_object_cache=true")
        connection.execute("set autoinstall_known_extensions=false; set autoload_known_extensions=false")
        connection.execute("set http_keep_alive=true")
        for macro in functions.MACROS:
            connection.execute(macro)
        for index, source in enumerate(self._sources.values()):
            self._create_secret(connection, index, source)
        connection.execute(
            f"attach {literal('ducklake:' + str(self._folder / 'catalog.ducklake'))} as lake"
            f" (data_path {literal(str(accelerator) + '/')}, data_inlining_row_limit 0)"
        )
        for source in self._sources.values():
            self._attach_postgres(connection, source)
        reachable = [str(accelerator) + "/", str(self._folder / "catalog.ducklake"), str(spill)]
        reachable += [source.root for source in self._sources.values() if source.root]
        connection.execute(f"set allowed_directories=[{', '.join(literal(r) for r in reachable)}]")
        connection.execute("set enable_external_access=false")
        connection.execute("set lock_configuration=true")
        return connection

    def _create_secret(
        self, connection: duckdb.DuckDBPyConnection, index: int, source: SourceStorage
    ) -> None:
        key = source.key
        if key is None:
            return
        connection.execute(
            f"create secret source_{index} (type s3, key_id {literal(key.key_id)},"
            f" secret {literal(key.secret)}, endpoint {literal(key.endpoint)}, region {literal(key.region)},"
            f" use_ssl {str(key.use_ssl).lower()},"
            f" url_style {literal('path' if key.path_style else 'vhost')}, scope {literal(source.root)})"
        )

    def _attach_postgres(self, connection: duckdb.DuckDBPyConnection, source: SourceStorage) -> None:
        if source.postgres is None:
            return
        try:
            connection.execute(
                f"attach {literal(source.postgres.dsn)} as {quoted(postgres_catalog(source.name))}"
                " (type postgres, read_only)"
            )
        except duckdb.Error as error:
            reason = source.postgres.without_password(str(error).splitlines()[0])
            self._unreachable[source.name.lower()] = reason
            LOG.warning("source %s is not reachable: %s", source.name, reason)

    def _prepare_schemas(self) -> None:
        if self._connection is None:
            raise EngineError("The engine is not open.")
        cursor = self._connection.cursor()
        cursor.execute(f"create schema if not exists lake.{quoted(REFLECTION_SCHEMA)}")
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


def postgres_catalog(source: str) -> str:
    """The DuckDB catalogue a PostgreSQL source is attached as."""
    return f"pg {source}"
