"""What of source-s3's configuration is understood, and what is refused before a sync could misread it."""

from __future__ import annotations

import codecs
import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from airbyte_engine.problems import invalid
from airbyte_engine.worker.files.column_names import ColumnNameError, ColumnNames
from airbyte_engine.worker.files.globs import GlobError, pattern_of
from airbyte_engine.worker.files.parsers import csv_reader

_FILE_TYPES = ("csv", "jsonl")
_TYPES = ("string", "number", "integer", "boolean", "object", "array")
EVERY_FILE = "**"


def check_streams(streams: Any) -> None:
    """Raises Problem 422 that names stream and setting."""
    if not isinstance(streams, Sequence) or isinstance(streams, str) or not streams:
        raise invalid("The files source needs a list of streams.")
    for stream in streams:
        _check_stream(stream)
    names = [stream["name"] for stream in streams]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise invalid(f"The files source declares {', '.join(sorted(doubled))} twice.")


def start_of(configuration: Mapping[str, Any]) -> dt.datetime | None:
    """`start_date`; without a zone it is UTC. Raises Problem 422."""
    text = str(configuration.get("start_date") or "")
    if not text:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(f"start_date {text!r} is not a time such as 2025-10-16T00:00:00Z.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def globs_of(stream: Mapping[str, Any]) -> list[str]:
    """The patterns of a stream; without any it is every file, as in Airbyte."""
    return list(stream.get("globs") or [EVERY_FILE])


def encoding_of(stream: Mapping[str, Any]) -> str:
    """The encoding of a stream's files; Airbyte's default is UTF-8."""
    return str((stream.get("format") or {}).get("encoding") or "utf8")


def _check_stream(stream: Mapping[str, Any]) -> None:
    name = stream.get("name")
    if not name:
        raise invalid("A stream of the files source has no name.")
    form = stream.get("format") or {}
    kind = form.get("filetype")
    if kind not in _FILE_TYPES:
        raise invalid(f"Stream {name!r}: filetype {kind!r} is not read here, only {', '.join(_FILE_TYPES)}.")
    if stream.get("schemaless"):
        raise invalid(f"Stream {name!r}: schemaless is not supported here.")
    policy = stream.get("validation_policy", "Emit Record")
    if policy != "Emit Record":
        raise invalid(f"Stream {name!r}: validation_policy {policy!r} would lose records; use 'Emit Record'.")
    _check_globs(name, stream.get("globs") or [])
    _check_schema(name, stream.get("input_schema") or "{}")
    _check_encoding(name, encoding_of(stream))
    if kind == "csv":
        _check_csv(name, form)


def _check_globs(stream: str, globs: Any) -> None:
    if not isinstance(globs, Sequence) or isinstance(globs, str):
        raise invalid(f"Stream {stream!r}: globs is a list of patterns, not {globs!r}.")
    for glob in globs:
        if not isinstance(glob, str) or not glob:
            raise invalid(f"Stream {stream!r}: {glob!r} in globs is not a pattern.")
        try:
            pattern_of(glob)
        except GlobError as error:
            raise invalid(f"Stream {stream!r}: {error}.") from error


def _check_schema(stream: str, text: str) -> None:
    try:
        declared = json.loads(text)
    except ValueError as error:
        raise invalid(f"Stream {stream!r}: input_schema is not JSON: {error}") from error
    if not isinstance(declared, dict) or not set(map(str, declared.values())) <= set(_TYPES):
        raise invalid(f"Stream {stream!r}: input_schema is a JSON object of column: {' | '.join(_TYPES)}.")
    _check_names(f"Stream {stream!r}: input_schema", list(declared))


def _check_encoding(stream: str, encoding: str) -> None:
    try:
        codecs.getincrementaldecoder(encoding)
        "".encode(encoding)
    except LookupError as error:
        raise invalid(f"Stream {stream!r}: encoding {encoding!r} is not one that Python knows.") from error


def _check_csv(stream: str, form: Mapping[str, Any]) -> None:
    try:
        csv_reader((), form)
    except (TypeError, ValueError) as error:
        raise invalid(f"Stream {stream!r}: this CSV format cannot be read: {error}.") from error
    for setting in ("skip_rows_before_header", "skip_rows_after_header"):
        if not str(form.get(setting) or 0).isdecimal():
            raise invalid(f"Stream {stream!r}: {setting} is a number of lines, not {form[setting]!r}.")
    definition = form.get("header_definition") or {}
    if definition.get("header_definition_type") == "User Provided":
        names = definition.get("column_names")
        if not isinstance(names, Sequence) or isinstance(names, str) or not names:
            raise invalid(f"Stream {stream!r}: header_definition needs a list of column_names.")
        _check_names(f"Stream {stream!r}: column_names", [str(name) for name in names])


def _check_names(where: str, names: list[str]) -> None:
    if doubled := {name for name in names if names.count(name) > 1}:
        raise invalid(f"{where} has {', '.join(sorted(doubled))} twice.")
    try:
        ColumnNames().add(names)
    except ColumnNameError as error:
        raise invalid(f"{where}: {error}.") from error
