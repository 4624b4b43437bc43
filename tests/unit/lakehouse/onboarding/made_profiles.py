"""A cafe's database as a profile: each mode, a composite key, no key, an enum, an array, a soft deletion."""

from __future__ import annotations

from dataclasses import replace

from lakehouse.onboarding.adding.choices import Wishes, settle
from lakehouse.onboarding.profiling.profile import ColumnProfile, FilesProfile, SourceProfile, TableProfile
from lakehouse.onboarding.writing.blueprint import Blueprint, Source


def column(
    name: str, kind: str = "varchar", nullable: bool = True, one_of: tuple[str, ...] = ()
) -> ColumnProfile:
    return ColumnProfile(name, kind, nullable, f"source's {kind}", one_of)


ORDERS = TableProfile(
    name="orders",
    columns=(
        column("order_id", "bigint", nullable=False),
        column("state", nullable=False, one_of=("open", "paid")),
        column("total", "decimal(12,2)", nullable=False),
        column("user"),
        column("updated_at", "timestamp", nullable=False),
        column("deleted_at", "timestamp"),
    ),
    key=("order_id",),
    cursor="updated_at",
    rows=20,
    mode="incremental",
    why="updated_at shows every change",
    schema="sales",
    deleted_at="deleted_at",
)
LINES = TableProfile(
    name="order_lines",
    columns=(
        column("order_id", "bigint", nullable=False),
        column("line_no", "int", nullable=False),
        column("cost", "decimal(10,2)", nullable=False),
    ),
    key=("order_id", "line_no"),
    cursor=None,
    rows=20,
    mode="full_refresh",
    why="no column shows that a row has changed",
    schema="sales",
)
VISITS = TableProfile(
    name="visits",
    columns=(column("at", "timestamp"), column("page"), column("row_status")),
    key=(),
    cursor=None,
    rows=0,
    mode="full_refresh",
    why="it has no key",
    schema="sales",
)
STOCK = TableProfile(
    name="stock",
    columns=(
        column("sku", nullable=False),
        column("place", nullable=False),
        column("changed_at", "timestamp"),
    ),
    key=("sku", "place"),
    cursor=None,
    rows=1,
    mode="cdc",
    why="as you asked",
    schema="sales",
)
DATABASE = SourceProfile("postgres", (ORDERS, LINES, VISITS, STOCK))
DELIVERIES = TableProfile(
    name="deliveries",
    columns=(column("delivery_id", "bigint"), column("price", "decimal(20,2)")),
    key=("delivery_id",),
    cursor="_ab_source_file_last_modified",
    rows=4,
    mode="incremental",
    why="every new or changed file is read",
    files=FilesProfile(
        globs=("deliveries_*.csv",), format=(("filetype", "csv"), ("delimiter", ";")), folder="/srv/drops"
    ),
)
NEW_DATABASE = Source("postgres", "cafe_", (), {"schemas": ["sales"], "ssl_mode": "prefer"})
NEW_FILES = Source("files", "cafe_", (), {"pattern": "deliveries_*.csv"})


def database(profile: SourceProfile = DATABASE, **wishes: object) -> Source:
    """The database as it is brought in for the first time."""
    return settle(profile, Wishes(**wishes), NEW_DATABASE).source  # type: ignore[arg-type]


def cafe(*gold: str, profile: SourceProfile = DATABASE) -> Blueprint:
    """The cafe with its database and its files."""
    files = settle(SourceProfile("files", (DELIVERIES,)), Wishes(), NEW_FILES).source
    return Blueprint("cafe", (database(profile), files), gold)


def with_columns(table: TableProfile, *columns: ColumnProfile) -> TableProfile:
    """The table with other columns."""
    return replace(table, columns=columns)
