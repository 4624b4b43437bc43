"""Where the embedded Airbyte keeps things and how it behaves, from the platform's variables."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

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
    """The lake's bucket, which keeps the logs; None: they stay local."""
    log_store: tuple[str | None, str | None, str | None, str | None]
    """Endpoint, region, access key and secret of that bucket's store."""
    redelivery: bool
    """For tests: rows are delivered more than once and out of order."""

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> AirbyteSettings:
        """Read AIRBYTE_*, PLATFORM_PG_*, LAKE_S3_*, LAKEHOUSE_*.

        Raises SettingsError that names every missing variable.
        """
        env = os.environ if environ is None else environ
        needed = [f"PLATFORM_PG_{name}" for name in ("HOST", "PORT", "DATABASE", "USER", "PASSWORD")]
        needed += ["AIRBYTE_CLIENT_ID", "AIRBYTE_CLIENT_SECRET"]
        if missing := [name for name in needed if not env.get(name)]:
            raise SettingsError(f"{', '.join(missing)} not set")
        return cls(
            port=urlsplit(env.get("AIRBYTE_URL", "")).port or DEFAULT_PORT,
            client_id=env["AIRBYTE_CLIENT_ID"],
            client_secret=env["AIRBYTE_CLIENT_SECRET"],
            conninfo=make_conninfo(
                "",
                host=env["PLATFORM_PG_HOST"],
                port=env["PLATFORM_PG_PORT"],
                dbname=env["PLATFORM_PG_DATABASE"],
                user=env["PLATFORM_PG_USER"],
                password=env["PLATFORM_PG_PASSWORD"],
                connect_timeout=10,
            ),
            workspace_root=Path(env.get("LAKEHOUSE_STATE_DIR") or ".local/state").resolve() / "airbyte",
            connectors_bin=Path(env.get("LAKEHOUSE_CONNECTORS_BIN") or sys.prefix + "/bin"),
            max_attempts=int(env.get("AIRBYTE_SYNC_JOB_MAX_ATTEMPTS", "3")),
            retry_delay=float(env.get("AIRBYTE_RETRY_DELAY_SECONDS", "1")),
            max_concurrent_syncs=int(env.get("AIRBYTE_MAX_SYNC_WORKERS", "4")),
            token_seconds=int(env.get("AIRBYTE_TOKEN_SECONDS", "900")),
            patience_seconds=float(env.get("AIRBYTE_MAX_SECONDS_WITHOUT_PROGRESS", "1800")),
            log_bucket=env.get("LAKE_S3_BUCKET") or None,
            log_store=(
                env.get("LAKE_S3_ENDPOINT"),
                env.get("LAKE_S3_REGION"),
                env.get("LAKE_S3_ACCESS_KEY"),
                env.get("LAKE_S3_SECRET_KEY"),
            ),
            redelivery=env.get("AIRBYTE_TEST_REDELIVERY", "") == "1",
        )
