"""A shipper whose sinks are in memory, over files of a folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any

from lakehouse.observe.facts.redaction import Redactor
from lakehouse.observe.logs.batch import Batch, Batches
from lakehouse.observe.logs.cursors import Cursors
from lakehouse.observe.logs.files import LogFiles
from lakehouse.observe.logs.shipping import Shipping
from lakehouse.observe.logs.sinks import Refused, SinkAwayError
from lakehouse.observe.logs.sources import Source


class FakeSink:
    """Keeps documents by id; away, refusing or dying when told so."""

    patience_seconds = 0.0

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self.documents: dict[str, dict[str, Any]] = {}
        self.batches: list[tuple[str, bytes]] = []
        self.away = False
        self.dies_after_storing = False
        self.refuses: set[str] = set()

    def send(self, batches: Sequence[Batch]) -> list[Refused]:
        if self.away:
            raise SinkAwayError("no answer")
        refused = []
        for batch in batches:
            lines = [document.whole() for document in batch.documents]
            self.batches.append((batch.name, b"\n".join(lines)))
            for document, line in zip(batch.documents, lines, strict=True):
                if any(word in document.message for word in self.refuses):
                    refused.append(Refused(document.id, "mapper_parsing_exception", line))
                else:
                    self.documents[document.id] = json.loads(line)
        if self.dies_after_storing:
            raise KeyboardInterrupt
        return refused

    @property
    def messages(self) -> list[str]:
        return [entry["message"] for entry in self.documents.values()]


class NoRuns:
    """Nothing is known of any run, and nothing is awaited."""

    def of(self, path: Mapping[str, Any]) -> dict[str, Any]:
        return {}

    def is_expected(self, path: Mapping[str, Any]) -> bool:
        return False


class FakeShipper:
    """Reads `*.log*` of a folder; `restart` forgets all but what is on disk."""

    def __init__(
        self, folder: Path, *sinks: FakeSink, secrets: Sequence[str] = (), service: str = "dremio"
    ) -> None:
        self.logs = folder / "logs"
        self.logs.mkdir(exist_ok=True)
        self._state = folder / "cursors.sqlite"
        self._source = Source(service, self.logs, "**/*.log*", UTC)
        self._secrets = secrets
        self.sinks = sinks
        self._open()

    def _open(self) -> None:
        self.cursors = Cursors(self._state)
        self.files = LogFiles([self._source], self.cursors, [sink.name for sink in self.sinks])
        batches = Batches(Redactor(self._secrets), NoRuns())
        self.shippings = [Shipping(sink, self.files.all, batches, self.cursors) for sink in self.sinks]

    def restart(self) -> None:
        self.cursors.close()
        self._open()

    def round(self) -> None:
        """Look, and send what is there."""
        self.files.scan()
        for shipping in self.shippings:
            while shipping.once():
                pass

    def settle(self, seconds: float = 120.0) -> None:
        """Let the files look as if nothing had been added for so long."""
        for file in self.files.all():
            file.changed_at -= seconds

    def round_when_settled(self) -> None:
        self.files.scan()
        self.settle()
        for shipping in self.shippings:
            while shipping.once():
                pass

    def write(self, text: str | bytes, name: str = "engine.log") -> Path:
        """Add to a file."""
        path = self.logs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(text.encode() if isinstance(text, str) else text)
        later = path.stat().st_mtime_ns + 1_000_000
        os.utime(path, ns=(later, later))
        return path


def line(number: int, message: str = "read batch") -> str:
    """A line of the engine's log."""
    moment = f"2026-11-29 02:{number // 60 % 60:02}:{number % 60:02},{number % 1000:03}"
    return f"{moment} INFO engine {message} {number}\n"
