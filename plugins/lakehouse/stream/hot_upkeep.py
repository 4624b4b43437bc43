"""Keeping the hot tables small: few files, few old versions, no rows that nothing shows any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from lakehouse.dremio.client import DremioClient
from lakehouse.platform.database import Lock, PostgresConnections, transaction
from lakehouse.platform.sql_files import quote_path, render_sql
from lakehouse.stream.edge_position import Position, current_position
from lakehouse.stream.hot_layout import BUSINESS_DATE_OF, HotTable
from lakehouse.stream.plan import HOT_DAYS

COMPACT_FILES: Final = 24
"""Above so many data files a table is compacted: half of the 50 that it may have at the end of a day."""
LOOK_EVERY: Final = timedelta(seconds=30)
"""How often the files are counted: ten batches or so add at most twice as many."""
EXPIRE_EVERY: Final = timedelta(minutes=15)
KEEP_VERSIONS: Final = timedelta(hours=1)
"""Longer than a query of a dashboard or of the seam's check reads."""
PRUNE_EVERY: Final = timedelta(hours=1)
EDGE_RESTS: Final = timedelta(minutes=15)
"""Nothing is pruned so soon after the edge has moved: a query that began before may still see the old edge."""


@dataclass(frozen=True)
class Upkeep:
    """What was done, by stream."""

    compacted: tuple[str, ...] = ()
    expired: tuple[str, ...] = ()
    pruned: tuple[tuple[str, int], ...] = ()
    """Streams and how many rows of each went."""


class HotUpkeep:
    """Does what is due since it was last asked."""

    def __init__(self, client: DremioClient, postgres: PostgresConnections) -> None:
        self._client = client
        self._postgres = postgres
        self._looked_at: datetime | None = None
        self._expired_at: datetime | None = None
        self._pruned_at: datetime | None = None

    def file_count(self, table: HotTable) -> int:
        """Data files of the table now."""
        statement = render_sql("dremio/stream/count_files.sql", {"table": ".".join(table.path)})
        return int(self._client.query(statement)[0]["file_count"])
