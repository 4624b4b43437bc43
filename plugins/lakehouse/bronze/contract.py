"""Stream contracts: what a row of a stream must look like to enter bronze (`include/contracts/*.yaml`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

import pyarrow as pa

from lakehouse.landing.columns import CDC_DELETED_AT, CDC_LSN, CDC_UPDATED_AT, EXTRACTED_AT, SYNC_ID
from lakehouse.platform.errors import PermanentError

LINEAGE: Final = (pa.field(EXTRACTED_AT, pa.timestamp("us")), pa.field(SYNC_ID, pa.int64()))
"""Columns every bronze table carries after those of its contract: when and by which job a row came."""


class ContractError(PermanentError):
    """A contract file is wrong, or there is none for the stream."""


class Mode(StrEnum):
    """How the stream arrives: changes only, all rows each time, or every change from the log."""

    INCREMENTAL = "incremental"
    FULL_REFRESH = "full_refresh"
    CDC = "cdc"


class NewColumns(StrEnum):
    """What to do with landing columns the contract does not know."""

    ALLOW = "allow"
    IGNORE = "ignore"
    REFUSE = "refuse"


class Nulled(StrEnum):
    """What to do with a row whose field the connector left out and says so, as its value did not fit."""

    ALLOW = "allow"
    REFUSE = "refuse"


class OnTies(StrEnum):
    """What to do with rows of one key, cursor and sync that differ: one is kept, and the others ..."""

    ALLOW = "allow"
    """... are dropped, and told."""
    QUARANTINE = "quarantine"
    """... go to quarantine."""
    REFUSE = "refuse"
    """... fail the load."""


class ZeroRows(StrEnum):
    """May a date be empty because its changes arrived with another date's sync?"""

    ALLOW = "allow"
    REFUSE = "refuse"


class SourceForm(StrEnum):
    """The documented form in which a stream's rows are kept beside their Parquet partition."""

    API_RESPONSE = "api_response"
    CSV_IMPORT = "csv_import"


@dataclass(frozen=True)
class Column:
    """One column's type and rules; a rule that is None does not apply."""

    name: str
    type: pa.DataType
    required: bool = False
    minimum: Any = None
    maximum: Any = None
    above: Any = None
    one_of: tuple[str, ...] | None = None
    in_deletions: bool = True
    """Do the rules hold for rows that tell of a deletion too?"""
    may_be_nulled: bool = False
    """May the connector have put NULL for a value that it could not deliver?"""

    @property
    def has_rules(self) -> bool:
        """Can a value of the right type still be refused? Of a time always: it may be infinite."""
        rules = (self.minimum, self.maximum, self.above, self.one_of)
        return self.required or pa.types.is_temporal(self.type) or any(rule is not None for rule in rules)


CDC_COLUMNS: Final = (
    Column(CDC_LSN, pa.int64(), required=True, minimum=0),
    Column(CDC_UPDATED_AT, pa.timestamp("us")),
    Column(CDC_DELETED_AT, pa.timestamp("us")),
)
"""What Airbyte adds to the rows of a CDC stream: place in the log, time of the change, time of a deletion."""


@dataclass(frozen=True)
class Contract:
    """What a stream's rows must look like, how they are told apart, how many must come and may be bad.

    Of a CDC stream `columns` ends with CDC_COLUMNS and `cursor` is the LSN. An empty key: every row of the
    newest full refresh counts, equal ones too.
    """

    stream: str
    source: str
    grain: str
    mode: Mode
    key: tuple[str, ...]
    cursor: str | None
    new_columns: NewColumns
    max_bad_rows: int
    max_bad_share: float
    min_rows: int
    zero_rows: ZeroRows
    source_form: SourceForm | None
    newest_view: bool
    """Is there a view of each key's newest version, `bronze.<stream>`? Every CDC stream has one: there a
    truncation deletes rows of earlier partitions."""
    columns: tuple[Column, ...] = field(repr=False)
    ties: OnTies = OnTies.ALLOW
    admitted: frozenset[str] = frozenset()
    """Columns that are not in the file: they were new, and `new_columns` allows them."""

    @property
    def schema(self) -> pa.Schema:
        """The schema of the stream's bronze files."""
        return pa.schema([pa.field(column.name, column.type) for column in self.columns] + list(LINEAGE))

    def allowed_bad_rows(self, rows_in: int) -> int:
        """How many rows of so many may be quarantined before the stage fails."""
        return max(self.max_bad_rows, int(rows_in * self.max_bad_share))

    def with_columns(self, more: Sequence[Column]) -> Contract:
        """The contract with further columns behind its own."""
        admitted = self.admitted | {column.name for column in more}
        return replace(self, columns=(*self.columns, *more), admitted=admitted)
