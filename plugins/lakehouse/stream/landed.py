"""Which landing objects of the stream's connection are new: each is claimed by exactly one batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from lakehouse.landing.footers import read_footer
from lakehouse.platform.errors import TransientError
from lakehouse.platform.lake_layout import (
    landing_folder,
    landing_key_floor,
    landing_key_moment,
    parse_landing_key,
)
from lakehouse.platform.storage import LakeObject, LakeStorage
from lakehouse.stream.ledger import Batch, ClaimedFile, StreamLedger
from lakehouse.stream.plan import SOURCE, STREAMS

OVERLAP: Final = timedelta(minutes=10)
"""How far before the newest claimed object a listing starts: by so much Airbyte's clock may be set back."""


class LandingNotWholeError(TransientError):
    """Airbyte says it committed more rows than its landing objects hold."""


class LandedFiles:
    """The landing objects of the stream's source."""

    def __init__(
        self,
        ledger: StreamLedger,
        storage: LakeStorage,
        source: str = SOURCE,
        streams: tuple[str, ...] = STREAMS,
    ) -> None:
        self._ledger = ledger
        self._storage = storage
        self._source = source
        self._streams = streams

    def claim(self, batch: Batch, committed: Mapping[str, int], everything: bool = False) -> Batch:
        """Give the batch every landing object that no batch has yet.

        An object is listed by a key that grows with its sync's start, so a listing starts shortly before the
        newest one that is claimed. If rows are missing then, all objects are listed.

        Args:
            batch: it is being synced, and its job has succeeded.
            committed: rows that Airbyte says the job committed, by stream.
            everything: list all objects at once.

        Raises:
            LandingNotWholeError: landing holds fewer rows of some stream than the job committed.
            LandingFileUnreadableError: an object is truncated or is not Parquet.
        """
        found = self._unclaimed(everything)
        if not everything and self._missing(found, batch, committed):
            found = self._unclaimed(True)
        if missing := self._missing(found, batch, committed):
            raise LandingNotWholeError(
                f"micro-batch {batch.id}: rows of Airbyte job {batch.job_id} are missing under "
                f"{landing_folder(self._source)}: {', '.join(missing)}; nothing was claimed, the batch waits"
            )
        return self._ledger.landed(batch, found)

    def _unclaimed(self, everything: bool) -> list[ClaimedFile]:
        found = []
        for stream in self._streams:
            after = "" if everything else self._floor(stream)
            listed = self._listed(stream, after)
            claimed = self._ledger.claimed_keys(stream, after)
            for item in listed:
                if item.key not in claimed:
                    footer = read_footer(self._storage, item.key)
                    job = int(footer.job_id) if footer.job_id else None
                    found.append(ClaimedFile(stream, item.key, footer.rows, item.size, job))
        return found

    def _listed(self, stream: str, after: str) -> Iterable[LakeObject]:
        return [
            item
            for item in self._storage.objects(landing_folder(self._source, stream), after)
            if parse_landing_key(item.key)
        ]

    def _floor(self, stream: str) -> str:
        newest = self._ledger.newest_claimed(stream)
        moment = landing_key_moment(newest) if newest else None
        return landing_key_floor(self._source, stream, moment - OVERLAP) if moment else ""

    def _missing(self, found: Iterable[ClaimedFile], batch: Batch, committed: Mapping[str, int]) -> list[str]:
        landed: defaultdict[str, int] = defaultdict(int)
        files = list(found)
        # An object of this sync may hold nothing but rows that are delivered again, with an earlier job's id.
        own = {landing_key_moment(file.key) for file in files if file.job_id in (batch.job_id, None)}
        for file in files:
            if landing_key_moment(file.key) in own:
                landed[file.stream] += file.rows
        return [
            f"{stream} ({rows} committed, {landed[stream]} landed)"
            for stream, rows in sorted(committed.items())
            if landed[stream] < rows
        ]
