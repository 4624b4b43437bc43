"""APIs that a test plays, and syncs of them by Airbyte's own connector, without a store."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pyarrow.parquet as pq
import pytest

from airbyte_engine.worker.declarative import DeclarativeSource
from airbyte_engine.worker.landing import Stored
from airbyte_engine.worker.protocol import Order, Outbox, Stream
from testing.repository import ROOT

CONNECTORS = ROOT / ".local" / "envs" / "connectors" / "bin"
NEEDS_CONNECTORS = pytest.mark.skipif(
    not (CONNECTORS / "source-declarative-manifest").exists(),
    reason=f"{CONNECTORS} has no source-declarative-manifest: run `make setup` in the repository",
)

Answer = str | dict[str, Any]
Api = Callable[[dict[str, str], int], Answer]
"""Answers to the parameters of a request and its number."""
PARAMETER = {"type": "RequestOption", "inject_into": "request_parameter"}
OFFSETS = {"type": "OffsetIncrement", "page_size": 5}
NUMBERS = {"type": "PageIncrement", "page_size": 5, "start_from_page": 1}
LINKS = {"type": "CursorPagination", "page_size": 5, "cursor_value": "{{ response.get('next') }}"}
LINKS["stop_condition"] = "{{ not response.get('next') }}"
MOST_REQUESTS = 100
"""Of one stream."""


@dataclass
class Kept:
    """What a source hands to the landing."""

    started: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def store(self, stream: str, files: Sequence[Path]) -> Stored:
        rows = [row for file in files for row in pq.read_table(file).to_pylist()]
        self.rows.setdefault(stream, []).extend(rows)
        return Stored([], 1, len(rows))


@contextmanager
def served(apis: Mapping[str, Api]) -> Iterator[str]:
    """The address of a server that has an API for each stream."""
    requests: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            url = urlsplit(self.path)
            stream = unquote(url.path).removeprefix("/")
            given = apis[stream](dict(parse_qsl(url.query)), requests[stream])
            requests[stream] += 1
            body = (given if isinstance(given, str) else json.dumps(given)).encode()
            self.send_response(200 if requests[stream] <= MOST_REQUESTS else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Case:
    """A stream of the manifest, and the API that it reads."""

    api: Api
    paging: dict[str, Any] | None = None
    fields: dict[str, Any] = field(default_factory=lambda: {"id": {"type": "integer"}})
    key: list[str] = field(default_factory=lambda: ["id"])
    parameters: dict[str, Any] = field(default_factory=dict)
    cursor: dict[str, Any] | None = None
    partitions: Sequence[str] = ()
    """Sent as the parameter `part`; they are read at the same time."""

    def declared(self, name: str, address: str) -> dict[str, Any]:
        retriever: dict[str, Any] = {
            "type": "SimpleRetriever",
            "requester": {"type": "HttpRequester", "url_base": address, "path": quote(name, safe="")},
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": ["data"]},
            },
        }
        if self.paging:
            place = {"OffsetIncrement": "offset", "PageIncrement": "page"}.get(self.paging["type"], "after")
            retriever["paginator"] = {
                "type": "DefaultPaginator",
                "page_size_option": PARAMETER | {"field_name": "limit"},
                "page_token_option": PARAMETER | {"field_name": place},
                "pagination_strategy": self.paging,
            }
        if self.partitions:
            retriever["partition_router"] = {
                "type": "ListPartitionRouter",
                "values": self.partitions,
                "cursor_field": "part",
                "request_option": PARAMETER | {"field_name": "part"},
            }
        stream = {
            "type": "DeclarativeStream",
            "name": name,
            "primary_key": self.key,
            "retriever": retriever,
            "schema_loader": {
                "type": "InlineSchemaLoader",
                "schema": {"type": "object", "properties": self.fields},
            },
            "$parameters": self.parameters,
        }
        return stream | ({"incremental_sync": self.cursor} if self.cursor else {})


@dataclass
class Rest:
    """A connection to an API, and syncs of it one after the other."""

    scratch: Path
    states: dict[str, Any] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    landed: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """The last sync's rows, by stream."""

    def sync(self, cases: Mapping[str, Case]) -> dict[str, list[dict[str, Any]]]:
        """The rows that landed, by stream."""
        kept, messages = Kept(), io.StringIO()
        with served({name: case.api for name, case in cases.items()}) as address:
            manifest = {
                "version": "7.0.0",
                "type": "DeclarativeSource",
                "check": {"type": "CheckStream", "stream_names": list(cases)},
                "streams": [case.declared(name, address) for name, case in cases.items()],
                "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}},
            }
            streams = []
            for name, case in cases.items():
                cursor = case.cursor["cursor_field"] if case.cursor else None
                streams.append(Stream(name, bool(cursor), cursor, case.key, self.states.get(name)))
            order = Order(
                connector="declarative", job_id=7, attempt=1, source={}, manifest=manifest, destination={},
                streams=streams, shared_state=None, orphans=[], namespace="", prefix="", generation_id=1,
                scratch=str(self.scratch), catalogs=str(self.scratch / "catalogs"),
                connectors_bin=str(CONNECTORS), threads=1, memory_mb=1,
            )  # fmt: skip
            try:
                DeclarativeSource(order, Outbox(messages), kept).read()  # type: ignore[arg-type]
            finally:
                told = [json.loads(line) for line in messages.getvalue().splitlines()]
                self.landed = kept.rows
                self.log = [f"{one['level']} {one['message']}" for one in told if one["type"] == "LOG"]
        self.states = {one["stream"]: one["state"] for one in told if one["type"] == "STATE"}
        return kept.rows

    def errors(self) -> list[str]:
        """The last sync's."""
        return [line for line in self.log if line.startswith("ERROR")]
