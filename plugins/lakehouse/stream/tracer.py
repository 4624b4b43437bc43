"""Tracers as they pass landing, bronze and the hot table: each is looked for in the data itself."""

from __future__ import annotations

import io
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import pyarrow.parquet as pq

from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql, render_sql
from lakehouse.stream.hops import Hop

log = logging.getLogger(__name__)

TRACER_STREAM: Final = "stream_tracer"
MOST_UNSEEN: Final = 1000
"""Tracers that are looked for in the hot table at a time."""
HOT_SECONDS: Final = 30.0
_COLUMNS: Final = ("tracer_id", "committed_at", "_ab_cdc_deleted_at")


class Identified(Protocol):
    """A micro-batch of the ledger."""

    @property
    def id(self) -> int: ...


class Objects(Protocol):
    """The lake: `LakeStorage` is one."""

    def get(self, key: str) -> bytes: ...


class Queries(Protocol):
    """Dremio: `DremioClient` is one."""

    def query(self, sql: str, timeout: float = 300.0) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class Seen:
    """A tracer found in the data; `committed_at` is by the source's clock, UTC without a zone."""

    tracer_id: int
    committed_at: datetime


class TracerMarks:
    """Notes when each tracer passed a hop.

    Measuring never stops the stream: a mark that fails is logged, and the next hop's makes it good.

    Args:
        postgres: the platform's database.
        lake: the bucket.
        dremio: where the hot tables are.
    """

    def __init__(
        self,
        postgres: PostgresConnections,
        lake: Objects,
        dremio: Queries,
    ) -> None:
        self._postgres = postgres
        self._lake = lake
        self._dremio = dremio

    def mark(self, batch: Identified, hop: str, at: datetime | None = None) -> int:
        """Note the batch's tracers at a hop that it has just passed; how many there were.

        Args:
            at: when, by the platform database's clock; None for now.
        """
        try:
            seen, withdrawn = self._look(batch, Hop(hop))
            if seen or withdrawn:
                self._note(batch, Hop(hop), at, seen, withdrawn)
        except Exception as error:  # noqa: BLE001  a batch does not fail because its lag cannot be measured
            log.warning("the lag of batch %s is not measured at %s: %s", batch.id, hop, error)
            return 0
        return len(seen)

    def _look(self, batch: Identified, hop: Hop) -> tuple[list[Seen], list[int]]:
        match hop:
            case Hop.LANDING:
                return _read(self._lake, self._keys(batch, "select_landed_tracer_files")), []
            case Hop.BRONZE:
                return _read(self._lake, self._keys(batch, "select_bronze_tracer_files")), []
            case Hop.HOT:
                return self._in_hot()
            case _:
                raise ValueError(f"{hop} is not a hop of a batch")

    def _keys(self, batch: Identified, statement: str) -> list[str]:
        with transaction(self._postgres) as cursor:
            values = {"batch_id": batch.id, "stream": TRACER_STREAM}
            cursor.execute(read_sql(f"postgres/stream/{statement}.sql"), values)
            return [key for (key,) in cursor.fetchall()]

    def _in_hot(self) -> tuple[list[Seen], list[int]]:
        """Which of those that the chart has not shown are in the hot table: there, and deleted there."""
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/stream/select_unseen_tracers.sql"), {"most": MOST_UNSEEN})
            waiting = [int(tracer_id) for tracer_id, is_hot in cursor.fetchall() if not is_hot]
        if not waiting:
            return [], []
        listed = ", ".join(map(str, waiting))
        statement = render_sql("dremio/stream/select_hot_tracers.sql", {"tracer_ids": listed})
        rows = self._dremio.query(statement, HOT_SECONDS)
        there = [
            Seen(int(row["tracer_id"]), _moment(row["committed_at"])) for row in rows if not row["is_deleted"]
        ]
        return there, [int(row["tracer_id"]) for row in rows if row["is_deleted"]]

    def _note(
        self, batch: Identified, hop: Hop, at: datetime | None, seen: list[Seen], withdrawn: list[int]
    ) -> None:
        values = {
            "batch_id": batch.id,
            "hop": str(hop),
            "at": at,
            "tracer_ids": [each.tracer_id for each in seen],
            "committed": [each.committed_at for each in seen],
        }
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/stream/forget_tracers_of_another_source.sql"), values)
            cursor.execute(read_sql("postgres/stream/mark_tracers.sql"), values)
            if withdrawn:
                gone = {"tracer_ids": withdrawn}
                cursor.execute(read_sql("postgres/stream/delete_withdrawn_tracers.sql"), gone)


@dataclass(frozen=True)
class Mark:
    """A batch has passed a hop."""

    batch: Identified
    hop: Hop
    at: datetime


class MarkQueue:
    """Marks that a batch does not wait for; they are made by whoever takes them, in order.

    Args:
        wake: tells whoever that is.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._marks: deque[Mark] = deque()
        self._wake = wake

    def mark(self, batch: Identified, hop: str, at: datetime) -> None:
        """Note later that the batch passed the hop at that time of the platform's database."""
        self._marks.append(Mark(batch, Hop(hop), at))
        self._wake()

    def take(self) -> Mark | None:
        """The oldest mark that is still to be made."""
        try:
            return self._marks.popleft()
        except IndexError:
            return None


def _read(lake: Objects, keys: Sequence[str]) -> list[Seen]:
    """The tracers of some Parquet files, each once; deletions and truncations are not among them."""
    found: dict[int, Seen] = {}
    for key in keys:
        file = pq.ParquetFile(io.BytesIO(lake.get(key)))
        columns = [name for name in _COLUMNS if name in file.schema_arrow.names]
        for row in file.read(columns=columns).to_pylist():
            if row["tracer_id"] is None or row.get("_ab_cdc_deleted_at") is not None:
                continue
            if row["committed_at"] is not None:
                number = int(row["tracer_id"])
                found[number] = Seen(number, _moment(row["committed_at"]))
    return list(found.values())


def _moment(value: Any) -> datetime:
    """A time of the source as it comes in a file or in an answer of Dremio's: UTC, without a zone."""
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
