"""What the hot tables are called and made of: names in Dremio, columns and their types.

A stream's rows are in a physical table of the source `lake_hot`, whose number goes up with each rebuild.
Readers name the view `hot.<stream>` instead, which one statement moves from one table to the next.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from lakehouse.bronze.contract import CDC_COLUMNS, Contract
from lakehouse.bronze.contract_file import load_contract
from lakehouse.bronze.declared import STREAM_CONTRACTS
from lakehouse.bronze.dremio_types import dremio_type
from lakehouse.landing.columns import EXTRACTED_AT
from lakehouse.platform.sql_files import quote_path
from lakehouse.stream.plan import STREAMS

HOT_SOURCE: Final = "lake_hot"
HOT_SPACE: Final = "hot"
SERVING_SPACE: Final = "serving"

EDGE_TABLE: Final = (HOT_SOURCE, "edge")
TRUNCATIONS_TABLE: Final = (HOT_SOURCE, "truncations")
EDGE_VIEW: Final = (HOT_SPACE, "edge")
TRUNCATIONS_VIEW: Final = (HOT_SPACE, "truncations")

GOLD_OF: Final = {"orders": ("gold", "orders"), "customers": ("gold", "customers")}
"""The audited table of a stream, by the same key. A stream without one has only its hot rows."""
BUSINESS_DATE_OF: Final = {"orders": "order_date"}
"""The column that says on which side of the edge a row is."""

ADDED_COLUMNS: Final = {
    "change_lsn": "bigint",
    "changed_at": "timestamp",
    "is_deleted": "boolean",
    "batch_id": "bigint",
}
"""Columns of a hot table after those of its contract: the change's place in the source's log, its time,
whether the row is a tombstone (only its key is kept), and the micro-batch that brought it."""

_TABLE: Final = re.compile(rf'"{HOT_SOURCE}"\."(?P<stream>\w+?)_(?P<number>\d+)"')


@dataclass(frozen=True)
class HotColumn:
    """A column and its type in Dremio's SQL."""

    name: str
    type: str


@dataclass(frozen=True)
class HotTable:
    """One physical table of a stream, and the table that its new rows pass through."""

    contract: Contract
    number: int

    @property
    def stream(self) -> str:
        return self.contract.stream

    @property
    def path(self) -> tuple[str, str]:
        """The table of the newest version of each key."""
        return HOT_SOURCE, f"{self.stream}_{self.number}"

    @property
    def incoming(self) -> tuple[str, str]:
        """The table that batch files are copied to, to be merged from."""
        return HOT_SOURCE, f"{self.stream}_{self.number}_incoming"

    @property
    def gold(self) -> tuple[str, str] | None:
        """The audited table of the stream, if it has one."""
        return GOLD_OF.get(self.stream)

    @property
    def columns(self) -> list[HotColumn]:
        """The contract's columns, without those that Airbyte adds."""
        added = {column.name for column in CDC_COLUMNS}
        return [
            HotColumn(column.name, dremio_type(column.type))
            for column in self.contract.columns
            if column.name not in added
        ]

    @property
    def incoming_columns(self) -> list[HotColumn]:
        """All columns of a batch file that the merge reads."""
        log = [HotColumn(column.name, dremio_type(column.type)) for column in CDC_COLUMNS]
        return [*self.columns, *log, HotColumn(EXTRACTED_AT, "timestamp")]

    def sql_values(self) -> dict[str, object]:
        """What the templates of `include/sql/dremio/stream` ask of a table."""
        key = [quote_path([name]) for name in self.contract.key]
        types = {quote_path([column.name]): column.type for column in self.columns}
        return {
            "stream": self.stream,
            "table": quote_path(self.path),
            "incoming": quote_path(self.incoming),
            "truncations": quote_path(TRUNCATIONS_TABLE),
            "key": key,
            "values": [column for column in types if column not in key],
            "types": types,
            "gold": quote_path(self.gold) if self.gold else None,
        }


def hot_view(stream: str) -> tuple[str, str]:
    """The view by which readers know a stream's hot rows."""
    return HOT_SPACE, stream


def table_number(stream: str, view_sql: str) -> int | None:
    """The number of the table that the text of the view `hot.<stream>` selects from; None if from none."""
    found = _TABLE.search(view_sql)
    return int(found["number"]) if found and found["stream"] == stream else None


def number_in(stream: str, table: str) -> int | None:
    """The number in the name of a stream's table or of its incoming table; None for another name."""
    found = re.fullmatch(rf"{re.escape(stream)}_(?P<number>\d+)(_incoming)?", table)
    return int(found["number"]) if found else None


def stream_contracts() -> dict[str, Contract]:
    """The contract of each stream, in the plan's order."""
    return {stream: load_contract(stream, STREAM_CONTRACTS) for stream in STREAMS}
