"""The cafe beside the shop and without it, on a platform of its own, driven by the commands of the README."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from testing.checkout_platform import CheckoutPlatform, CommandResult
from testing.foreign_business import MANIFEST, TOKEN, ForeignBusiness

DATES: Final = ("2025-10-16", "2025-10-17", "2025-10-18")
MART: Final = "include/dbt/models/marts/cafe/fct_cafe_takings"
"""The one thing that is written by hand: a model and its description."""
HAND_WRITTEN: Final = Path(__file__).parent / "hand_written"
GOLD: Final = ("orders", "products", "stock")
"""With a first gold table: one table of each mode."""
STAGED: Final = ("customers", "order_items", "feedback", "stores", "deliveries", "loyalty_events")
"""Those that end in staging."""
_WITHOUT_STATUS: Final = ("orders", "stores", "deliveries", "loyalty_events")
_RELATIONS: Final = {
    **{name: f"select * from gold.cafe_{name}" for name in GOLD},
    **{
        name: f"select * from staging.stg_cafe_{name}"
        + ("" if name in _WITHOUT_STATUS else " where row_status = 'current'")
        for name in STAGED
    },
    "takings": "select * from marts.fct_cafe_takings",
}


HANG_SECONDS: Final = 1800
"""Only a hang passes them, on a busy machine too."""


@dataclass
class Cafe:
    """The copy of the checkout with the cafe's places beside it, and what was done so far."""

    platform: CheckoutPlatform
    business: ForeignBusiness
    results: dict[str, CommandResult] = field(default_factory=dict)
    lake: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    """By date and table: the rows of gold, or of staging, after that night."""
    source: dict[str, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)
    """By date and table: what SQL on the source said at that time."""
    files: dict[str, set[str]] = field(default_factory=dict)
    """By moment: the files of the copy that differ from the checkout."""

    def bring_in(self) -> None:
        """Database, files and API, each by one command; then the mart by hand."""
        self.run("add the database", "bin/source", "add", "cafe", "--postgres", self.business.dsn,
                 "--cdc", "stock", "--gold", ",".join(GOLD), "--yes")  # fmt: skip
        self.run("add the files", "bin/source", "add", "cafe", "--files", self.business.pattern, "--yes")
        self.platform.environment["CAFE_API_TOKEN"] = TOKEN
        self.run("add the API", "bin/source", "add", "cafe", "--rest", str(MANIFEST),
                 "--url", self.business.service.url, "--token-variable", "CAFE_API_TOKEN",
                 "--yes")  # fmt: skip
        del self.platform.environment["CAFE_API_TOKEN"]
        self.files["generated"] = self.changed_files()
        for ending in (".sql", ".yml"):
            name = Path(MART).name
            text = (HAND_WRITTEN / f"{name}{ending}").read_text()
            (self.platform.home / f"{MART}{ending}").write_text(text)
        self.run("make manifest", "make", "--no-print-directory", "manifest")
        self.files["with the mart"] = self.changed_files()

    def night(self, date: str) -> None:
        """`make night`, and then gold beside what the source says."""
        self.run(date, "make", "--no-print-directory", "night", f"DATE={date}")
        if self.results[date].exit_code == 0:
            found = self.platform.all_over_flight(list(_RELATIONS.values()))
            self.lake[date] = {
                name: plain_rows(table.to_pylist()) for name, table in zip(_RELATIONS, found, strict=True)
            }
            self.source[date] = self._source()

    def run(self, what: str, *command: str) -> CommandResult:
        """Run a command in the copy; what it printed is kept under that word."""
        self.results[what] = result = self.platform.run(*command, timeout=HANG_SECONDS)
        print(f"== {' '.join(command[:3])} …\n{result.output}")
        return result

    def changed_files(self) -> set[str]:
        """Files of the copy that the checkout does not have like this, as git would list them."""
        listed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=all", "-z"],
            cwd=self.platform.home, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        return {entry[3:] for entry in listed.split("\0") if entry}

    def _source(self) -> dict[str, list[dict[str, Any]]]:
        queries = {
            "customers": "select * from customers where deleted_at is null",
            "takings": (HAND_WRITTEN / "takings_at_the_source.sql").read_text(),
        }
        tables = [name for name in (*GOLD, *STAGED) if name not in ("deliveries", "loyalty_events")]
        found = {name: self.business.records(queries.get(name, f"select * from {name}")) for name in tables}
        found["takings"] = self.business.records(queries["takings"])
        found["deliveries"] = list(self.business.deliveries())
        found["loyalty_events"] = [
            event | {"updated_at": datetime.fromisoformat(event["updated_at"])}
            for event in self.business.service.events.values()
        ]
        return {name: plain_rows(rows) for name, rows in found.items()}


def plain_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows as they can be compared: times in UTC, JSON texts as what they say; in an order of their own."""
    plain = [{name: plain_value(value) for name, value in row.items()} for row in rows]
    return sorted(plain, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def plain_value(value: Any) -> Any:
    """A value of either side in one form."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, str) and value[:1] in "[{" and value:
        return json.loads(value)
    return value


def in_columns(rows: list[dict[str, Any]], columns: list[str]) -> list[list[str]]:
    """The rows' values of these columns as text, so that 1 and Decimal(1) or '1' are alike."""
    return sorted([[_text(row.get(name)) for name in columns] for row in rows])


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return "NULL" if value is None else str(value)
