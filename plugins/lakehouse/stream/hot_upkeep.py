"""Keeping the hot tables small: few files, few old versions, no rows that nothing shows any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from lakehouse.dremio.client import DremioClient
from lakehouse.platform.database import Lock, PostgresConnections, transaction
from lakehouse.platform.sql_files import quote_path, render_sql
from lakehouse.stream.edge_position import current_position
from lakehouse.stream.hot_layout import BUSINESS_DATE_OF, HotTable
from lakehouse.stream.plan import HOT_DAYS

COMPACT_FILES: Final = 8
"""Above so many data files a table is compacted. A merge writes something beside each file that has rows of
which it brings newer versions: with 25 files one takes five times as long as with one."""
COUNT_EVERY: Final = timedelta(minutes=5)
"""How often the files are counted besides: the count of merges is lost with the process."""
EXPIRE_EVERY: Final = timedelta(minutes=15)
KEEP_VERSIONS: Final = timedelta(hours=1)
"""Longer than a query of a dashboard or of the seam's check reads."""
PRUNE_EVERY: Final = timedelta(hours=1)
EDGE_RESTS: Final = timedelta(minutes=15)
"""Nothing is pruned so soon after the edge has moved: a query that began before may see the old edge."""

_MOMENT: Final = "%Y-%m-%d %H:%M:%S"

Done = TypeVar("Done")


@dataclass(frozen=True)
class Upkeep:
    """What was done."""

    compacted: tuple[str, ...] = ()
    """Tables whose files were merged."""
    expired: tuple[str, ...] = ()
    """Tables whose old versions were given up."""
    pruned: tuple[tuple[str, int], ...] = ()
    """Streams, and how many rows of each went."""


class HotUpkeep:
    """Does what is due since it was last asked."""

    def __init__(self, client: DremioClient, postgres: PostgresConnections) -> None:
        self._client = client
        self._postgres = postgres
        self._done: dict[str, datetime] = {}

    def run_if_due(self, tables: Sequence[HotTable], now: datetime) -> Upkeep:
        """Compact tables of many files, prune rows, give up old versions; each as often as it is worth it."""
        compacted: tuple[str, ...] = ()
        expired: tuple[str, ...] = ()
        pruned: tuple[tuple[str, int], ...] = ()
        if self._is_due("compact", COUNT_EVERY, now):
            looked_at = [(table, self._locked(table, self.compact_if_many)) for table in tables]
            compacted = tuple(".".join(table.path) for table, done in looked_at if done)
        if self._is_due("prune", PRUNE_EVERY, now):
            pruned = tuple(
                (table.stream, self._locked(table, lambda each: self.prune(each, now))) for table in tables
            )
        if self._is_due("expire", EXPIRE_EVERY, now):
            expired = tuple(self._locked(table, lambda each: self.expire(each, now)) for table in tables)
        return Upkeep(compacted, expired, pruned)

    def compact_if_many(self, table: HotTable) -> bool:
        """Merge the table's files if there are more than COMPACT_FILES; whether they were."""
        many = self.file_count(table) > COMPACT_FILES
        if many:
            self.compact(table)
        return many

    def compact(self, table: HotTable) -> None:
        """Merge the table's files, and rewrite those with deleted rows."""
        self._client.run(render_sql("dremio/stream/optimize_table.sql", {"table": quote_path(table.path)}))

    def expire(self, table: HotTable, now: datetime) -> str:
        """Give up the versions that were replaced longer than KEEP_VERSIONS ago; the table's name."""
        cutoff = (now.astimezone(UTC) - KEEP_VERSIONS).strftime(_MOMENT)
        for path in (table.path, table.incoming):
            values = {"table": quote_path(path), "cutoff": cutoff, "keep_newest": 1}
            self._client.run(render_sql("dremio/expire_snapshots.sql", values))
        return ".".join(table.path)

    def prune(self, table: HotTable, now: datetime) -> int:
        """Delete rows that have not changed for HOT_DAYS and that gold has; how many went."""
        position = current_position(self._postgres)
        if position.moved_at is not None and now - position.moved_at < EDGE_RESTS:
            return 0
        if table.gold and not position.source_lsn:
            return 0
        values = table.sql_values() | {
            "cutoff": (now.astimezone(UTC) - timedelta(days=HOT_DAYS)).strftime(_MOMENT),
            "business_date_column": BUSINESS_DATE_OF.get(table.stream),
            "business_date": position.business_date.isoformat(),
            "source_lsn": position.source_lsn,
        }
        job = self._client.run(render_sql("dremio/stream/prune_hot.sql", values))
        return sum(int(row["Records"]) for row in self._client.rows(job.id))

    def _locked(self, table: HotTable, work: Callable[[HotTable], Done]) -> Done:
        with transaction(self._postgres, Lock("hot", table.stream)):
            return work(table)

    def file_count(self, table: HotTable) -> int:
        """Data files of the table now."""
        statement = render_sql("dremio/stream/count_files.sql", {"table": ".".join(table.path)})
        return int(self._client.query(statement)[0]["file_count"])

    def _is_due(self, what: str, every: timedelta, now: datetime) -> bool:
        last = self._done.get(what)
        if last is not None and now - last < every:
            return False
        self._done[what] = now
        return True
