"""The task of the DAG `verify_seam`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseOperator

from lakehouse.platform.names import DREMIO_POOL


class VerifySeamOperator(BaseOperator):
    """Compares serving.orders with a recomputation from bronze, if that is due.

    A difference does not fail the task: it is stored, and the observer tells it as an incident.

    Raises:
        LockHeldError, DremioError, PlatformDatabaseUnavailableError: nothing was compared; the next run does.
    """

    template_fields = ("now", "all_days")

    def __init__(self, *, now: bool | str = False, all_days: bool | str = False, **kwargs: Any) -> None:
        super().__init__(**{"pool": DREMIO_POOL, **kwargs})
        self.now = now
        self.all_days = all_days

    def execute(self, context: Mapping[str, Any]) -> str:
        """Check; what was found, in one line."""
        # The clients of Dremio and PostgreSQL: not at parse time.
        from lakehouse.dremio.hook import DremioHook
        from lakehouse.platform.database import platform_postgres
        from lakehouse.stream.seam import Seam, sentence

        seam = Seam(platform_postgres(), DremioHook().get_conn())
        all_days = str(self.all_days) == "True"
        check = (
            seam.verify(all_days=all_days) if all_days or str(self.now) == "True" else seam.verify_if_due()
        )
        return (
            "not due: the last check is of this edge and less than an hour old"
            if check is None
            else sentence(check)
        )
