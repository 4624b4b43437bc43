"""The statements that dbt's tests write by hand for PostgreSQL, in Dremio's words.

What dbt-dremio writes is not touched: only a test's own SQL, its hooks and its project's settings.
"""

from __future__ import annotations

import re

RULES = (
    (r"(?i)timestamp with(?:out)? time zone", "timestamp"),
    (r"(?i)(?<=\s)text(?=\s*(?:,|\)|\n))", "varchar"),
    (r"(?i)\badd column (\w+) (\w+)(?:\(\d+\))?[^;\n]*", r"add columns (\1 \2)"),
    # docs.dremio.com/current/reference/sql/commands: VACUUM names what is to expire.
    (r"(?i)vacuum (\{\{ this\.schema \}\}|\{\{ target\.datalake \}\})", r"optimize table \1"),
    (r"(?i)\bdate\(('[^']*')\)", r"date \1"),
    (r"(?i)(\bnull|'[^']*'|\b[\w.]+)::text", r"cast(\1 as varchar)"),
    # Types that Dremio does not have.
    (r"(?i)(\b[\w.]+)::smallint\b", r"cast(\1 as integer)"),
    (r"(?i)(\b[\w.]+)::real\b", r"cast(\1 as float)"),
    (r"(?i)(\bnull|'[^']*'|\b[\w.]+)::(timestamp|numeric|date)\b", r"cast(\1 as \2)"),
    (
        r"(?i)(\bnull|'[^']*'|\b[\w.]+)"
        r"::(integer|bigint|double precision|varchar\(\d+\)|\{\{.*?\}\})",
        r"cast(\1 as \2)",
    ),
    (r"(?i)\binterval '(\d+) (day|hour)s?'", r"interval '\1' \2"),
    # Names that are reserved words in Dremio.
    (r"(?<=\.)schemas\b", '"schemas"'),
    (r"\b(result|day|month) as expected\b", r'"\1" as expected'),
    (r"\bas (value|current_timestamp)\b", r'as "\1"'),
    (r"\.value as\b", '."value" as'),
    # An offset of nothing: Dremio's literals have no zone.
    (r"(\d\d:\d\d:\d\d)-0(?='|$)", r"\1"),
)


def in_dremios_words(text: str) -> str:
    """One or more statements, as Dremio takes them."""
    for pattern, replacement in RULES:
        text = re.sub(pattern, replacement, text)
    return text


def statements(sql: str) -> list[str]:
    """The statements of a script: Dremio takes one in a call. A semicolon in quotes ends nothing."""
    pieces = re.split(r";(?=(?:[^']*'[^']*')*[^']*$)", sql)
    return [piece.strip() for piece in pieces if piece.strip()]


def dropped_schema(sql: str) -> str | None:
    """The schema that a DROP SCHEMA .. CASCADE names; Dremio has no such statement."""
    found = re.match(r"(?i)\s*drop schema (?:if exists )?\"?(\w+)\"? cascade", sql)
    return found[1] if found else None
