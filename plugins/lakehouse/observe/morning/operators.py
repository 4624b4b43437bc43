"""The task of `report_morning`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from airflow.sdk import BaseOperator


class ReportMorningOperator(BaseOperator):
    """Writes the message of today's night unless there is one, and sends what is due.

    Raises:
        PlatformDatabaseUnavailableError: PostgreSQL is away; the next attempt does it.
        NoNotifierError: the message is written, and nobody can be told.
    """

    def execute(self, context: Mapping[str, Any]) -> str:
        """What was told."""
        # The notifiers' library and the lineage: not at parse time.
        from lakehouse.observe.incidents.delivery import deliver_alerts
        from lakehouse.observe.morning.report import tell_morning
        from lakehouse.platform.database import platform_postgres

        postgres = platform_postgres()
        state = tell_morning(postgres, datetime.now(UTC).date())
        deliver_alerts(postgres)
        return f"the night is {state}" if state else "nothing to tell: no night yet, or told before"
