"""The night tests: a clean copy of this checkout, its own platform on its own ports, driven as a user would.

The copy shares only the built environments; state, receipts and secrets are its own, so these tests run
beside `make night` of the same checkout. The first night starts the platform; it is stopped at the end.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pyarrow as pa
import pytest
from pyarrow import flight

CHECKOUT = Path(__file__).parents[2]
PORT_OFFSET = "700"
ORDERS = "20000"
NIGHT_TIMEOUT_SECONDS = 900


@dataclass(frozen=True)
class CommandResult:
    """What a command left: exit code and everything it printed (stdout and stderr together)."""

    exit_code: int
    output: str


class Platform:
    """One embedded platform in its own copy of the checkout, reached only as a user reaches it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = os.environ | {"LAKEHOUSE_PORT_OFFSET": PORT_OFFSET, "ORDERS": ORDERS}
        for name in ("LAKEHOUSE_STATE_DIR", "LAKEHOUSE_RECEIPTS_DIR", "DATE", "MAKEFLAGS", "MAKELEVEL"):
            self.environment.pop(name, None)

    def run(self, *command: str, timeout: float = NIGHT_TIMEOUT_SECONDS) -> CommandResult:
        """Run a command in the copy; its output goes to a file so that no daemon can hold the pipe open."""
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                command, cwd=self.home, env=self.environment, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, timeout=timeout, check=False,
            )  # fmt: skip
            output.seek(0)
            return CommandResult(done.returncode, output.read())

    def night(self, business_date: str) -> CommandResult:
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
        return dict(line.split("=", 1) for line in printed.output.splitlines() if "=" in line)

    def receipt(self, business_date: str) -> dict[str, Any]:
        return json.loads((self.home / ".local/receipts" / f"{business_date}.json").read_text())

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
        env = self.addresses()
        with flight.FlightClient(f"grpc://{env['DREMIO_HOST']}:{env['DREMIO_FLIGHT_PORT']}") as client:
            token = client.authenticate_basic_token(env["DREMIO_USER"], env["DREMIO_PASSWORD"])
            options = flight.FlightCallOptions(headers=[token])
            info = client.get_flight_info(flight.FlightDescriptor.for_command(sql.encode()), options)
            return client.do_get(info.endpoints[0].ticket, options).read_all()

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


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    # Not tmp_path: PostgreSQL gives up root's rights and could not reach a folder below a mode-700 one.
    home = Path(tempfile.mkdtemp(prefix="lakehouse-night-"))
    home.chmod(0o755)
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CHECKOUT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, tracked.split("\0")):
        if (CHECKOUT / name).exists():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(CHECKOUT / name, home / name)
    (home / ".local").mkdir()
    for shared in ("envs", "tools"):
        if (CHECKOUT / ".local" / shared).exists():
            (home / ".local" / shared).symlink_to(CHECKOUT / ".local" / shared)
    platform = Platform(home)
    yield platform
    stopped = platform.run("make", "--no-print-directory", "down", timeout=180)
    assert stopped.exit_code == 0, stopped.output
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def first_night(platform: Platform) -> CommandResult:
    """The specification's night, 2025-10-16, from nothing."""
    result = platform.night("2025-10-16")
    assert result.exit_code == 0, result.output[-6000:]
    return result


@pytest.fixture(scope="session")
def second_night(platform: Platform, first_night: CommandResult) -> CommandResult:
    """The night after it, on the platform that the first one left up."""
    result = platform.night("2025-10-17")
    assert result.exit_code == 0, result.output[-6000:]
    return result
