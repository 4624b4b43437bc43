"""A button on every task in Airflow's web UI: its log in Elasticsearch."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseOperatorLink

from lakehouse.observe.facts.log_links import log_url


class LogSearchLink(BaseOperatorLink):
    """Leads to the log of the attempt that is shown, also when its file has been deleted."""

    name = "Log search"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """The address, made without asking any service."""
        return log_url(ti_key.dag_id, ti_key.run_id, ti_key.task_id, ti_key.try_number, ti_key.map_index)


LOG_SEARCH_LINK = LogSearchLink()
