"""Where the engine keeps things and how it behaves, from its environment variables."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import make_conninfo


class SettingsError(ValueError):
    """A variable is missing or cannot be used; the message names it."""


DEFAULT_PORT = 8001
"""Airbyte's own for its API server."""


@dataclass(frozen=True)
class AirbyteSettings:
    """Times are seconds. The AIRBYTE_* limits carry the names of Airbyte's own where it has one."""

    port: int
    client_id: str
    client_secret: str
    conninfo: str
    workspace_root: Path
    """Logs and scratch files, one folder per job."""
    connectors_bin: Path
    max_attempts: int
    retry_delay: float
    max_concurrent_syncs: int
    token_seconds: int
    patience_seconds: float
    """An attempt in which nothing moves for so long is ended."""
    log_bucket: str | None
    """The bucket that keeps the logs of ended attempts; None: they stay local."""
    log_store: tuple[str | None, str | None, str | None, str | None]
    """Endpoint, region, access key and secret of that bucket's store."""
    redelivery: bool
    """For tests: rows are delivered more than once and out of order."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> AirbyteSettings:
        """Read the AIRBYTE_* variables, which the package's README lists.

        Raises SettingsError that names every missing variable.
        """
        env = os.environ if environ is None else environ
        needed = ("AIRBYTE_DATABASE_URL", "AIRBYTE_CLIENT_ID", "AIRBYTE_CLIENT_SECRET")
        if missing := [name for name in needed if not env.get(name)]:
            raise SettingsError(f"{', '.join(missing)} not set")
        return cls(
            port=urlsplit(env.get("AIRBYTE_URL", "")).port or DEFAULT_PORT,
            client_id=env["AIRBYTE_CLIENT_ID"],
            client_secret=env["AIRBYTE_CLIENT_SECRET"],
            conninfo=_conninfo(env["AIRBYTE_DATABASE_URL"]),
            workspace_root=Path(env.get("AIRBYTE_WORKSPACE_ROOT") or "airbyte-workspace").resolve(),
            connectors_bin=Path(env.get("AIRBYTE_CONNECTORS_BIN") or sys.prefix + "/bin"),
            max_attempts=int(env.get("AIRBYTE_SYNC_JOB_MAX_ATTEMPTS", "3")),
            retry_delay=float(env.get("AIRBYTE_RETRY_DELAY_SECONDS", "1")),
            max_concurrent_syncs=int(env.get("AIRBYTE_MAX_SYNC_WORKERS", "4")),
            token_seconds=int(env.get("AIRBYTE_TOKEN_SECONDS", "900")),
            patience_seconds=float(env.get("AIRBYTE_MAX_SECONDS_WITHOUT_PROGRESS", "1800")),
            log_bucket=env.get("AIRBYTE_LOG_S3_BUCKET") or None,
            log_store=(
                env.get("AIRBYTE_LOG_S3_ENDPOINT"),
                env.get("AIRBYTE_LOG_S3_REGION"),
                env.get("AIRBYTE_LOG_S3_ACCESS_KEY"),
                env.get("AIRBYTE_LOG_S3_SECRET_KEY"),
            ),
            redelivery=env.get("AIRBYTE_TEST_REDELIVERY", "") == "1",
        )


def _conninfo(url: str) -> str:
    try:
        return make_conninfo(url, connect_timeout=10)
    except ProgrammingError as error:
        raise SettingsError(f"AIRBYTE_DATABASE_URL is not an address of PostgreSQL: {error}") from error
