"""The tables that the lakehouse keeps its own account in: `include/sql/postgres/tables/create_*.sql`."""

from __future__ import annotations

import re
from typing import Final

from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import SQL

_COMMENT: Final = re.compile(r"--[^\n]*")
_TABLE: Final = re.compile(r"create table if not exists (?P<table>\w+)\s*\((?P<body>.*?)\n\);", re.DOTALL)
_ADDED: Final = re.compile(r"alter table (?P<table>\w+) add column if not exists (?P<column>\w+)")
_DROPPED: Final = re.compile(r"alter table (?P<table>\w+) drop column if exists (?P<column>\w+)")
_COLUMN: Final = re.compile(r"^ {4}(?P<column>[a-z_][a-z0-9_]*) ", re.MULTILINE)
_NOT_COLUMNS: Final = frozenset({"primary", "constraint", "unique", "foreign", "check", "exclude"})


def create_metadata_tables(postgres: PostgresConnections) -> list[str]:
    """Create the tables and columns that are missing; the names of the files that were run."""
    files = sorted((SQL / "postgres" / "tables").glob("create_*.sql"))
    with transaction(postgres) as cursor:
        for path in files:
            cursor.execute(path.read_text(encoding="utf-8"))
    return [path.name for path in files]


def declared_tables() -> dict[str, frozenset[str]]:
    """The columns of each table that these files make; a test compares this with what PostgreSQL made."""
    tables: dict[str, set[str]] = {}
    for path in sorted((SQL / "postgres" / "tables").glob("create_*.sql")):
        text = _COMMENT.sub("", path.read_text(encoding="utf-8"))
        for table in _TABLE.finditer(text):
            named = {found["column"] for found in _COLUMN.finditer(table["body"])}
            tables.setdefault(table["table"], set()).update(named - _NOT_COLUMNS)
        for added in _ADDED.finditer(text):
            tables[added["table"]].add(added["column"])
        for dropped in _DROPPED.finditer(text):
            tables[dropped["table"]].discard(dropped["column"])
    return {name: frozenset(columns) for name, columns in tables.items()}
