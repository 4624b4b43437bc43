"""The lines a worker and the server exchange: one JSON document per line.

The server writes one `Order` to the worker's stdin and keeps it open: its end tells the worker that the
server is gone. The worker writes the messages below to stdout, named like the Airbyte protocol's.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict, dataclass
from typing import Any, TextIO


@dataclass(frozen=True)
class Stream:
    """One stream of the connection, and where it stands."""

    name: str
    incremental: bool
    cursor_field: str | None
    primary_key: list[str]
    state: dict[str, Any] | None


@dataclass(frozen=True)
class Order:
    """Everything one attempt needs to know."""

    job_id: int
    attempt: int
    connector: str
    source: dict[str, Any]
    manifest: dict[str, Any] | None
    destination: dict[str, Any]
    namespace: str
    prefix: str
    generation_id: int
    streams: list[Stream]
    orphans: list[str]
    """Keys that an earlier attempt may have left without a state: deleted before this one begins."""
    scratch: str
    catalogs: str
    """Folder in which a declarative source's catalogue is kept between syncs."""
    connectors_bin: str
    threads: int
    memory_mb: int

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Order:
        fields = json.loads(text)
        fields["streams"] = [Stream(**stream) for stream in fields["streams"]]
        return cls(**fields)


class WorkerError(Exception):
    """A sync cannot go on.

    `config_error` failures do not go away by trying again (wrong password, missing table): the job fails at
    once. `transient_error` and `system_error` ones may: the job is tried again.
    """

    def __init__(self, message: str, failure_type: str = "system_error", origin: str = "source") -> None:
        super().__init__(message)
        self.message = message
        self.failure_type = failure_type
        self.origin = origin


class Outbox:
    """The worker's stdout; safe to use from several threads."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()

    def log(self, message: str, level: str = "INFO") -> None:
        self._send({"type": "LOG", "level": level, "message": message})

    def file(self, stream: str, key: str) -> None:
        """Say which key is about to be stored."""
        self._send({"type": "FILE", "stream": stream, "key": key})

    def state(self, stream: str, state: dict[str, Any], rows: int, size: int, keys: list[str]) -> None:
        """Say that `rows` (in `size` bytes of files) are stored and that `state` continues after them."""
        self._send(
            {"type": "STATE", "stream": stream, "state": state, "rows": rows, "bytes": size, "keys": keys}
        )

    def failure(self, error: WorkerError) -> None:
        self._send(
            {
                "type": "FAILURE",
                "failureType": error.failure_type,
                "failureOrigin": error.origin,
                "externalMessage": error.message,
            }
        )

    def complete(self) -> None:
        """The last message of a successful attempt; a worker that ends without it has failed."""
        self._send({"type": "COMPLETE"})

    def _send(self, message: dict[str, Any]) -> None:
        line = json.dumps(message, default=str)
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()
