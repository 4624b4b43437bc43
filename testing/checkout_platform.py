"""A clean copy of this checkout with a whole platform of its own, driven as a user drives it.

The copy shares only the built environments; state, receipts, secrets and ports are its own, so it runs beside
`make night` of the same checkout, and beside other copies.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pyarrow as pa
from pyarrow import flight

from testing.own_session import run_in_own_session
from testing.ports import free_platform_ports, port_variables
from testing.repository import ROOT
from testing.shell_variables import read_shell_variables

ORDERS = "20000"
RETRY_DELAY_SECONDS = "1"
"""First pause before a task's next attempt, then 2 and 4: no test is about how long it is."""
NIGHT_TIMEOUT_SECONDS = 900
STOP_SECONDS = 180


@dataclass(frozen=True)
class CommandResult:
    """What a command left: exit code and everything it printed (stdout and stderr together)."""

    exit_code: int
    output: str


class CheckoutPlatform:
    """One embedded platform in its own copy of the checkout, reached only as a user reaches it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.ports = free_platform_ports()
        own = {"ORDERS": ORDERS, "LAKEHOUSE_RETRY_DELAY_SECONDS": RETRY_DELAY_SECONDS}
        self.environment = os.environ | port_variables(self.ports) | own
        for name in (
            "LAKEHOUSE_ENV_FILE",
            "LAKEHOUSE_STATE_DIR",
            "LAKEHOUSE_RECEIPTS_DIR",
            "DATE",
            "OBSERVE",
            "MAKEFLAGS",
            "MAKELEVEL",
        ):
            self.environment.pop(name, None)

    def run(self, *command: str, timeout: float = NIGHT_TIMEOUT_SECONDS) -> CommandResult:
        """Run a command in the copy; raises TimeoutExpired once nothing of it is left."""
        return CommandResult(*run_in_own_session(command, self.home, self.environment, timeout))

    def night(self, business_date: str) -> CommandResult:
        """`make night` of a date."""
        result = self.run("make", "--no-print-directory", "night", f"DATE={business_date}")
        print(result.output)
        return result

    def night_on_what_is_up(self, business_date: str) -> CommandResult:
        """The night alone: no set-up, no start, and nobody asks the shop for anything before it."""
        run = (
            str(self.home / ".local/envs/embedded/bin/python"),
            "-m",
            "embedded.cli",
            "run",
            "--airflow",
            "--",
        )
        python = str(self.home / ".local/envs/airflow/bin/python")
        result = self.run(*run, python, "-m", "lakehouse.night_run", business_date)
        print(result.output)
        return result

    def addresses(self) -> dict[str, str]:
        """The variables that the platform exports to its services: addresses, users, passwords."""
        printed = self.run(str(self.home / ".local/envs/embedded/bin/python"), "-m", "embedded.cli", "env")
        assert printed.exit_code == 0, printed.output
        return read_shell_variables(printed.output)

    def receipt(self, business_date: str) -> dict[str, Any]:
        """What the night of a date left behind."""
        receipt: dict[str, Any] = json.loads(
            (self.home / ".local/receipts" / f"{business_date}.json").read_text()
        )
        return receipt

    def has_failed(self, business_date: str, stage: str) -> bool:
        """Does the night's receipt say by now that the stage has failed?"""
        try:
            return bool(self.receipt(business_date)["stages"][stage]["state"] == "failed")
        except (OSError, ValueError, KeyError):
            return False  # it is not written yet

    def shop(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the shop's own database: the independent side of every comparison."""
        with self.shop_connection() as connection:
            return connection.execute(sql).fetchall()

    def shop_connection(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection to the shop's database as its owner."""
        env = self.addresses()
        return psycopg.connect(
            host=env["SHOP_PG_HOST"], port=env["SHOP_PG_PORT"], dbname=env["SHOP_PG_DATABASE"],
            user=env["SHOP_PG_USER"], password=env["SHOP_PG_PASSWORD"], autocommit=True,
        )  # fmt: skip

    def dropped_marketing_spend(self) -> list[tuple[str, str, Decimal]]:
        """Date, channel and amount of every line of the CSV files that were dropped for the shop."""
        lines = [
            line
            for batch in (self.home / ".local/state/shop/csv").glob("batch_*.csv")
            for line in csv.DictReader(batch.read_text().splitlines())
        ]
        return sorted((line["spend_date"], line["channel"], Decimal(line["amount"])) for line in lines)

    def over_flight(self, sql: str) -> pa.Table:
        """A query's result over Arrow Flight, as the specification's sample does it (with its token used)."""
        return self.all_over_flight([sql])[0]

    def all_over_flight(self, queries: Sequence[str]) -> list[pa.Table]:
        """As `over_flight`, for several queries of one session."""
        env = self.addresses()
        with flight.FlightClient(f"grpc://{env['DREMIO_HOST']}:{env['DREMIO_FLIGHT_PORT']}") as client:
            token = client.authenticate_basic_token(env["DREMIO_USER"], env["DREMIO_PASSWORD"])
            options = flight.FlightCallOptions(headers=[token])
            found = []
            for sql in queries:
                info = client.get_flight_info(flight.FlightDescriptor.for_command(sql.encode()), options)
                found.append(client.do_get(info.endpoints[0].ticket, options).read_all())
            return found

    def over_rest(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query over the REST API, every page of them."""
        env = self.addresses()
        base = f"http://{env['DREMIO_HOST']}:{env['DREMIO_PORT']}"
        login = {"userName": env["DREMIO_USER"], "password": env["DREMIO_PASSWORD"]}
        with httpx.Client(base_url=base, timeout=60) as client:
            token = client.post("/apiv2/login", json=login).raise_for_status().json()["token"]
            client.headers["Authorization"] = f"_dremio{token}"
            job = client.post("/api/v3/sql", json={"sql": sql}).raise_for_status().json()["id"]
            while (status := client.get(f"/api/v3/job/{job}").json())["jobState"] not in {
                "COMPLETED", "FAILED", "CANCELED",
            }:  # fmt: skip
                pass
            assert status["jobState"] == "COMPLETED", status
            rows: list[dict[str, Any]] = []
            while len(rows) < status["rowCount"]:
                page = client.get(f"/api/v3/job/{job}/results", params={"offset": len(rows), "limit": 500})
                rows.extend(json.loads(page.raise_for_status().text, parse_float=Decimal)["rows"])
            return rows

    def gold_checksums(self) -> dict[str, str]:
        """A checksum per gold table that depends on its rows and on nothing else (not order, not files)."""
        return {
            name: _checksum(self.over_flight(f"select * from gold.{name}"))
            for name in ("orders", "customers", "daily_revenue", "customer_metrics")
        }


def _checksum(table: pa.Table) -> str:
    assert table.num_rows > 0
    rows = sorted(repr(tuple(row.values())) for row in table.to_pylist())
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()


@contextmanager
def checkout_platform() -> Iterator[CheckoutPlatform]:
    """The copy, with nothing started; what the caller starts in it is stopped at the end."""
    # Not a folder of pytest's: PostgreSQL gives up root's rights and could not enter one of mode 700.
    home = Path(tempfile.mkdtemp(prefix="lakehouse-night-"))
    home.chmod(0o755)
    platform = CheckoutPlatform(home)
    try:
        copy_checkout(home)
        yield platform
    finally:
        stopped = platform.run("make", "--no-print-directory", "down", timeout=STOP_SECONDS)
    assert stopped.exit_code == 0, stopped.output
    shutil.rmtree(home, ignore_errors=True)


def copy_checkout(home: Path) -> None:
    """Put what git would take of this checkout into a folder, with the built environments linked to it."""
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).exists():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, home / name)
    (home / ".local").mkdir()
    for shared in ("envs", "tools", "prometheus", "elasticsearch"):
        if (ROOT / ".local" / shared).exists():
            (home / ".local" / shared).symlink_to(ROOT / ".local" / shared)
