"""The address of the shop's database and API, from the platform's variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from embedded.settings import Settings
from embedded.shop.database import ShopError


@dataclass(frozen=True)
class ShopSettings:
    """Everything the shop's commands need to know."""

    database: Mapping[str, str]
    api_port: int
    api_token: str
    csv_folder: Path

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] | None = None) -> ShopSettings:
        """Read SHOP_PG_*, SHOP_API_URL, SHOP_API_TOKEN and LAKEHOUSE_STATE_DIR.

        Raises ShopError, which names every missing variable.
        """
        env = os.environ if environ is None else environ
        needed = ("HOST", "PORT", "DATABASE", "USER", "PASSWORD")
        missing = [f"SHOP_PG_{name}" for name in needed if not env.get(f"SHOP_PG_{name}")]
        if missing:
            raise ShopError(f"{', '.join(missing)} not set; `python -m embedded.cli env` prints them all.")
        platform = Settings.from_environ(env)
        return cls(
            database={
                "host": env["SHOP_PG_HOST"],
                "port": env["SHOP_PG_PORT"],
                "dbname": env["SHOP_PG_DATABASE"],
                "user": env["SHOP_PG_USER"],
                "password": env["SHOP_PG_PASSWORD"],
            },
            api_port=urlsplit(env.get("SHOP_API_URL", "")).port or platform.port("SHOP"),
            api_token=env.get("SHOP_API_TOKEN", ""),
            csv_folder=platform.service_dir("shop") / "csv",
        )

    def conninfo(self) -> str:
        """libpq's connection string; connecting fails after ten seconds without an answer."""
        return psycopg.conninfo.make_conninfo("", connect_timeout=10, **self.database)
