"""What is known of a source before it is brought in: its tables, their columns, keys, cursors and size.

A profile is plain data: `postgres`, `files` and `rest` make one by looking at a source, `plan` turns it into
files, and `check` compares it with the contracts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lakehouse.platform.errors import PermanentError


class ProfileError(PermanentError):
    """A source cannot be looked at. The message says which, why, and what to do."""


@dataclass(frozen=True)
class ColumnProfile:
    """One column, and the type that its contract should give it."""

    name: str
    """Under which it lands."""
    contract_type: str
    """bigint int double boolean varchar date timestamp decimal(p,s); what fits none of these is varchar."""
    nullable: bool
    source_type: str
    """The type in the source's own words, e.g. `timestamp with time zone`."""
    one_of: tuple[str, ...] = ()
    """All values that the source allows (an enum's labels); empty if it allows any."""
    unsupported: str = ""
    """Why this column cannot be brought in as it is, and what to do; empty if it can."""
    note: str = ""
    """What a reader of the contract should know, e.g. that an array arrives as JSON text."""
    source_name: str = ""
    """What the source calls it; empty if that is `name`."""


@dataclass(frozen=True)
class FilesProfile:
    """Which files make up one stream, and how they are read."""

    globs: tuple[str, ...]
    """Relative to the source's folder or bucket, as the connection's file has them."""
    format: tuple[tuple[str, Any], ...]
    """The connection's `format` block: filetype csv | jsonl | parquet, for text also its encoding."""
    folder: str
    """What the globs are relative to: a folder, or `s3://bucket`."""
    examples: tuple[str, ...] = ()
    """Names of files that were looked at."""


@dataclass(frozen=True)
class TableProfile:
    """One table, group of files or API stream."""

    name: str
    columns: tuple[ColumnProfile, ...]
    key: tuple[str, ...]
    """Columns that identify a row; empty if the source knows none."""
    cursor: str | None
    """The column that grows with every change; None for full_refresh and cdc."""
    rows: int | None
    """Rows at the source; None if it does not say."""
    mode: str
    """incremental | full_refresh | cdc"""
    why: str
    """One sentence: why this mode and this cursor."""
    schema: str | None = None
    cdc: str = ""
    """Whether the write-ahead log can be read for this table, and if not, the SQL that makes it possible."""
    files: FilesProfile | None = None
    estimated: bool = False
    """Is `rows` the database's estimate rather than a count?"""
    deleted_at: str | None = None
    """The column that says that a row was deleted and when; None if the source has none."""
    problems: tuple[str, ...] = ()
    """What must be settled before this table can be brought in, each with what to do."""
    is_view: bool = False
    is_partitioned: bool = False


@dataclass(frozen=True)
class SourceProfile:
    """Everything that was found at one source."""

    kind: str
    """postgres | files | rest"""
    tables: tuple[TableProfile, ...]
    notes: tuple[str, ...] = ()
    """What concerns the whole source, e.g. that wal_level does not allow CDC."""

    def table(self, name: str) -> TableProfile:
        """The table of that name. Raises KeyError if there is none."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)
