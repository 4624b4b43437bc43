"""A statement's rows on their way to a client: kept for paging, or streamed in bounded memory."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

import pyarrow as pa

from dremio_engine.errors import EngineError
from dremio_engine.lake.cursors import Cancelled

LOOK_SECONDS = 0.1
# Below it a result is sent when it is whole: it can be sent again then, and its size is known beforehand.
READABLE_BYTES = 4 << 20
# Below it a batch is copied into buffers of its own size; above it what was reserved hardly counts.
COMPACTED_BELOW_BYTES = 1 << 20


def compacted(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The same rows without what DuckDB reserves for more of them.

    Its buffers have room for thousands of rows, and a string's for as many strings: three rows of ten columns
    hold 800 KiB, of which `nbytes` knows 200 bytes. A night leaves hundreds of such results to be read.
    """
    if batch.nbytes >= COMPACTED_BELOW_BYTES:
        return batch
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return pa.ipc.open_stream(sink.getvalue()).read_next_batch()


class RowsGone(EngineError):
    """The rows were handed out or given up: the statement must run again."""


class HeldBytes:
    """What the rows of all jobs together may take: one statement's limit does not bound sixteen of them."""

    def __init__(self, limit: int, make_room: Callable[[int], None] = lambda needed: None) -> None:
        self._limit, self._make_room = limit, make_room
        self._lock = threading.Lock()
        self._taken = 0

    def take(self, count: int) -> None:
        """Take bytes, those of old results if need be. Raises EngineError when there are none left."""
        if not self._try(count):
            self._make_room(count)
            if not self._try(count):
                raise EngineError(
                    f"RESOURCE ERROR: the rows kept for clients fill {self._limit / 2**20:,.0f} MiB; try"
                    " again when others have read theirs, or select less."
                )

    def give(self, count: int) -> None:
        """Give bytes back."""
        with self._lock:
            self._taken -= count

    def _try(self, count: int) -> bool:
        with self._lock:
            if self._taken + count > self._limit:
                return False
            self._taken += count
            return True


class Rows:
    """Between the thread that runs a statement and those that read its rows.

    Rows that fit are kept, and may be read by anyone as often as they like. Of those that do not, a kept
    result is an error, while a streamed one goes batch by batch to its first reader and to nobody else:
    the statement waits for the reader, so that never more than `limit` bytes are held.
    """

    def __init__(
        self,
        limit: int,
        streamed: bool = False,
        unread_seconds: float = 60.0,
        memory: HeldBytes | None = None,
    ) -> None:
        self._limit, self._streamed, self._unread_seconds = limit, streamed, unread_seconds
        self._memory = memory or HeldBytes(limit + (1 << 30))
        self._changed = threading.Condition()
        self._batches: deque[pa.RecordBatch] = deque()
        self._claimed = False
        self._given_up = False
        self._whole = True
        self._ended = False
        self._error: str | None = None
        self._cancelled: Callable[[], bool] = lambda: False
        self._full = False
        self.schema: pa.Schema | None = None
        self.held_bytes = 0
        self.total_bytes = 0
        self.total_rows = 0

    # -- the statement's side ------------------------------------------------------------------------

    def begin(self, schema: pa.Schema, cancelled: Callable[[], bool]) -> None:
        """The rows' schema; `cancelled` says when waiting for a reader has become pointless."""
        with self._changed:
            self.schema, self._cancelled = schema, cancelled
            self._changed.notify_all()

    def add(self, batch: pa.RecordBatch) -> None:
        """One batch more. Raises EngineError when a kept result gets too large, Cancelled."""
        with self._changed:
            if self._given_up:
                raise Cancelled
            if self.held_bytes + batch.nbytes > self._limit and self.held_bytes:
                self._make_room(batch.nbytes)
            elif batch.nbytes > self._limit and not self._streamed:
                raise self._too_large()
            self._memory.take(batch.nbytes)
            self._batches.append(batch)
            self.held_bytes += batch.nbytes
            self.total_bytes += batch.nbytes
            self.total_rows += batch.num_rows
            self._changed.notify_all()

    def end(self, error: str | None = None) -> None:
        """No further batch comes."""
        with self._changed:
            self._ended, self._error = True, error
            if error is not None:
                self._drop()
            self._changed.notify_all()

    def _make_room(self, needed: int) -> None:
        if not self._streamed:
            raise self._too_large()
        self._full = True
        self._changed.notify_all()
        held, since = self.held_bytes, time.monotonic()
        while self.held_bytes and self.held_bytes + needed > self._limit:
            self._changed.wait(LOOK_SECONDS)
            if self.held_bytes != held:
                held, since = self.held_bytes, time.monotonic()
            if self._cancelled() or self._given_up:
                raise Cancelled
            if time.monotonic() - since > self._unread_seconds:
                raise RowsGone(
                    f"The rows were not read for {self._unread_seconds:.0f} s; run the statement again."
                )

    def _too_large(self) -> EngineError:
        return EngineError(
            f"The result is larger than {self._limit / 2**20:,.0f} MiB: select less of it,"
            " or CREATE TABLE .. AS the query."
        )

    # -- the readers' side ---------------------------------------------------------------------------

    def wait_readable(self, timeout: float) -> bool:
        """Whether the rows have ended, or so many are here that reading may begin beside the statement."""
        with self._changed:
            return self._changed.wait_for(
                lambda: self._ended or self._full or self.total_bytes >= READABLE_BYTES, timeout
            )

    @property
    def ended(self) -> bool:
        """No further batch comes."""
        return self._ended

    def table(self) -> pa.Table | None:
        """All rows, when they have ended and are still here."""
        with self._changed:
            if not self._ended or not self._whole or self.schema is None or self._error is not None:
                return None
            return pa.Table.from_batches(list(self._batches), self.schema)

    def stream(self) -> Iterator[pa.RecordBatch]:
        """The rows of a statement that may still run, once. Raises RowsGone for a second reader."""
        with self._changed:
            if not self._whole or self._claimed:
                raise RowsGone("The rows of this ticket were read already; run the statement again.")
            self._claimed = True
        return self._take()

    def _take(self) -> Iterator[pa.RecordBatch]:
        try:
            while (batch := self._next()) is not None:
                yield batch
        finally:
            self.drop()

    def _next(self) -> pa.RecordBatch | None:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._batches) or self._ended)
            if self._error is not None:
                raise EngineError(self._error)
            if not self._batches:
                return None
            self._whole = False
            batch = self._batches.popleft()
            self.held_bytes -= batch.nbytes
            self._memory.give(batch.nbytes)
            self._changed.notify_all()
            return batch

    def drop(self) -> None:
        """Give the memory back; what is not read yet is gone, and a statement that still runs ends."""
        with self._changed:
            self._given_up = True
            self._drop()
            self._changed.notify_all()

    def _drop(self) -> None:
        self._batches.clear()
        self._memory.give(self.held_bytes)
        self.held_bytes = 0
        self._whole = False
