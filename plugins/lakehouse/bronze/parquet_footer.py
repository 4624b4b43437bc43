"""What a landing object's Parquet footer says, without reading its rows."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from lakehouse.errors import PermanentError
from lakehouse.lake_storage import LakeStorage

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


def read_row_count(storage: LakeStorage, key: str) -> int:
    """The rows of a landing object, from its footer.

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
    return int(metadata.num_rows)
