"""dbt's profile for the target: tables in the source, views in the run's space, one folder name in both."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from tests.conformance.target import Target


def output(dremio: Target, schema: str) -> dict[str, Any]:
    """The output of profiles.yml for one class of tests."""
    address = urlsplit(dremio.url)
    return {
        "type": "dremio",
        "threads": 4,
        "software_host": address.hostname,
        "port": address.port or (443 if address.scheme == "https" else 80),
        "use_ssl": address.scheme == "https",
        "user": dremio.user,
        "password": dremio.password,
        "datalake": dremio.source,
        "root_path": schema,
        "database": dremio.space,
        "schema": schema,
    }
