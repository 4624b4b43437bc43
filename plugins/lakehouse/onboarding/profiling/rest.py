"""A REST API as a source, as a low-code manifest describes it: its streams, keys, cursors and types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from lakehouse.onboarding.profiling.connector import ManifestConnector
from lakehouse.onboarding.profiling.names import alike, as_landed, column_problem, table_problem
from lakehouse.onboarding.profiling.profile import ColumnProfile, ProfileError, SourceProfile, TableProfile
from lakehouse.onboarding.profiling.samples import Record, guessed_columns

_TYPES: Final = {"string": "varchar", "integer": "bigint", "number": "double", "boolean": "boolean"}
BY_THE_MANIFEST: Final = "let a transformation of the manifest (AddFields) call it"
_NO_RECORDS: Final = "; it has no records now: if that is right, write zero_rows: allow into its contract"
"""The contract of a whole list refuses one without rows, so the first night would fail."""
_TIMES: Final = {"date": "date", "date-time": "timestamp"}


def profile_manifest(
    path: Path, base_url: str, token: str, configuration: Mapping[str, Any] | None = None
) -> SourceProfile:
    """The streams of a manifest, and what the API's first records show of them.

    Args:
        path: the manifest, YAML.
        base_url: the API's address, which the manifest calls `base_url`.
        token: its secret, which the manifest calls `api_token`; empty if the API asks for none.
        configuration: what else the manifest's `spec` requires.

    Raises:
        ProfileError: the file is not a manifest, something is not given, or the API does not answer.
    """
    manifest = read_manifest(path)
    given = {"base_url": base_url, "api_token": token} | dict(configuration or {})
    connector = ManifestConnector(path, _complete(path.name, manifest, given))
    streams = connector.discover()
    records = connector.sample(streams)
    return SourceProfile(
        "rest", tuple(_profile(stream, records.get(stream["name"], [])) for stream in streams)
    )


def read_manifest(path: Path) -> dict[str, Any]:
    """A low-code manifest. Raises ProfileError for anything else."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ProfileError(f"{path} cannot be read: {' '.join(str(error).split())}") from error
    if not isinstance(document, dict) or document.get("type") != "DeclarativeSource":
        raise ProfileError(
            f"{path} is not a low-code manifest: it has no `type: DeclarativeSource` (Airbyte's connector "
            "builder exports one; include/airbyte/manifests/ may hold an example)"
        )
    return document


def _complete(name: str, manifest: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration with the defaults of the manifest's `spec`. Raises ProfileError."""
    specification = (manifest.get("spec") or {}).get("connection_specification") or {}
    properties = specification.get("properties") or {}
    defaults = {key: part["default"] for key, part in properties.items() if "default" in part}
    complete = defaults | {key: value for key, value in given.items() if value not in (None, "")}
    if missing := [key for key in specification.get("required") or [] if key not in complete]:
        raise ProfileError(f"{name} requires {', '.join(missing)}, which is not given")
    return complete


def _profile(stream: Mapping[str, Any], records: Sequence[Record]) -> TableProfile:
    name = str(stream["name"])
    key = tuple(path[-1] for path in stream.get("source_defined_primary_key") or [])
    cursors = stream.get("default_cursor_field") or []
    cursor = cursors[0] if cursors and "incremental" in stream["supported_sync_modes"] else None
    columns = _columns(stream["json_schema"].get("properties") or {}, records, {*key, *cursors})
    incremental = cursor is not None and bool(key)
    empty = "" if records or incremental else _NO_RECORDS
    profile = TableProfile(
        name=name,
        columns=columns,
        key=key,
        cursor=cursor if incremental else None,
        rows=None,
        mode="incremental" if incremental else "full_refresh",
        why=_why(cursor, key) + empty,
        problems=tuple(_problems(name, columns, {*key, *([cursor] if cursor else [])})),
    )
    return as_landed(profile)


def _why(cursor: str | None, key: tuple[str, ...]) -> str:
    if cursor is None:
        return "the manifest declares no incremental_sync, so everything is read every night"
    if not key:
        return "the manifest declares no primary_key, so everything is read every night"
    return f"the manifest asks the API for what changed since the last {cursor}"


def _columns(
    properties: Mapping[str, Any], records: Sequence[Record], never_null: set[str]
) -> tuple[ColumnProfile, ...]:
    """The schema's columns; where the manifest has no schema, those of the records."""
    if not properties:
        return guessed_columns(records, BY_THE_MANIFEST)
    return tuple(
        _declared(column, part, column not in never_null and _may_be_null(column, part, records))
        for column, part in properties.items()
    )


def _may_be_null(column: str, part: Mapping[str, Any], records: Sequence[Record]) -> bool:
    if "null" in _kinds(part) or not records:
        return True
    return any(record.get(column) is None for record in records)


def _declared(name: str, part: Mapping[str, Any], nullable: bool) -> ColumnProfile:
    kinds = [kind for kind in _kinds(part) if kind != "null"]
    form = part.get("format")
    if kinds == ["string"] and form in _TIMES:
        kind, note = _TIMES[form], "" if form == "date" else "in UTC"
    elif set(kinds) & {"object", "array"}:
        kind, note = "varchar", "as JSON text"
    else:
        kind, note = (_TYPES.get(kinds[0], "varchar"), "") if len(kinds) == 1 else ("varchar", "as text")
    return ColumnProfile(
        name=name,
        contract_type=kind,
        nullable=nullable,
        source_type=" ".join([*kinds, *([form] if form else [])]),
        one_of=tuple(value for value in part.get("enum") or () if isinstance(value, str)),
        unsupported=column_problem(name, BY_THE_MANIFEST),
        note=note,
    )


def _kinds(part: Mapping[str, Any]) -> list[str]:
    kinds = part.get("type", "string")
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _problems(name: str, columns: Sequence[ColumnProfile], needed: set[str]) -> list[str]:
    found = [problem for problem in [table_problem(name, "let the manifest call it")] if problem]
    if not columns:
        found.append(
            "neither the manifest's schema nor the API's first page tells its columns: add a schema_loader"
        )
    elif missing := sorted(needed - {column.name for column in columns}):
        found.append(
            f"{', '.join(missing)} of its key or cursor is not in its schema: add it to the schema_loader"
        )
    for group in alike(column.name for column in columns):
        found.append(f"fields {group}: rename one by a transformation")
    return found
