"""The connectors there are: what their configuration needs, what in it is secret, what streams they offer."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from airbyte_engine.problems import Problem, invalid
from airbyte_engine.worker.files.configuration import LAST_MODIFIED, URL, check_streams
from airbyte_engine.worker.postgres.address import conninfo_of

POSTGRES_SOURCE = UUID("decd338e-5647-4c0b-adf4-da0e75f5a750")
S3_SOURCE = UUID("69589781-7828-43c5-9f63-8925b1c1ccc2")
S3_DESTINATION = UUID("4816b78f-1489-44c1-9060-4b19d5fa9362")
"""The ids these connectors have in Airbyte's own registry."""

NATIVE: dict[str, dict[str, tuple[str, UUID]]] = {
    "source": {"postgres": ("postgres", POSTGRES_SOURCE), "s3": ("files", S3_SOURCE)},
    "destination": {"s3": ("s3", S3_DESTINATION)},
}
"""By kind and Airbyte's name of the type: the connector's name here, and its id."""

MASK = "**********"
"""What the API shows in place of a secret, and takes as 'unchanged'."""

CDC_COLUMNS = ["_ab_cdc_lsn", "_ab_cdc_updated_at", "_ab_cdc_deleted_at"]
"""What a change carries beside its row; the first is the cursor."""

_REQUIRED = {
    "postgres": ("host", "database", "username"),
    "s3": ("s3_bucket_name", "s3_bucket_path", "format"),
    "files": ("bucket", "streams"),
}
_SECRETS = {
    "postgres": {"password"},
    "s3": {"secret_access_key"},
    "files": {"aws_secret_access_key"},
}
_DISCOVER_SECONDS = 60


def check_configuration(
    connector: str, configuration: Mapping[str, Any], manifest: Mapping[str, Any] | None
) -> None:
    """Raises Problem 422 that names what is missing or not supported."""
    required = _REQUIRED.get(connector) or _specification(manifest).get("required", [])
    if missing := [name for name in required if configuration.get(name) in (None, "")]:
        raise invalid(f"The {connector} configuration lacks {', '.join(missing)}.")
    if connector == "postgres":
        _check_replication_method(configuration.get("replication_method") or {})
    if connector == "files":
        check_streams(configuration["streams"])
    if connector == "s3" and configuration["format"].get("format_type") != "Parquet":
        raise invalid("The S3 destination writes format_type 'Parquet' only.")


def _check_replication_method(method: Mapping[str, Any]) -> None:
    name = method.get("method", "Standard")
    if name not in ("Standard", "CDC"):
        raise invalid(f"The replication method {name!r} is not supported here, only 'Standard' and 'CDC'.")
    if name != "CDC":
        return
    if missing := [key for key in ("replication_slot", "publication") if not method.get(key)]:
        raise invalid(f"The replication method 'CDC' lacks {', '.join(missing)}.")
    if method.get("plugin", "pgoutput") != "pgoutput":
        raise invalid(f"The plugin {method['plugin']!r} is not supported here, only 'pgoutput'.")
    waiting = method.get("initial_waiting_seconds", 1)
    if not isinstance(waiting, int | float) or waiting <= 0:
        raise invalid("initial_waiting_seconds must be a positive number of seconds.")


def defines_cursor(connector: str, configuration: Mapping[str, Any]) -> bool:
    """Whether the source itself knows where its streams stand, so that they need no cursorField."""
    return connector == "files" or (connector == "postgres" and captures_changes(configuration))


def captures_changes(configuration: Mapping[str, Any]) -> bool:
    return (configuration.get("replication_method") or {}).get("method") == "CDC"


def masked(
    connector: str, configuration: Mapping[str, Any], manifest: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The configuration with its secrets hidden."""
    secrets = _secrets(connector, manifest)
    return {name: MASK if name in secrets and value else value for name, value in configuration.items()}


def secret_values(
    connector: str, configuration: Mapping[str, Any], manifest: Mapping[str, Any] | None
) -> list[str]:
    """What must not stand in a log, longest first: one secret may be a part of another."""
    values = {str(configuration[name]) for name in _secrets(connector, manifest) if configuration.get(name)}
    return sorted(values, key=len, reverse=True)


def unmasked(new: Mapping[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
    """The new configuration; a secret sent as its mask keeps its old value."""
    return {name: old.get(name) if value == MASK else value for name, value in new.items()}


def discover(
    connector: str,
    configuration: Mapping[str, Any],
    manifest: Mapping[str, Any] | None,
    connectors_bin: Path,
) -> list[dict[str, Any]]:
    """Streams in the words of the API's StreamProperties. Raises Problem 422 when the source does not
    answer.
    """
    if connector == "postgres":
        return _discover_tables(configuration)
    if connector == "files":
        return [
            _stream(stream["name"], _declared_fields(stream), [], [LAST_MODIFIED], incremental=True)
            for stream in configuration["streams"]
        ]
    return _discover_manifest(configuration, manifest or {}, connectors_bin)


def _specification(manifest: Mapping[str, Any] | None) -> Mapping[str, Any]:
    specification: Mapping[str, Any] = (manifest or {}).get("spec", {}).get("connection_specification", {})
    return specification


def _secrets(connector: str, manifest: Mapping[str, Any] | None) -> set[str]:
    if connector in _SECRETS:
        return _SECRETS[connector]
    properties = _specification(manifest).get("properties", {})
    return {name for name, part in properties.items() if part.get("airbyte_secret")}


def _stream(
    name: str, fields: list[str], primary_key: list[str], cursor: list[str], incremental: bool
) -> dict[str, Any]:
    modes = ["full_refresh_append", *(["incremental_append"] if incremental else [])]
    return {
        "streamName": name,
        "syncModes": modes,
        "defaultCursorField": cursor,
        "sourceDefinedCursorField": bool(cursor),
        "sourceDefinedPrimaryKey": [[name] for name in primary_key],
        "propertyFields": [[field] for field in fields],
    }


def _declared_fields(stream: Mapping[str, Any]) -> list[str]:
    """Those of `input_schema`; without one the files themselves say it when they are read."""
    return [*json.loads(stream.get("input_schema") or "{}"), LAST_MODIFIED, URL]


def _discover_tables(configuration: Mapping[str, Any]) -> list[dict[str, Any]]:
    query = """
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
    try:
        with psycopg.connect(conninfo_of(configuration)) as connection:
            rows = connection.execute(query, (configuration.get("schemas") or ["public"],)).fetchall()
    except psycopg.Error as error:
        raise invalid(f"The source does not answer: {' '.join(str(error).split())}") from error
    if not captures_changes(configuration):
        return [_stream(name, fields, key, [], incremental=True) for name, fields, key in rows]
    return [
        _stream(name, [*fields, *CDC_COLUMNS], key, [CDC_COLUMNS[0]], incremental=bool(key))
        for name, fields, key in rows
    ]


def _discover_manifest(
    configuration: Mapping[str, Any], manifest: Mapping[str, Any], connectors_bin: Path
) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="airbyte-discover-") as folder:
        config, definition = Path(folder) / "config.json", Path(folder) / "manifest.json"
        config.write_text(json.dumps(configuration), encoding="utf-8")
        definition.write_text(json.dumps(manifest), encoding="utf-8")
        executable = str(connectors_bin / "source-declarative-manifest")
        call = [executable, "discover", "--config", str(config), "--manifest-path", str(definition)]
        try:
            done = subprocess.run(
                call, capture_output=True, text=True, timeout=_DISCOVER_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Problem(500, "unexpected-problem", f"The connector does not run: {error}") from error
    messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    catalogs = [message["catalog"] for message in messages if message["type"] == "CATALOG"]
    if not catalogs:
        told = [
            m["trace"]["error"]["message"] for m in messages if m["type"] == "TRACE" and "error" in m["trace"]
        ]
        raise invalid(f"The manifest offers no streams: {'; '.join(told) or done.stderr.strip()[-500:]}")
    return [
        _stream(
            stream["name"],
            sorted(stream["json_schema"].get("properties", {})),
            [path[-1] for path in stream.get("source_defined_primary_key") or []],
            stream.get("default_cursor_field") or [],
            "incremental" in stream["supported_sync_modes"],
        )
        for stream in catalogs[0]["streams"]
    ]
