"""Which files are new, and their records to the landing.

A file is read when it is not in the stream's history or was replaced since (history.py). Its records are
stored, and the history grows, only when the whole file could be read. A file that cannot be read is left out
as a whole, and named: the other files are stored, the sync then fails, and the next one reads it again.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import BotoCoreError

from airbyte_engine.problems import Problem
from airbyte_engine.worker.column_names import ColumnNames, shown
from airbyte_engine.worker.files.configuration import check_streams, encoding_of, globs_of, start_of
from airbyte_engine.worker.files.errors import UnreadableFileError, VanishedFileError
from airbyte_engine.worker.files.file_columns import ADDED, LAST_MODIFIED, URL
from airbyte_engine.worker.files.globs import unmatched
from airbyte_engine.worker.files.history import History
from airbyte_engine.worker.files.parquet_files import parquet_records
from airbyte_engine.worker.files.parsers import records, typed
from airbyte_engine.worker.files.places import Place, RemoteFile, matching, place_of, shown_url
from airbyte_engine.worker.files.schema import declared_schema, inferred
from airbyte_engine.worker.files.text import lines_of
from airbyte_engine.worker.landing import Landing, compression_of
from airbyte_engine.worker.protocol import Order, Outbox, Stream, WorkerError
from airbyte_engine.worker.rows import RecordFile

_BATCH_ROWS = 10_000
_FILE_ROWS = 1_000_000
"""After so many rows what was read is stored."""
_MOST_NAMED = 50
"""Files that a failure lists; the log has all of them."""


class FileSource:
    """Reads the order's streams; each file's records are stored and counted with the history."""

    def __init__(self, order: Order, outbox: Outbox, landing: Landing) -> None:
        self._order = order
        self._outbox = outbox
        self._landing = landing
        self._unreadable: list[str] = []

    def read(self) -> None:
        """Raises WorkerError that names every file that cannot be read."""
        try:
            check_streams(self._order.source["streams"])
            self._start = start_of(self._order.source)
        except Problem as problem:
            raise WorkerError(problem.detail, "config_error") from problem
        declared = {stream["name"]: stream for stream in self._order.source["streams"]}
        place = place_of(self._order.source)
        for stream in self._order.streams:
            if stream.name not in declared:
                raise WorkerError(f"The source declares no stream {stream.name}", "config_error")
            self._read_stream(place, stream, declared[stream.name])
        if self._unreadable:
            raise WorkerError(
                f"{len(self._unreadable)} files could not be read and were left out as a whole: "
                + "; ".join(self._unreadable[:_MOST_NAMED])
                + ("; and others, which the log names" if len(self._unreadable) > _MOST_NAMED else "")
                + ". Repair or remove them; the next sync reads them again",
                "config_error",
            )

    def _read_stream(self, place: Place, stream: Stream, declared: Mapping[str, Any]) -> None:
        if not stream.incremental and (stream.state or {}).get("completed_by_job") == self._order.job_id:
            return
        history = History(stream.state if stream.incremental else None, self._start)
        waiting: list[Path] = []
        rows = 0
        found = self._matching(place, stream, globs_of(declared))
        for number, file in enumerate(history.unread(found)):
            local = self._order.scratch_file(f"file-{number}.parquet")
            moment = history.moment_of(file, self._landing.started)
            count = self._read_file(place, stream, declared, file, local, moment)
            if count is None:
                local.unlink(missing_ok=True)
                continue
            history.add(file, moment)
            rows += count
            waiting += [local] if count else []
            if rows >= _FILE_ROWS:
                self._store(stream, waiting, history)
                waiting, rows = [], 0
        self._store(stream, waiting, history)

    def _matching(self, place: Place, stream: Stream, globs: list[str]) -> list[RemoteFile]:
        found = matching(place, globs)
        for glob in unmatched(globs, [file.url for file in found]):
            bucket = self._order.source["bucket"]
            self._outbox.log(f"{stream.name}: no file in {bucket} matches {glob}", "WARN")
        return found

    def _store(self, stream: Stream, files: list[Path], history: History) -> None:
        """Rows of files that are alike land in one file, as they would from Airbyte's destination."""
        kept = self._landing.store(stream.name, merged(files, compression_of(self._order.destination)))
        state = history.state() if stream.incremental else {"completed_by_job": self._order.job_id}
        self._outbox.state(stream.name, state, kept.rows, kept.bytes, kept.keys)
        self._outbox.log(f"{stream.name}: {kept.rows} rows, {kept.bytes} bytes")

    def _read_file(
        self,
        place: Place,
        stream: Stream,
        declared: Mapping[str, Any],
        file: RemoteFile,
        local: Path,
        moment: str,
    ) -> int | None:
        """How many records it has; None when it cannot be read."""
        name = shown_url(file.url)
        try:
            rows = self._copy(place, declared, file, local, moment)
        except UnreadableFileError as error:
            self._leave_out(stream, name, str(error))
            return None
        except VanishedFileError as error:
            self._outbox.log(f"{stream.name}: {name} is gone since it was listed: {error}", "WARN")
            return None
        except (ValueError, RecursionError, pa.ArrowException) as error:
            # Whatever else is in a file, it must not keep the others from landing.
            self._leave_out(stream, name, f"its records cannot be stored: {error}")
            return None
        except (OSError, BotoCoreError) as error:
            raise WorkerError(f"{name} cannot be read: {error}", "transient_error") from error
        self._outbox.log(f"{stream.name}: {name}, {rows} records")
        return rows

    def _leave_out(self, stream: Stream, name: str, why: str) -> None:
        # A library's message may quote the file, and not everything in a file can be stored as text.
        told = why.replace("\0", r"\0").encode("utf-8", "backslashreplace").decode()
        self._unreadable.append(f"{name}, {told}")
        self._outbox.log(f"{stream.name}: {name}, {told}; the file is left out", "ERROR")

    def _copy(
        self, place: Place, declared: Mapping[str, Any], file: RemoteFile, local: Path, moment: str
    ) -> int:
        if not _is_text(file.url):
            raise UnreadableFileError("its name is not UTF-8: rename it")
        form, schema = declared["format"], declared_schema(declared)
        own = {LAST_MODIFIED: moment, URL: file.url}
        if form["filetype"] == "parquet":
            with place.open(file) as raw, parquet_records(raw, file.url, form) as columns:
                found = self._declared_columns(columns, schema, declared, file) if schema else columns
                schema = schema or columns.schema
                target = self._write(found, schema, local, own)
        else:
            schema = schema or self._inferred(place, declared, file)
            with place.open(file) as raw:
                target = self._write(self._typed(raw, schema, declared, file), schema, local, own)
        for name, (count, first) in target.nulled.items():
            self._outbox.log(
                f"{declared['name']}: {shown_url(file.url)}, {count} values of {shown(name)} are not "
                f"{schema[name]['type']} and landed as null; the first is {str(first)[:40]!r}",
                "WARN",
            )
        return target.rows

    def _inferred(self, place: Place, declared: Mapping[str, Any], file: RemoteFile) -> dict[str, Any]:
        form = declared["format"]
        with place.open(file) as raw:
            found = records(lines_of(raw, file.url, encoding_of(declared)), form)
            return inferred(found, numbers=form["filetype"] == "jsonl")

    def _typed(
        self, raw: io.BufferedReader, schema: Mapping[str, Any], declared: Mapping[str, Any], file: RemoteFile
    ) -> Iterable[dict[str, Any]]:
        """The records of a text file, under the types of its `input_schema` if it has one."""
        form = declared["format"]
        found: Iterable[dict[str, Any]] = records(lines_of(raw, file.url, encoding_of(declared)), form)
        if not declared.get("input_schema"):
            return found
        found = self._declared_columns(found, schema, declared, file)
        if form["filetype"] != "csv":
            return found
        kinds = {name: part["type"] for name, part in schema.items()}
        return (typed(record, kinds, form) for record in found)

    def _declared_columns(
        self,
        found: Iterable[dict[str, Any]],
        schema: Mapping[str, Any],
        declared: Mapping[str, Any],
        file: RemoteFile,
    ) -> Iterator[dict[str, Any]]:
        """The records; the columns that they have beyond the schema do not land, and are named in the log."""
        names = ColumnNames(ADDED)
        names.add(schema)
        others: dict[str, None] = {}
        for record in found:
            if not names.covers(record):
                names.add(record)
                others |= dict.fromkeys(name for name in record if name not in schema)
            yield record
        if others:
            self._outbox.log(
                f"{declared['name']}: {shown_url(file.url)} has columns that are not in input_schema "
                f"and do not land: {', '.join(map(shown, others))}",
                "WARN",
            )

    def _write(
        self, found: Iterable[dict[str, Any]], schema: dict[str, Any], local: Path, own: dict[str, str]
    ) -> RecordFile:
        types = {"properties": schema | {name: {"type": "string"} for name in own}}
        target = RecordFile(
            local,
            types,
            compression_of(self._order.destination),
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
        return target


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


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
