"""Sends what is read to one sink, at the sink's own pace: a sink that is away keeps nobody waiting."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from lakehouse.observe.logs.batch import BATCH_BYTES, Batch, Batches
from lakehouse.observe.logs.cursors import Cursors, Progress
from lakehouse.observe.logs.files import LogFile, waiting
from lakehouse.observe.logs.sinks import Refused, Sink, SinkAwayError

log = logging.getLogger(__name__)

ROUND_BYTES: Final = BATCH_BYTES
"""Of the files, sent in one go."""
AT_ONCE_BYTES: Final = 8 * ROUND_BYTES
"""So much of one file is not waited with, however patient a sink is."""
SHORTEST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 30.0
IDLE_SECONDS: Final = 0.5


class Shipping:
    """One sink, and what it is yet to get of the files."""

    def __init__(
        self, sink: Sink, files: Callable[[], Iterable[LogFile]], batches: Batches, cursors: Cursors
    ) -> None:
        self.sink = sink
        self._files = files
        self._batches = batches
        self._cursors = cursors
        self._pause = SHORTEST_PAUSE_SECONDS
        self.away_since: datetime | None = None
        self.last_words = ""
        """Why the sink did not take the last round; empty when it did."""

    def run(self, stop: threading.Event) -> None:
        """Until told to stop; a round that is under way is ended first."""
        while not stop.is_set():
            try:
                sent = self.once()
            except SinkAwayError as error:
                self._is_away(str(error))
                stop.wait(self._pause)
                self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
                continue
            except Exception:
                log.exception("%s: a round failed", self.sink.name)
                stop.wait(LONGEST_PAUSE_SECONDS)
                continue
            if not sent:
                stop.wait(IDLE_SECONDS)

    def once(self, *, flush: bool = False) -> int:
        """Send one round; the number of documents. 0 when nothing was due.

        Args:
            flush: also what would still wait for its batch to grow.

        Raises:
            SinkAwayError: the sink did not take it; the next round is the same.
        """
        batches = self._due(flush)
        if not batches:
            return 0
        refused = self.sink.send(batches)
        documents = sum(len(batch.documents) for batch in batches)
        if refused:
            self._keep(refused)
        counts = {f"{self.sink.name}.documents": documents - len(refused)}
        for batch in batches:
            for document in batch.documents:
                name = f"{self.sink.name}.documents.{document.service}"
                counts[name] = counts.get(name, 0) + 1
            batch.file.waiting_since.pop(self.sink.name, None)
        self._cursors.keep(
            self.sink.name,
            [(batch.file.key, batch.progress.sent(batch.carried)) for batch in batches],
            counts,
        )
        self._is_back()
        return max(documents, 1)  # blank lines are progress too

    def _due(self, flush: bool) -> list[Batch]:
        due: list[tuple[LogFile, Progress]] = []
        fixed: list[tuple[str, Progress]] = []
        size = 0
        for file in waiting(self._files(), self._cursors, self.sink.name):
            progress = self._cursors.progress(file.key, self.sink.name)
            try:
                if progress.pending_end is None:
                    if not flush and not self._is_due(file, progress):
                        continue
                    end = self._batches.end_of_next(file, progress, await_date=not flush)
                    if end is None:
                        continue
                    progress = progress.sending(end, datetime.now(UTC))
                    fixed.append((file.key, progress))
            except OSError as error:
                log.warning("%s cannot be read: %s", file.path, error)
                continue
            due.append((file, progress))
            size += (progress.pending_end or 0) - progress.position
            if size >= ROUND_BYTES:
                break
        if fixed:  # on disk before anything is sent
            self._cursors.keep(self.sink.name, fixed)
        return [batch for file, progress in due if (batch := self._read(file, progress))]

    def _is_due(self, file: LogFile, progress: Progress) -> bool:
        if file.size - progress.position >= AT_ONCE_BYTES:
            return True
        return time.monotonic() - file.waiting_since[self.sink.name] >= self.sink.patience_seconds

    def _read(self, file: LogFile, progress: Progress) -> Batch | None:
        try:
            return self._batches.read(file, progress)
        except OSError as error:
            log.warning("%s cannot be read: %s", file.path, error)
            return None

    def _keep(self, refused: list[Refused]) -> None:
        first = refused[0]
        log.error(
            "%s refuses %d lines for good, kept as dead letters: %s",
            self.sink.name,
            len(refused),
            first.reason,
        )
        self._cursors.keep_dead_letters(
            self.sink.name, [(each.id, each.reason, each.body) for each in refused]
        )

    def _is_away(self, words: str) -> None:
        self.last_words = words
        if self.away_since is None:
            self.away_since = datetime.now(UTC)
            log.warning("%s is away, and is asked again until it is back: %s", self.sink.name, words)

    def _is_back(self) -> None:
        self._pause = SHORTEST_PAUSE_SECONDS
        if self.away_since is not None:
            log.warning(
                "%s is back; it was away since %s", self.sink.name, self.away_since.isoformat("T", "seconds")
            )
        self.away_since, self.last_words = None, ""
