"""Logs that no file holds: fetched over a service's interface, kept on disk until all sinks have them.

From there on they are files like any other. Each entry has an id of its own: fetching it twice is harmless.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from lakehouse.observe.logs.cursors import Cursors
from lakehouse.observe.logs.files import LogFile

log = logging.getLogger(__name__)

FOLDER: Final = "fetched"
LONGEST_PAUSE_SECONDS: Final = 300.0


class Fetcher(Protocol):
    """One interface that logs are fetched from."""

    @property
    def name(self) -> str:
        """By which it is known in messages, and its place is kept."""

    @property
    def every_seconds(self) -> float:
        """How long it pauses when it has fetched all."""

    def fetch(self) -> int:
        """Fetch what is new; the number of entries. Raises what the service's client raises."""


class Spool:
    """The folder of one service's fetched entries."""

    def __init__(self, folder: Path, service: str) -> None:
        self.folder = folder / FOLDER / service
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def holds(self, name: str) -> bool:
        """Is it fetched, and not yet in all sinks?"""
        return (self.folder / f"{name}.jsonl").exists()

    def write(self, name: str, entries: Iterable[Mapping[str, Any]]) -> None:
        """Store the entries so that a reader sees all of them or none."""
        part = self.folder / f".{name}.part"
        part.write_text("".join(json.dumps(entry, default=str) + "\n" for entry in entries), encoding="utf-8")
        part.chmod(0o600)
        part.replace(self.folder / f"{name}.jsonl")


def delete_sent(files: Iterable[LogFile], cursors: Cursors, sinks: Sequence[str]) -> None:
    """Delete what was fetched and is in all sinks."""
    for file in files:
        if file.path.parent.parent.name == FOLDER and all(
            cursors.progress(file.key, sink).position >= file.size for sink in sinks
        ):
            file.path.unlink(missing_ok=True)


def keep_fetching(fetcher: Fetcher, stop: threading.Event) -> None:
    """Until told to stop. A service that is away is asked again, less and less often, and told about once."""
    pause = fetcher.every_seconds
    said = ""
    while not stop.is_set():
        try:
            fetched = fetcher.fetch()
        except Exception as error:  # noqa: BLE001 - a service that is away, or answers nonsense, stops no other
            words = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
            if type(error).__name__ != said:
                log.warning("%s gives no logs: %s", fetcher.name, words)
            said = type(error).__name__
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        else:
            if said:
                log.warning("%s gives logs again", fetcher.name)
            said, pause = "", 0.0 if fetched else fetcher.every_seconds
        stop.wait(pause)
