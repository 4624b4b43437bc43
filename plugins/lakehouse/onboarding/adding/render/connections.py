"""The connections of a business: include/airbyte/<business>_*_to_lake.yaml."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from lakehouse.onboarding.adding.render.environment import fill
from lakehouse.onboarding.writing.blueprint import Blueprint, Source, Table
from lakehouse.onboarding.writing.naming import airflow_connection, part, publication, slot

_CADENCES: Final = {
    "postgres": "large_table",
    "postgres_cdc": "small_table",
    "files": "dimension_table",
    "api": "small_table",
}
_WHAT: Final = {
    "postgres": "PostgreSQL database",
    "postgres_cdc": "write-ahead log",
    "files": "files",
    "api": "REST API",
}
_TYPES: Final = {"postgres": "postgres", "postgres_cdc": "postgres", "files": "file", "api": "declarative"}


def opening(business: str) -> str:
    """How the file of each connection begins."""
    return f"# From {business}'s "


def render_connections(blueprint: Blueprint) -> Iterator[tuple[str, str]]:
    """Path and text of each connection."""
    for source in blueprint.sources:
        parts = list(dict.fromkeys(part(source, table) for table in source.tables))
        for name in parts:
            tables = [table for table in source.tables if part(source, table) == name]
            short_name = f"{blueprint.business}_{name}"
            yield (
                f"include/airbyte/{short_name}_to_lake.yaml",
                fill(
                    "connection.yaml.j2",
                    opening=opening(blueprint.business),
                    business=blueprint.business,
                    short_name=short_name,
                    what=_WHAT[name],
                    type=_TYPES[name],
                    cadence=_CADENCES[name],
                    prefix=source.prefix,
                    manifest=source.settings.get("manifest"),
                    airflow_connection=airflow_connection(blueprint.business, source),
                    configuration=_configuration(blueprint.business, source, name, tables),
                    streams=[_stream(source, table) for table in tables],
                ),
            )


def _configuration(business: str, source: Source, name: str, tables: list[Table]) -> dict[str, Any]:
    if source.kind == "files":
        return {"streams": [_file_stream(table) for table in tables]}
    if source.kind == "rest":
        return dict(source.settings.get("configuration") or {})
    replication: dict[str, Any] = {"method": "Standard"}
    if name == "postgres_cdc":
        replication = {
            "method": "CDC",
            "plugin": "pgoutput",
            "publication": publication(business),
            "replication_slot": slot(business),
            "initial_waiting_seconds": 1200,
            "invalid_cdc_cursor_position_behavior": "Fail sync",
        }
    return {
        "schemas": sorted({table.schema or "public" for table in tables}),
        "ssl_mode": {"mode": source.settings.get("ssl_mode") or "prefer"},
        "replication_method": replication,
    }


def _file_stream(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "globs": list(table.globs),
        "format": dict(table.format),
        "validation_policy": "Emit Record",
    }


def _stream(source: Source, table: Table) -> dict[str, Any]:
    if table.mode == "full_refresh":
        modes = {"sync_mode": "full_refresh", "destination_sync_mode": "overwrite"}
    else:
        modes = {"sync_mode": "incremental", "destination_sync_mode": "append_dedup"}
    stream: dict[str, Any] = {"name": table.name, **modes}
    at_source = {column.name: column.source_name or column.name for column in table.columns}
    # Files and the write-ahead log know by themselves what is new.
    if table.mode == "incremental" and source.kind != "files":
        stream["cursor_field"] = at_source[table.cursor or ""]
    if table.key:
        stream["primary_key"] = [at_source[name] for name in table.key]
    return stream
