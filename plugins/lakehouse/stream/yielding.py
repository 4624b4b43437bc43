"""Does the night need the machine? The stream waits while a stage of tonight runs after its planned end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from lakehouse.night.plan import NIGHT, night_window, stage
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql

LONGEST: Final = timedelta(hours=2)
"""A night that is not over this long after its planned end no longer holds the stream up."""


class TonightLate:
    """Reads tonight's receipts.

    Args:
        postgres: the platform's database.
    """

    def __init__(self, postgres: PostgresConnections) -> None:
        self._postgres = postgres

    def __call__(self, now: datetime) -> str | None:
        """Why the stream must wait; None: it need not.

        Only a night that the clock started counts: a replay, a backfill or a night by hand has no deadline.
        """
        opens, closes = night_window(now.date())
        if not opens <= now <= closes + LONGEST:
            return None
        running = self._running(now, opens, closes)
        late = [each for each in NIGHT if each.name in running and now > each.ends_at(now.date())]
        if not late:
            return None
        planned = stage(late[0].name)
        return f"stage {planned.name} of tonight runs after its planned end, {planned.end:%H:%M} UTC"

    def _running(self, now: datetime, opens: datetime, closes: datetime) -> set[str]:
        """Tonight's stages with a task at work, if the clock started the night."""
        values = {"business_date": now.date(), "opens": opens, "closes": closes}
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/stream/select_running_stages.sql"), values)
            return {str(name) for (name,) in cursor.fetchall()}
