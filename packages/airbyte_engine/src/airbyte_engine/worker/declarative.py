"""Low-code (declarative) sources, read by Airbyte's own `source-declarative-manifest` under the checks of
`low_code`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from airbyte_engine.worker.boundary import Boundary
from airbyte_engine.worker.column_names import ADDED_TO_ROWS, ColumnNameError, ColumnNames, shown
from airbyte_engine.worker.connector import connector_of
from airbyte_engine.worker.landing import Landing, compression_of
from airbyte_engine.worker.low_code.decoding import NOT_JSON
from airbyte_engine.worker.protocol import Order, Outbox, Stream, WorkerError
from airbyte_engine.worker.rows import RecordFile

_BATCH_ROWS = 10_000
"""Records converted at a time: what is held in memory per stream."""
_FILE_ROWS = 1_000_000
"""After so many rows a file is stored at the next state the source sends."""
_SUMMARY = "During the sync, the following streams did not sync successfully"
"""The CDK's last word, after the streams' own errors, which say more."""


class DeclarativeSource:
    """Reads the order's streams; files are stored, and states saved, as the source checkpoints.

    A stream's state is {"connector": the connector's own, "boundary": see Boundary}.
    """

    def __init__(self, order: Order, outbox: Outbox, landing: Landing) -> None:
        self._order = order
        self._outbox = outbox
        self._landing = landing
        self._scratch = Path(order.scratch)
        self._streams = {stream.name: stream for stream in order.streams}
        self._schemas: dict[str, dict[str, Any]] = {}
        self._names: dict[str, ColumnNames] = {}
        self._batches: dict[str, list[dict[str, Any]]] = {name: [] for name in self._streams}
        self._files: dict[str, RecordFile] = {}
        self._states = {
            name: (stream.state or {}).get("connector", {}) for name, stream in self._streams.items()
        }
        self._boundaries = {
            stream.name: Boundary(stream.cursor_field, (stream.state or {}).get("boundary"))
            for stream in order.streams
            if stream.incremental and stream.cursor_field
        }
        self._failure: WorkerError | None = None

    def read(self) -> None:
        """Raises WorkerError with the connector's own words; what was checkpointed before stays stored."""
        catalog = self._catalog()
        arguments = ["read", "--catalog", str(self._write("catalog.json", self._configured(catalog)))]
        if states := self._saved_states():
            arguments += ["--state", str(self._write("state.json", states))]
        for message in self._run(*arguments):
            self._take(message)
        for stream in self._order.streams:
            self._checkpoint(stream)

    def _catalog(self) -> dict[str, dict[str, Any]]:
        """The source's streams by name: discovered once, as Airbyte does when a connection is set up.

        A catalog is kept under the digest of what it was made from, so a changed manifest or configuration
        is discovered afresh; one that asks the source for its schemas is never kept.
        """
        content = json.dumps([self._order.manifest, self._order.source], sort_keys=True)
        kept = Path(self._order.catalogs) / f"{hashlib.sha256(content.encode()).hexdigest()}.json"
        if kept.exists():
            found: dict[str, dict[str, Any]] = json.loads(kept.read_text(encoding="utf-8"))
            return found
        found = self._discover()
        if "Dynamic" not in content:
            kept.parent.mkdir(parents=True, exist_ok=True)
            partial = self._write("catalog-to-keep.json", found)
            partial.replace(kept)
        return found

    def _discover(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for message in self._run("discover"):
            if message["type"] == "CATALOG":
                found = {stream["name"]: stream for stream in message["catalog"]["streams"]}
            else:
                self._take(message)
        if missing := [name for name in self._streams if name not in found]:
            raise WorkerError(f"The manifest has no stream {', '.join(missing)}", "config_error")
        return found

    def _configured(self, catalog: dict[str, dict[str, Any]]) -> dict[str, Any]:
        streams = []
        for stream in self._order.streams:
            self._describe(stream.name, catalog[stream.name]["json_schema"])
            streams.append(
                {
                    "stream": catalog[stream.name],
                    "sync_mode": "incremental" if stream.incremental else "full_refresh",
                    "destination_sync_mode": "append",
                    "cursor_field": [stream.cursor_field] if stream.cursor_field else [],
                    "primary_key": [[name] for name in stream.primary_key],
                }
            )
        return {"streams": streams}

    def _describe(self, name: str, schema: dict[str, Any]) -> None:
        """Raises WorkerError for a schema under which no record could land."""
        declared = schema.get("properties") or {}
        if not declared:
            raise WorkerError(
                f"Stream {name}: the manifest declares no schema, so no field can land: add a schema_loader",
                "config_error",
            )
        self._schemas[name] = schema
        self._names[name] = ColumnNames(ADDED_TO_ROWS)
        self._take_names(name, declared)

    def _take_names(self, name: str, fields: Iterable[str]) -> None:
        """Raises WorkerError for a name under which a field cannot land."""
        try:
            self._names[name].add(fields)
        except ColumnNameError as error:
            raise WorkerError(
                f"Stream {name} cannot land: {error}, by a transformation in the manifest", "config_error"
            ) from error

    def _can_land(self, name: str, record: dict[str, Any]) -> bool:
        """Look at the fields that are new; those that the schema does not have are named in the log."""
        declared, names = self._schemas[name]["properties"], self._names[name]
        others = [field for field in record if field not in declared and not names.covers([field])]
        try:
            self._take_names(name, record)
        except WorkerError as error:
            self._outbox.log(error.message, "ERROR")
            self._failure = self._failure or error
            return False
        if others:
            listed = ", ".join(map(shown, others))
            self._outbox.log(f"{name}: fields that are not in the schema do not land: {listed}", "WARN")
        return True

    def _saved_states(self) -> list[dict[str, Any]]:
        return [
            {
                "type": "STREAM",
                "stream": {
                    "stream_descriptor": {"name": stream.name},
                    "stream_state": self._states[stream.name],
                },
            }
            for stream in self._order.streams
            if stream.incremental and self._states[stream.name]
        ]

    def _run(self, command: str, *arguments: str) -> Iterator[dict[str, Any]]:
        """The messages of one connector call. Raises WorkerError when it fails."""
        self._failure = None
        executable = Path(self._order.connectors_bin) / "source-declarative-manifest"
        if not executable.exists():
            raise WorkerError(f"{executable} is missing: set up the connectors environment", "system_error")
        config = self._write("config.json", self._order.source)
        manifest = self._write("manifest.json", self._order.manifest)
        call = [command, "--config", str(config), "--manifest-path", str(manifest), *arguments]
        running = connector_of(executable).run(call, self._scratch / "connector-errors.txt")
        for line in running:
            self._outbox.beat()
            if line.startswith("{"):
                yield json.loads(line)
        if self._failure is not None:
            raise self._failure
        if running.code != 0:
            raise WorkerError(f"The connector ended with code {running.code}: {running.last_words()}")

    def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "RECORD":
                self._take_record(message["record"]["stream"], message["record"]["data"])
            case "STATE" if message["state"].get("type") == "STREAM":
                part = message["state"]["stream"]
                name = part["stream_descriptor"]["name"]
                self._states[name] = part.get("stream_state") or {}
                full = name in self._files and self._files[name].rows >= _FILE_ROWS
                if full and self._failure is None:
                    self._checkpoint(self._streams[name])
            case "LOG":
                self._take_log(message["log"]["message"], message["log"]["level"])
            case "TRACE" if message["trace"]["type"] == "ERROR":
                error = message["trace"]["error"]
                words = error.get("message") or "the connector failed"
                detail = str(error.get("internal_message") or "").strip()
                self._outbox.log(str(error.get("stack_trace") or detail), "ERROR")
                reason = f"{words} ({detail})" if detail and detail not in words else words
                if self._failure is None or not words.startswith(_SUMMARY):
                    self._failure = WorkerError(reason, error.get("failure_type") or "system_error")
            case _:
                pass

    def _take_log(self, words: str, level: str) -> None:
        self._outbox.log(words, level)
        if words.startswith(NOT_JSON):
            self._failure = WorkerError(
                f"{words}. The records it stands for are missing, so nothing after it counts",
                "transient_error",
            )

    def _take_record(self, name: str, record: dict[str, Any]) -> None:
        if not self._names[name].covers(record) and not self._can_land(name, record):
            return
        boundary = self._boundaries.get(name)
        if boundary is not None and not boundary.is_new(record):
            return
        batch = self._batches[name]
        batch.append(record)
        if len(batch) >= _BATCH_ROWS:
            self._flush(name)

    def _flush(self, name: str) -> None:
        batch = self._batches[name]
        if not batch:
            return
        if name not in self._files:
            self._files[name] = RecordFile(
                self._order.scratch_file(f"{name}.parquet"),
                self._schemas[name],
                compression_of(self._order.destination),
                self._order.job_id,
                self._order.generation_id,
                self._landing.started,
            )
        self._files[name].write(batch)
        batch.clear()

    def _checkpoint(self, stream: Stream) -> None:
        """Store what came since the last checkpoint, then save the newest state."""
        self._flush(stream.name)
        file = self._files.pop(stream.name, None)
        if file is not None:
            file.close()
            self._tell_nulled(stream.name, file)
        kept = self._landing.store(stream.name, [file.file] if file is not None else [])
        state: dict[str, Any] = {"connector": self._states[stream.name]}
        if (boundary := self._boundaries.get(stream.name)) is not None:
            state = {"connector": self._within_horizon(stream, boundary), "boundary": boundary.to_save()}
        self._outbox.state(stream.name, state, kept.rows, kept.bytes, kept.keys)
        self._outbox.log(f"{stream.name}: {kept.rows} rows, {kept.bytes} bytes")

    def _within_horizon(self, stream: Stream, boundary: Boundary) -> dict[str, Any]:
        """The connector's state, without a cursor that nothing newer would ever pass."""
        state = self._states[stream.name]
        if not boundary.beyond:
            return state
        self._outbox.log(
            f"{stream.name}: {stream.cursor_field} is in the future in {boundary.beyond} records. They land,"
            " and do not move the cursor",
            "WARN",
        )
        if stream.cursor_field in state and boundary.greatest is not None:
            return state | {stream.cursor_field: boundary.greatest}
        # A state of several partitions: what they have read is read again, and copies are left out.
        earlier: dict[str, Any] = (stream.state or {}).get("connector", {})
        return earlier

    def _tell_nulled(self, name: str, file: RecordFile) -> None:
        for field, (count, first) in file.nulled.items():
            kind = self._schemas[name]["properties"][field].get("type")
            self._outbox.log(
                f"{name}: {count} values of {shown(field)} are not {kind} and landed as null; the first is"
                f" {str(first)[:40]!r}",
                "WARN",
            )

    def _write(self, name: str, content: Any) -> Path:
        path = self._scratch / name
        path.touch(mode=0o600)
        path.write_text(json.dumps(content), encoding="utf-8")
        return path
