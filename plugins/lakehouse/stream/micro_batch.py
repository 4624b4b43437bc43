"""One micro-batch: sync, claim, bronze, merge. Each step is kept in the ledger, and goes on from there."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from typing import Protocol

from lakehouse.stream.bronze import StreamBronze
from lakehouse.stream.hops import Hop
from lakehouse.stream.hot import HotBatch
from lakehouse.stream.landed import LandedFiles
from lakehouse.stream.ledger import Batch, BatchState, StreamLedger, StreamLoad
from lakehouse.stream.sync import BatchSync

log = logging.getLogger(__name__)


class Hot(Protocol):
    """The tables that batches are merged into."""

    def create(self) -> object:
        """Create what is missing."""

    def merge(self, batch: HotBatch, /) -> object:
        """Bring the batch's rows in; doing so again changes nothing."""


class Mark(Protocol):
    """Told when a batch has reached a hop."""

    def __call__(self, batch: Batch, hop: Hop, at: datetime) -> object: ...


class MicroBatches:
    """Runs batches, one at a time, under the stream's lock.

    Args:
        ledger: how far each batch is.
        sync: runs the connection.
        landed: claims landing objects.
        bronze: checks and stores the rows.
        hot: merges them.
        mark: told of each hop, by the platform database's clock.
        position: where the source's log ends now; None if it cannot tell.
    """

    def __init__(
        self,
        ledger: StreamLedger,
        sync: BatchSync,
        landed: LandedFiles,
        bronze: StreamBronze,
        hot: Hot,
        mark: Mark,
        position: Callable[[], int | None],
    ) -> None:
        self._ledger = ledger
        self._sync = sync
        self._landed = landed
        self._bronze = bronze
        self._hot = hot
        self._mark = mark
        self._position = position
        self._is_prepared = False

    def run(self, run_id: str) -> Batch:
        """Finish the batch in flight, or do a new one; the merged batch.

        Raises:
            LakehouseError: of a step; the ledger says where the next call goes on.
        """
        batch = self._ledger.in_flight() or self._ledger.begin(run_id, self._position())
        steps = {
            BatchState.SYNCING: self._land,
            BatchState.LANDED: self._load,
            BatchState.BRONZE: self._merge,
        }
        if not self._is_prepared:
            self._hot.create()
            self._is_prepared = True
        while batch.state is not BatchState.MERGED:
            batch = steps[batch.state](batch)
        return batch

    def _land(self, batch: Batch) -> Batch:
        synced = self._sync.run(batch)
        # Also if it committed nothing: a sync that failed, or a refresh by hand, may have landed something.
        landed = self._landed.claim(synced.batch, synced.committed)
        self._told(landed, Hop.LANDING, landed.landed_at)
        return landed

    def _load(self, batch: Batch) -> Batch:
        loaded = self._bronze.load(batch)
        self._told(loaded, Hop.BRONZE, loaded.bronze_at)
        return loaded

    def _merge(self, batch: Batch) -> Batch:
        loads = self._ledger.loads(batch)
        for load in loads:
            self._hot.merge(_hot_batch(batch, load))
        merged = self._ledger.merged(batch)
        self._told(merged, Hop.HOT, merged.merged_at)
        if merged.rows_landed:
            log.info("%s", _line(merged, loads))
        return merged

    def _told(self, batch: Batch, hop: Hop, at: datetime | None) -> None:
        if batch.rows_landed and at is not None:
            self._mark(batch, hop, at)


def _hot_batch(batch: Batch, load: StreamLoad) -> HotBatch:
    return HotBatch(
        stream=load.stream,
        batch_id=batch.id,
        keys=(load.s3_key,) if load.s3_key else (),
        rows=load.rows_loaded,
        truncated_at=load.truncated_at_lsn,
    )


def _line(batch: Batch, loads: list[StreamLoad]) -> str:
    """What a batch did, on one line of the log."""
    rows = ", ".join(
        f"{load.stream} {load.rows_loaded}"
        + (f" (+{load.rows_quarantined} quarantined)" if load.rows_quarantined else "")
        for load in loads
    )
    moments = [batch.started_at, batch.landed_at, batch.bronze_at, batch.merged_at]
    seconds = [
        f"{(after - before).total_seconds():.1f}"
        for before, after in pairwise(moments)
        if before is not None and after is not None
    ]
    return f"batch {batch.id}: {rows}; sync {seconds[0]}, bronze {seconds[1]}, merge {seconds[2]} s"
