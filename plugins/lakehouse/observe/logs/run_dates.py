"""Which business date a run worked on: its id does not say, its receipt does."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final

from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.sql_files import read_sql

ASK_AGAIN_SECONDS: Final = 5.0
"""A run without a receipt is asked about again after so long."""
AWAY_SECONDS: Final = 60.0
"""A PostgreSQL that is away, or has no receipts yet, is left alone for so long."""


class RunDates:
    """Looks runs up, each once. What cannot be found out is left out: logs go on without it."""

    def __init__(self, postgres: PostgresConnections | None, stages: frozenset[str]) -> None:
        self._postgres = postgres
        self._stages = stages
        self._dates: dict[tuple[str, str], str] = {}
        self._asked: dict[tuple[str, str], float] = {}
        self._away_until = 0.0

    def of(self, path: Mapping[str, Any]) -> dict[str, Any]:
        """The business date, as a field of a log entry; nothing if it is not known or there is none."""
        run = (path.get("stage", ""), path.get("run_id", ""))
        if run[0] not in self._stages or self._postgres is None:
            return {}
        if run not in self._dates and time.monotonic() < self._away_until:
            return {}
        if (
            run not in self._dates
            and time.monotonic() - self._asked.get(run, -ASK_AGAIN_SECONDS) >= ASK_AGAIN_SECONDS
        ):
            self._asked[run] = time.monotonic()
            self._look_up(self._postgres, *run)
        return {"business_date": self._dates[run]} if run in self._dates else {}

    def is_expected(self, path: Mapping[str, Any]) -> bool:
        """Will the run have a receipt that is not there yet?"""
        if path.get("stage") not in self._stages or self._postgres is None or self.of(path):
            return False
        return time.monotonic() >= self._away_until

    def _look_up(self, postgres: PostgresConnections, stage: str, run_id: str) -> None:
        try:
            with transaction(postgres) as cursor:
                cursor.execute(
                    read_sql("postgres/observe/logs/select_date_of_run.sql"),
                    {"stage": stage, "run_id": run_id},
                )
                found = cursor.fetchone()
        except LakehouseError:
            self._away_until = time.monotonic() + AWAY_SECONDS
            return
        if found:
            self._dates[stage, run_id] = found[0].isoformat()
            self._asked.pop((stage, run_id), None)
