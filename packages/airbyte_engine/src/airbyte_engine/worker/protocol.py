"""The lines a worker and the server exchange: one JSON document per line.

The server writes one `Order` to the worker's stdin and keeps it open: its end tells the worker that the
server is gone. The worker writes the messages below to stdout, named like the Airbyte protocol's. After every
STATE and CHECKPOINT that is committed, and only then, the server writes a line of its own: the worker may let
go of what the source kept for it (`Outbox.wait_until_committed`).
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO
from urllib.parse import quote


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
    shared_state: dict[str, Any] | None
    """What all streams of a CDC connection have in common; None before its first sync."""
    orphans: list[str]
    """Keys that an earlier attempt may have left without a state: deleted before this one begins."""
    scratch: str
    catalogs: str
    """Folder in which a declarative source's catalog is kept between syncs."""
    connectors_bin: str
    threads: int
    memory_mb: int
    patience_seconds: float = 1800
    """With nothing moving for so long the attempt fails."""
    redelivery: bool = False
    """For tests: deliver rows more than once and out of order (see redelivery.py)."""

    def scratch_file(self, name: str) -> Path:
        """A file of this attempt; the name may be a stream's, with whatever characters that has."""
        return Path(self.scratch) / quote(name, safe="")

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


@dataclass(frozen=True)
class Part:
    """What a checkpoint stores of one stream, and the state that continues after it."""

    stream: str
    state: dict[str, Any]
    rows: int = 0
    bytes: int = 0
    keys: list[str] = field(default_factory=list)


class Outbox:
    """The worker's stdout; safe to use from several threads."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._lock = threading.Lock()
        self.pulse = 0
        """Grows with every sign of life."""
        self._unconfirmed = 0
        self._confirmed = threading.Semaphore(0)

    def beat(self) -> None:
        """Something moves."""
        self.pulse += 1

    def confirm(self) -> None:
        """The server has committed one more STATE or CHECKPOINT."""
        self._confirmed.release()

    def wait_until_committed(self) -> None:
        """Until the server has committed everything that was said to be stored. A server that dies meanwhile
        takes this process along, so there is no time limit.
        """
        while self._unconfirmed:
            self._confirmed.acquire()
            self._unconfirmed -= 1

    def log(self, message: str, level: str = "INFO") -> None:
        self._send({"type": "LOG", "level": level, "message": message})

    def file(self, stream: str, key: str) -> None:
        """Say which key is about to be stored."""
        self._send({"type": "FILE", "stream": stream, "key": key})

    def state(self, stream: str, state: dict[str, Any], rows: int, size: int, keys: list[str]) -> None:
        """Say that `rows` (in `size` bytes of files) are stored and that `state` continues after them."""
        self._unconfirmed += 1
        self._send(
            {"type": "STATE", "stream": stream, "state": state, "rows": rows, "bytes": size, "keys": keys}
        )

    def checkpoint(self, shared_state: dict[str, Any], parts: list[Part], active: list[str]) -> None:
        """Say that the parts of several streams are stored: they and the shared state become true together.

        States of streams that are not among `active` are forgotten: a stream that leaves a CDC connection
        and comes back starts again, for the log went on without it.
        """
        self._unconfirmed += 1
        self._send(
            {
                "type": "CHECKPOINT",
                "sharedState": shared_state,
                "parts": [asdict(part) for part in parts],
                "active": active,
            }
        )

    def replication(self, slot: dict[str, Any]) -> None:
        """Say how far the source's replication slot is behind."""
        self._send({"type": "REPLICATION", "slot": slot})

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
        self.beat()
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()
