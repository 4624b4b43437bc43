"""Which files are new, and their records to the landing.

A stream's state is Airbyte's: {"history": {url: last modified}, "_ab_source_file_last_modified": the cursor}.
A file is read when it is not in the history or has changed since; its records are stored, and the history
grows, only when the whole file could be read. A file with a line that is not a record is left out as a whole,
and named: the other files are stored, the sync then fails, and the next one reads that file again.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError

from airbyte_engine.worker.files.configuration import LAST_MODIFIED, URL
from airbyte_engine.worker.files.parsers import UnreadableLineError, records, typed
from airbyte_engine.worker.files.places import Place, RemoteFile, matching, place_of, text_of
from airbyte_engine.worker.landing import Landing, compression_of
from airbyte_engine.worker.protocol import Order, Outbox, Stream, WorkerError
from airbyte_engine.worker.rows import RecordFile

_MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
_BATCH_ROWS = 10_000
_FILE_ROWS = 1_000_000
"""After so many rows what was read is stored."""
_LONGEST_HISTORY = 10_000
"""Airbyte's limit: beyond it the oldest files are forgotten, and only newer ones than those are looked at."""
_NUMBER, _INTEGER, _BOOLEAN, _OBJECT, _TEXT = "number", "integer", "boolean", "object", "string"


class FileSource:
    """Reads the order's streams; each file's records are stored and counted with the history."""

    def __init__(self, order: Order, outbox: Outbox, landing: Landing) -> None:
        self._order = order
        self._outbox = outbox
        self._landing = landing
        self._declared = {stream["name"]: stream for stream in order.source["streams"]}
        self._unreadable: list[str] = []

    def read(self) -> None:
        """Raises WorkerError that names every file with a line that cannot be read."""
        place = place_of(self._order.source)
        for stream in self._order.streams:
            if stream.name not in self._declared:
                raise WorkerError(f"The source declares no stream {stream.name}", "config_error")
            self._read_stream(place, stream, self._declared[stream.name])
        if self._unreadable:
            raise WorkerError(
                f"{len(self._unreadable)} files could not be read and were left out as a whole: "
                + "; ".join(self._unreadable)
                + ". Repair or remove them; the next sync reads them again",
                "config_error",
            )

    def _read_stream(self, place: Place, stream: Stream, declared: Mapping[str, Any]) -> None:
        state = dict(stream.state or {}) if stream.incremental else {}
        if not stream.incremental and (stream.state or {}).get("completed_by_job") == self._order.job_id:
            return
        history: dict[str, str] = dict(state.get("history") or {})
        waiting: list[Path] = []
        rows = 0
        new = self._new(matching(place, declared.get("globs") or ["**"]), history)
        for number, file in enumerate(new):
            local = Path(self._order.scratch) / f"{stream.name}-{number}.parquet"
            count = self._read_file(place, stream, declared, file, local)
            if count is None:
                continue
            history[file.url] = _stamp(file)
            rows += count
            waiting += [local] if count else []
            if rows >= _FILE_ROWS:
                self._store(stream, waiting, history)
                waiting, rows = [], 0
        self._store(stream, waiting, history)

    def _store(self, stream: Stream, files: list[Path], history: dict[str, str]) -> None:
        """Rows of files that are alike land in one file, as they would from Airbyte's destination."""
        kept = self._landing.store(stream.name, merged(files, compression_of(self._order.destination)))
        done = {"completed_by_job": self._order.job_id}
        state = (_state(history) if history else {}) if stream.incremental else done
        self._outbox.state(stream.name, state, kept.rows, kept.bytes, kept.keys)
        self._outbox.log(f"{stream.name}: {kept.rows} rows, {kept.bytes} bytes")

    def _new(self, files: Iterable[RemoteFile], history: Mapping[str, str]) -> list[RemoteFile]:
        oldest = min(history.values()) if len(history) >= _LONGEST_HISTORY else ""
        start = str(self._order.source.get("start_date") or "")
        return [
            file
            for file in files
            if history.get(file.url) != _stamp(file) and _stamp(file) >= max(oldest, start)
        ]

    def _read_file(
        self, place: Place, stream: Stream, declared: Mapping[str, Any], file: RemoteFile, local: Path
    ) -> int | None:
        """How many records it has; None when a line of it cannot be read."""
        form = declared["format"]
        encoding = form.get("encoding") or "utf8"
        try:
            schema = _schema(declared)
            if schema is None:
                with place.open(file) as raw, text_of(raw, file, encoding) as text:
                    schema = inferred(records(text, form), numbers=form["filetype"] == "jsonl")
            with place.open(file) as raw, text_of(raw, file, encoding) as text:
                found = records(text, form)
                if form["filetype"] == "csv" and declared.get("input_schema"):
                    kinds = {name: part["type"] for name, part in schema.items()}
                    found = (typed(record, kinds, form) for record in found)
                rows = self._write(found, schema, local, file)
        except UnreadableLineError as error:
            self._unreadable.append(f"{file.url}, {error}")
            self._outbox.log(f"{stream.name}: {file.url}, {error}; the file is left out", "ERROR")
            return None
        except (OSError, EOFError, BotoCoreError, LookupError) as error:
            raise WorkerError(f"{file.url} cannot be read: {error}", "transient_error") from error
        self._outbox.log(f"{stream.name}: {file.url}, {rows} records")
        return rows

    def _write(
        self, found: Iterable[dict[str, Any]], schema: dict[str, Any], local: Path, file: RemoteFile
    ) -> int:
        own = {LAST_MODIFIED: _stamp(file), URL: file.url}
        types = {"properties": schema | {name: {"type": _TEXT} for name in own}}
        compression = compression_of(self._order.destination)
        target = RecordFile(
            local,
            types,
            compression,
            self._order.job_id,
            self._order.generation_id,
            self._landing.started,
        )
        try:
            batch: list[dict[str, Any]] = []
            for record in found:
                batch.append(record | own)
                if len(batch) >= _BATCH_ROWS:
                    target.write(batch)
                    batch.clear()
            if batch:
                target.write(batch)
        finally:
            target.close()
        return target.rows


def merged(files: list[Path], compression: str) -> list[Path]:
    """Neighbouring files of one schema become one; the others stay. The merged ones are deleted."""
    groups: list[list[Path]] = []
    for file in files:
        if groups and pq.read_schema(groups[-1][0]).equals(pq.read_schema(file)):
            groups[-1].append(file)
        else:
            groups.append([file])
    return [group[0] if len(group) == 1 else _concatenated(group, compression) for group in groups]


def _concatenated(files: list[Path], compression: str) -> Path:
    target = files[0].with_suffix(".merged.parquet")
    with pq.ParquetWriter(target, pq.read_schema(files[0]), compression=compression) as writer:
        for file in files:
            for batch in pq.ParquetFile(file).iter_batches():
                writer.write_batch(batch)
            file.unlink()
    return target


def inferred(found: Iterable[dict[str, Any]], numbers: bool) -> dict[str, Any]:
    """JSON schema properties of the records: all text for CSV, as Airbyte's default, else what every value of
    a name can be.
    """
    types: dict[str, str] = {}
    for record in found:
        for name, value in record.items():
            kind = _kind(value) if numbers else _TEXT
            if value is not None or name not in types:
                types[name] = kind if name not in types else _wider(types[name], kind)
    return {name: {"type": kind or _TEXT} for name, kind in types.items()}


def _kind(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return _BOOLEAN
    if isinstance(value, int):
        return _INTEGER
    if isinstance(value, float):
        return _NUMBER
    return _OBJECT if isinstance(value, dict | list) else _TEXT


def _wider(one: str, other: str) -> str:
    if not one or one == other:
        return other
    return _NUMBER if {one, other} == {_INTEGER, _NUMBER} else _TEXT


def _schema(declared: Mapping[str, Any]) -> dict[str, Any] | None:
    """`input_schema`: a JSON text of {column: type}."""
    text = declared.get("input_schema")
    if not text:
        return None
    return {name: {"type": kind} for name, kind in json.loads(text).items()}


def _state(history: dict[str, str]) -> dict[str, Any]:
    newest = sorted(history.items(), key=lambda item: (item[1], item[0]))[-_LONGEST_HISTORY:]
    cursor = f"{newest[-1][1]}_{newest[-1][0]}"
    return {"history": dict(newest), LAST_MODIFIED: cursor}


def _stamp(file: RemoteFile) -> str:
    return file.last_modified.astimezone(dt.UTC).strftime(_MOMENT)
