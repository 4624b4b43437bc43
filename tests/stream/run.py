"""One run of the stream under faults: what the faults act on, and how they see what comes of it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Protocol, TypeVar

import psycopg
import psycopg2

from lakehouse.platform.errors import LakehouseError
from lakehouse.stream.ledger import Batch, BatchState, StreamLedger
from testing.lakehouse.stream_platform import StreamPlatform
from testing.waiting import wait_until
from tests.stream.live_shop import LiveShop
from tests.stream.source_changes import SourceChanges

T = TypeVar("T")
AWAY: Final = (LakehouseError, psycopg.Error, psycopg2.Error)
"""What asking a service raises while it is away."""
CAUGHT_UP_SECONDS: Final = 300
_STRIKE_SECONDS: Final = 60
_LOOK_SECONDS: Final = 0.01


class Stream(Protocol):
    """The stream as it is run: a process, or the DAG's task."""

    def keep(self) -> None:
        """Start it again if it has ended."""

    def has_ended(self) -> bool:
        """Has it ended by itself?"""

    def kill(self) -> None:
        """Kill -9."""

    def stop(self) -> None:
        """As an operator stops it."""

    def words(self) -> str:
        """The last words of its log."""


@dataclass
class StreamRun:
    """The platform, the stream and the live shop of one run."""

    platform: StreamPlatform
    stream: Stream
    live: LiveShop
    dice: random.Random
    source: SourceChanges
    edge: date
    """The first business date that the stream's numbers stand for; moved by a night."""
    kills: dict[str, int] = field(default_factory=dict)

    @property
    def ledger(self) -> StreamLedger:
        """The account of the micro-batches."""
        return StreamLedger(self.platform.postgres)

    def await_batch_in(self, state: BatchState) -> Batch:
        """The batch in flight, as soon as one is in the state: now is the time to strike.

        A state may last milliseconds: this looks a hundred times a second.
        """
        found: list[Batch] = []

        def is_there() -> bool:
            self.keep()
            batch = self._asked(self.ledger.in_flight)
            if batch is not None and batch.state is state:
                found.append(batch)
            return bool(found)

        wait_until(is_there, f"a batch is {state}", _STRIKE_SECONDS, _LOOK_SECONDS)
        return found[0]

    def killed(self, what: str) -> None:
        """Count what was killed."""
        self.kills[what] = self.kills.get(what, 0) + 1

    def keep(self) -> None:
        """What has ended by itself, or with its database, is started again."""
        self.stream.keep()
        self.live.keep()

    def await_merged(self, batch: Batch) -> float:
        """Until the batch is merged, whoever goes on with it; the seconds that it took."""
        began = time.monotonic()

        def is_merged() -> bool:
            self.keep()
            now = self._asked(lambda: self.ledger.batch(batch.id))
            return now is not None and now.state is BatchState.MERGED

        wait_until(is_merged, f"batch {batch.id} is merged", CAUGHT_UP_SECONDS, 0.2)
        return time.monotonic() - began

    def catch_up(self) -> float:
        """Until all that was committed at the source is merged; the seconds that it took.

        A tracer of its own makes sure that there is something to read.
        """
        began = time.monotonic()
        with self.platform.shop() as shop:
            shop.execute("insert into stream_tracer (note) values ('catch up')")
            row = shop.execute("select (pg_current_wal_lsn() - '0/0')::bigint").fetchone()
        assert row is not None
        position = int(row[0])

        def is_there() -> bool:
            self.keep()
            merged = self._asked(self.ledger.last_merged)
            return merged is not None and (merged.to_lsn or 0) >= position

        wait_until(is_there, f"all changes up to {position} are merged", CAUGHT_UP_SECONDS, 0.2)
        return time.monotonic() - began

    def await_end(self, words: str) -> None:
        """Until the stream has ended by itself and said so."""
        wait_until(self.stream.has_ended, f"the stream ends and says {words!r}", CAUGHT_UP_SECONDS, 0.2)
        said = self.stream.words()
        assert words in said, f"the stream did not say {words!r} but: {said[-2_000:]}"

    @staticmethod
    def _asked(question: Callable[[], T]) -> T | None:
        """The answer; None while the service is away."""
        try:
            return question()
        except AWAY:
            return None
