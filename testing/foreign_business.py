"""A business that is not the shop: a cafe with a database, dropped CSV files and a loyalty service.

It has three days, each with the same rows in every run: the second brings updates, late rows and deletions,
the third a renamed column and a new one. `testing/foreign/` holds its SQL and its low-code manifest.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from testing.foreign_api import LoyaltyService

FOREIGN: Final = Path(__file__).parent / "foreign"
MANIFEST: Final = FOREIGN / "cafe_api.yaml"
DAYS: Final = ("schema.sql", "second_day.sql", "third_day.sql")
TOKEN: Final = "a token of the loyalty service"
PASSWORD: Final = "p@ss word/of:the cafe"
"""With all that a URL must escape."""
_HEADER: Final = {
    "Delivery ID": "delivery_id", "store": "store", "sku": "sku", "boxes": "boxes",
    "Price per box (\u20ac)": "price_per_box", "delivered_on": "delivered_on",
}  # fmt: skip
"""The columns of a spreadsheet, and what its people call them where a name has no blanks."""


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server and its superuser, who makes the cafe's database and role."""

    host: str
    port: int
    password: str
    user: str = "postgres"

    def connection(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host=self.host, port=self.port, user=self.user, password=self.password, dbname=database,
            autocommit=True,
        )  # fmt: skip


class ForeignBusiness:
    """The cafe as its own people see it; `day` is the last one that has happened, 0 before the first."""

    def __init__(self, server: Server, drops: Path, service: LoyaltyService, database: str = "cafe") -> None:
        """`drops`: the folder that the CSV files are dropped into."""
        self._server = server
        self._drops = drops
        self.service = service
        self.database = database
        self.day = 0

    @property
    def dsn(self) -> str:
        """The address of the database for the role that reads it, with its password."""
        return (
            f"postgresql://{self.database}:{quote(PASSWORD, safe='')}@{self._server.host}:{self._server.port}"
            f"/{self.database}"
        )

    @property
    def pattern(self) -> str:
        """Which files are dropped."""
        return f"{self._drops}/deliveries_*.csv"

    def create(self) -> None:
        """A role that may replicate, and its empty database."""
        with self._server.connection("postgres") as superuser:
            name = sql.Identifier(self.database)
            superuser.execute(
                sql.SQL("create role {} with login replication password {}").format(
                    name, sql.Literal(PASSWORD)
                )
            )
            superuser.execute(sql.SQL("create database {0} owner {0}").format(name))

    def drop(self) -> None:
        """Take database and role away again, and whatever still reads them."""
        with self._server.connection("postgres") as superuser:
            name = sql.Identifier(self.database)
            superuser.execute(sql.SQL("drop database {} with (force)").format(name))
            superuser.execute(sql.SQL("drop role {}").format(name))

    def next_day(self) -> None:
        """Everything that happens on the next day: in the database, in the folder and in the service."""
        with self.connection() as owner:
            owner.execute((FOREIGN / DAYS[self.day]).read_text(encoding="utf-8"))
        self.day += 1
        self._drop_deliveries()
        self._count_points()

    def connection(self) -> psycopg.Connection[Any]:
        """As the database's owner, who may also read it."""
        return psycopg.connect(self.dsn, autocommit=True)

    def records(self, query: str) -> list[dict[str, Any]]:
        """Rows of a query on the cafe's own database: the independent side of every comparison."""
        with self.connection() as owner, owner.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query).fetchall()

    def publish(self, tables: Sequence[str]) -> None:
        """What the owner of the database runs once, so that these tables can be read from its log."""
        with self.connection() as owner:
            names = sql.SQL(", ").join(map(sql.Identifier, tables))
            publication = sql.Identifier(f"{self.database}_publication")
            owner.execute(sql.SQL("create publication {} for table {}").format(publication, names))
            owner.execute(
                "select pg_create_logical_replication_slot(%s, 'pgoutput')", (f"{self.database}_slot",)
            )

    def deliveries(self) -> list[dict[str, str]]:
        """Every line of the dropped files, by file and place in it, with plain names."""
        return [
            {_HEADER[name]: value for name, value in line.items()}
            for file in sorted(self._drops.glob("deliveries_*.csv"))
            for line in csv.DictReader(file.read_text("utf-8").splitlines(), delimiter=";")
        ]

    def _drop_deliveries(self) -> None:
        """A file a day; the third day drops the first one's again, corrected."""
        self._drop(self.day, [self._delivery(self.day, number, boxes=number) for number in range(1, 9)])
        if self.day == len(DAYS):
            self._drop(1, [self._delivery(1, number, boxes=number + 100) for number in range(1, 9)])

    def _drop(self, day: int, lines: list[tuple[Any, ...]]) -> None:
        # Written elsewhere and moved: a reader finds whole files only.
        making = self._drops / ".making"
        with making.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=";").writerows([tuple(_HEADER), *lines])
        making.rename(self._drops / f"deliveries_2025101{5 + day}.csv")

    def _delivery(self, day: int, number: int, boxes: int) -> tuple[Any, ...]:
        return (
            100 * day + number, f"Cafe {1 + number % 3}", f"SKU-{number:03}", boxes,
            f"{12.5 + number:.2f}", f"2025-10-1{5 + day}",
        )  # fmt: skip

    def _count_points(self) -> None:
        """Twenty events a day; from the second day on the first three of the day before change."""
        first = 20 * (self.day - 1)
        moment = f"2025-10-1{5 + self.day}"
        for number in range(1, 21):
            self.service.put(
                first + number, f"{moment}T10:{number:02}:00Z", customer_id=f"guest {number}",
                points=number % 5, reason="visit", details={"cups": number, "day": self.day},
            )  # fmt: skip
        if self.day > 1:
            for number in range(first - 19, first - 16):
                self.service.put(number, f"{moment}T11:00:00Z", points=50, reason="corrected")
