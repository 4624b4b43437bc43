"""Views that are created from files: replaced only when their query differs."""

from __future__ import annotations

from collections.abc import Sequence

from lakehouse.dremio.client import DremioClient
from lakehouse.platform.sql_files import quote_path, render_sql


def ensure_view(client: DremioClient, path: Sequence[str], query: str) -> bool:
    """Create the view, or give it another query in one statement; False when it is right already.

    Replacing a view makes Dremio plan again what reads it, and drops nothing that was granted on it.
    """
    entity = client.find(path)
    if entity is not None and str(entity.get("sql", "")).strip() == query.strip():
        return False
    client.run(render_sql("dremio/create_view.sql", {"view": quote_path(path), "query": query.strip()}))
    return True
