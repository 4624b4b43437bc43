"""From a task to its log in Elasticsearch: a page that opens in a browser, here and in production."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

URL_VARIABLE: Final = "LAKEHOUSE_LOG_SEARCH_URL"
"""A page that searches `airbyte-logs-*`, such as Kibana's Discover; `{query}` in it becomes the query."""
PAGE: Final = "/lakehouse/logs"
"""Below Airflow's own address: the page that this repository's plugin adds (`health_page`)."""


def log_url(
    dag_id: str,
    run_id: str,
    task_id: str,
    try_number: int | None = None,
    map_index: int = -1,
    *,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Where a person reads the log of a task's attempt, or without a number of all its attempts.

    By default a page inside Airflow, as a path if Airflow's own address is not configured; with
    LAKEHOUSE_LOG_SEARCH_URL that page.
    """
    found = os.environ if environment is None else environment
    fields: dict[str, str | int] = {"stage": dag_id, "run_id": run_id, "task": task_id}
    if map_index is not None and map_index >= 0:
        fields["map_index"] = map_index
    if try_number:
        fields["attempt"] = try_number
    if template := found.get(URL_VARIABLE, "").strip():
        query = " and ".join(f"{name}:{_quoted(value)}" for name, value in fields.items())
        return template.replace("{query}", quote(query, safe=""))
    base = (found.get("AIRFLOW__API__BASE_URL") or found.get("AIRFLOW_URL") or "").rstrip("/")
    return f"{base}{PAGE}?{urlencode(fields)}"


def _quoted(value: str | int) -> str:
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
