"""What of source-s3's configuration is understood, and what is refused before a sync could misread it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from airbyte_engine.problems import invalid

LAST_MODIFIED, URL = "_ab_source_file_last_modified", "_ab_source_file_url"
"""Airbyte's columns: the cursor, and which file a record came from."""
_FILE_TYPES = ("csv", "jsonl")
_TYPES = ("string", "number", "integer", "boolean", "object", "array")


def check_streams(streams: Any) -> None:
    """Raises Problem 422 that names stream and setting."""
    if not isinstance(streams, Sequence) or isinstance(streams, str) or not streams:
        raise invalid("The files source needs a list of streams.")
    for stream in streams:
        _check_stream(stream)
    names = [stream["name"] for stream in streams]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise invalid(f"The files source declares {', '.join(sorted(doubled))} twice.")


def _check_stream(stream: Mapping[str, Any]) -> None:
    name = stream.get("name")
    if not name:
        raise invalid("A stream of the files source has no name.")
    kind = (stream.get("format") or {}).get("filetype")
    if kind not in _FILE_TYPES:
        raise invalid(f"Stream {name!r}: filetype {kind!r} is not read here, only {', '.join(_FILE_TYPES)}.")
    if stream.get("schemaless"):
        raise invalid(f"Stream {name!r}: schemaless is not supported here.")
    policy = stream.get("validation_policy", "Emit Record")
    if policy != "Emit Record":
        raise invalid(f"Stream {name!r}: validation_policy {policy!r} would lose records; use 'Emit Record'.")
    try:
        declared = json.loads(stream.get("input_schema") or "{}")
    except ValueError as error:
        raise invalid(f"Stream {name!r}: input_schema is not JSON: {error}") from error
    if not isinstance(declared, dict) or not set(declared.values()) <= set(_TYPES):
        raise invalid(f"Stream {name!r}: input_schema is a JSON object of column: {' | '.join(_TYPES)}.")
