"""The task of provision_platform that makes the hot tables and the views of hot and gold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import BaseOperator

from lakehouse.platform.names import DREMIO_POOL
from lakehouse.stream.plan import NOT_DECLARED, is_declared


class ProvisionHotOperator(BaseOperator):
    """Creates what is missing; returns the names of the tables and views. Without a stream there are none.

    Raises:
        DremioError, PlatformDatabaseUnavailableError: a rerun goes on.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"pool": DREMIO_POOL, **kwargs})

    def execute(self, context: Mapping[str, Any]) -> list[str]:
        """The stream's hot tables, then the views that show hot and gold as one."""
        if not is_declared():
            self.log.info("%s; nothing to create", NOT_DECLARED)
            return []
        # The clients of Dremio and PostgreSQL: not at parse time.
        from lakehouse.dremio.hook import DremioHook
        from lakehouse.platform.database import platform_postgres
        from lakehouse.stream.hot import HotTables
        from lakehouse.stream.serving import ServingViews

        client = DremioHook().get_conn()
        return [*HotTables(client, platform_postgres()).create(), *ServingViews(client).ensure()]
