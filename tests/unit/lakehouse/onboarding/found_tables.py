"""Tables as PostgreSQL's catalog describes them, made up."""

from __future__ import annotations

from typing import Any

from lakehouse.onboarding.profiling.tables.catalogue import FoundColumn, FoundTable, Index
from lakehouse.onboarding.profiling.tables.types import PostgresType


def column(name: str, kind: str = "text", nullable: bool = False) -> FoundColumn:
    return FoundColumn(name, PostgresType(kind, kind), nullable)


def index(*columns: str, primary: bool = False, unique: bool = False, whole: bool = True) -> Index:
    return Index(columns, primary, unique or primary, False, whole)


def table(*columns: FoundColumn, key: tuple[str, ...] = ("id",), **fields: Any) -> FoundTable:
    """`cafe.orders` with a primary key and these columns beside it."""
    keys = tuple(column(name, "int8") for name in key)
    indexes = ((index(*key, primary=True),) if key else ()) + fields.pop("indexes", ())
    made = {"oid": 1, "schema": "cafe", "name": "orders", "kind": "r", "estimated_rows": 10} | fields
    return FoundTable(**made, columns=(*keys, *columns), indexes=indexes)
