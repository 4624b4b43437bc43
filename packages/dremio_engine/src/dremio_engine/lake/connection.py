"""The DuckDB instance: hardened, with DuckLake's metadata and the registered sources attached."""

import importlib.resources
import logging
from collections.abc import Sequence
from pathlib import Path

import duckdb

from dremio_engine.lake.messages import without_connection_string
from dremio_engine.lake.storage import SourceStorage
from dremio_engine.sql import functions
from dremio_engine.sql.quoting import literal, quoted

LOG = logging.getLogger(__name__)
EXTENSIONS = ("ducklake", "httpfs", "postgres_scanner")
METADATA = "__ducklake_metadata_lake"
REFLECTION_SCHEMA = "__accelerator"
# What the engine keeps beside DuckLake's own metadata, in the same file and so in the same transactions.
TIMES = f"{METADATA}.engine_snapshot_times"
HIDDEN = f"{METADATA}.engine_hidden_snapshots"
ENGINE_TABLES = (
    f"create table if not exists {TIMES} (snapshot_id bigint, snapshot_time timestamptz)",
    f"create table if not exists {HIDDEN} (table_id bigint, snapshot_id bigint)",
)


def extension_file(name: str) -> Path:
    """An extension in its package: loaded from there, it needs no copy in the user's home."""
    package = importlib.resources.files(f"duckdb_extension_{name}")
    return Path(str(package)) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"


def connect(
    folder: Path, memory_limit: str, spill_limit: str, threads: int, sources: Sequence[SourceStorage]
) -> tuple[duckdb.DuckDBPyConnection, dict[str, str]]:
    """The open instance, and why each database that did not answer is not attached (by its name)."""
    folder.mkdir(parents=True, exist_ok=True)
    accelerator = folder / "accelerator"
    (accelerator / REFLECTION_SCHEMA).mkdir(parents=True, exist_ok=True)
    spill = folder / "spill"
    connection = duckdb.connect(
        config={
            "memory_limit": memory_limit,
            "temp_directory": str(spill),
            "max_temp_directory_size": spill_limit,
        }
    )
    for extension in EXTENSIONS:
        connection.execute(f"load {literal(str(extension_file(extension)))}")
    if threads:
        connection.execute(f"set threads={int(threads)}")
    # Keys stay in memory. Persistent secrets may not be switched off: the PostgreSQL reader asks their
    # store, and fails without one. An empty folder of our own keeps it off the user's ~/.duckdb.
    connection.execute(f"set secret_directory={literal(str(folder / 'no_secrets'))}")
    connection.execute("set default_secret_storage='memory'")
    connection.execute("set TimeZone='UTC'")
    connection.execute("set global integer_division=true")
    connection.execute("set global default_null_order='nulls_last'")
    connection.execute("set autoinstall_known_extensions=false; set autoload_known_extensions=false")
    connection.execute("set http_keep_alive=true")
    for macro in functions.MACROS:
        connection.execute(macro)
    for index, source in enumerate(sources):
        _create_secret(connection, index, source)
    connection.execute(
        f"attach {literal('ducklake:' + str(folder / 'catalog.ducklake'))} as lake"
        f" (data_path {literal(str(accelerator) + '/')}, data_inlining_row_limit 0)"
    )
    unreachable = {
        source.name.lower(): reason for source in sources if (reason := _attach_postgres(connection, source))
    }
    reachable = [str(accelerator) + "/", str(folder / "catalog.ducklake"), str(spill)]
    reachable += [folder for source in sources for folder in source.reach]
    connection.execute(f"set allowed_directories=[{', '.join(literal(r) for r in reachable)}]")
    connection.execute("set enable_external_access=false")
    connection.execute("set lock_configuration=true")
    return connection, unreachable


def _create_secret(connection: duckdb.DuckDBPyConnection, index: int, source: SourceStorage) -> None:
    key = source.key
    if key is None:
        return
    scope = ", ".join(map(literal, source.reach))
    connection.execute(
        f"create secret source_{index} (type s3, key_id {literal(key.key_id)},"
        f" secret {literal(key.secret)}, endpoint {literal(key.endpoint)}, region {literal(key.region)},"
        f" use_ssl {str(key.use_ssl).lower()},"
        f" url_style {literal('path' if key.path_style else 'vhost')}, scope [{scope}])"
    )


def _attach_postgres(connection: duckdb.DuckDBPyConnection, source: SourceStorage) -> str | None:
    if source.postgres is None:
        return None
    try:
        connection.execute(
            f"attach {literal(source.postgres.dsn)} as {quoted(attached_name(source.name))}"
            " (type postgres, read_only)"
        )
    except duckdb.Error as error:
        reason = without_connection_string(str(error)).splitlines()[0]
        LOG.warning("source %s is not reachable: %s", source.name, reason)
        return reason
    return None


def attached_name(source: str) -> str:
    """The name under which a PostgreSQL source is attached to DuckDB."""
    return f"pg {source}"
