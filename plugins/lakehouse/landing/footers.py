"""What a landing object's Parquet footer says, without reading its rows."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.landing.columns import SYNC_LEAF
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.storage import LakeStorage

_MAGIC = b"PAR1"
_TRAILER = 8  # the footer's length (4 bytes, little endian), then the magic
_FIRST_READ = 64 * 1024  # holds the footer of nearly every file Airbyte writes


class LandingFileUnreadableError(PermanentError):
    """A landing object is truncated or is not Parquet."""

    def __init__(self, key: str, why: str) -> None:
        super().__init__(
            f"landing object {key} is unreadable ({why}): restore it from the store's backup, or delete it "
            "and run the extract stage of this date again with force_sync after resetting the stream"
        )


@dataclass(frozen=True)
class LandingFooter:
    """Rows of a landing object, and the Airbyte job that wrote them all; None if the footer does not say."""

    rows: int
    job_id: str | None


def read_footer(storage: LakeStorage, key: str) -> LandingFooter:
    """What the footer of a landing object says.

    Raises:
        LandingFileUnreadableError: the object is truncated or is not Parquet.
    """
    tail = storage.tail(key, _FIRST_READ)
    if len(tail) <= _TRAILER or tail[-4:] != _MAGIC:
        raise LandingFileUnreadableError(key, "it does not end as a Parquet file does")
    needed = int.from_bytes(tail[-_TRAILER:-4], "little") + _TRAILER
    if needed > len(tail):
        tail = storage.tail(key, needed)
    try:
        metadata = pq.read_metadata(io.BytesIO(tail))
    except pa.ArrowException as error:
        raise LandingFileUnreadableError(key, str(error)) from error
    return LandingFooter(int(metadata.num_rows), _job_of(metadata))


def _job_of(metadata: pq.FileMetaData) -> str | None:
    """The one value of `_airbyte_meta.sync_id`, which is the job's id, from the column's statistics."""
    seen: set[int] = set()
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        columns = [group.column(number) for number in range(group.num_columns)]
        statistics = next((each.statistics for each in columns if each.path_in_schema == SYNC_LEAF), None)
        if statistics is None or not statistics.has_min_max:
            return None
        seen |= {statistics.min, statistics.max}
    return str(seen.pop()) if len(seen) == 1 else None
