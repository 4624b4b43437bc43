"""What an error blames: a service that is away, or an Airbyte connection.

Different dates and stages that fail for the same of these have one cause. Anything else is the stage's own.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import Final

from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.platform.names import (
    AIRBYTE_CONNECTION,
    DREMIO_CONNECTION,
    LAKE_CONNECTION,
    PLATFORM_CONNECTION,
    SUPERSET_CONNECTION,
)

_AWAY: Final = {
    "PlatformDatabaseUnavailableError": PLATFORM_CONNECTION,
    "StorageUnavailableError": LAKE_CONNECTION,
    "DremioUnavailableError": DREMIO_CONNECTION,
    "SupersetUnavailableError": SUPERSET_CONNECTION,
    "AirbyteUnavailableError": AIRBYTE_CONNECTION,
}
"""The library's errors of a service that does not answer, by the Airflow connection that leads to it."""
_DBT: Final = frozenset({"DbtModelError", "AirflowException"})
_NO_ANSWER: Final = re.compile(
    r"connection refused|max retries exceeded|failed to establish|connection reset|remotedisconnected"
    r"|connection aborted|read timed out|\b50[234]\b",
    re.IGNORECASE,
)
"""How dbt-dremio's HTTP library says that Dremio does not answer."""
_SYNC: Final = frozenset(
    {
        "AirbyteJobFailedError",
        "AirbyteJobMisconfiguredError",
        "AirbyteJobTimeoutError",
        "AirbyteNotFoundError",
        "JobAheadError",
    }
)
"""A sync of a named connection that did not end well. Not one that somebody cancelled."""


def cause_group(error: str | None) -> str | None:
    """`service:<connection id>`, `connection:<name>`, or None if the error blames neither.

    Args:
        error: the class and the words of an error: `DremioUnavailableError: Dremio does not answer`.
    """
    if not error:
        return None
    name, _, words = error.partition(":")
    if name in _AWAY:
        return f"service:{_AWAY[name]}"
    if name in _DBT and _NO_ANSWER.search(words):
        return f"service:{DREMIO_CONNECTION}"
    if name in _SYNC:
        blamed = _longest_named(words, airbyte_connections())
        return None if blamed is None else f"connection:{blamed}"
    return None


@cache
def airbyte_connections() -> frozenset[str]:
    """The connections that include/airbyte declares."""
    return frozenset(each.name for each in read_all_connection_files())


def _longest_named(words: str, names: Collection[str]) -> str | None:
    found = (name for name in names if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", words))
    return max(found, key=len, default=None)
