"""What has become of a stream's columns: one that is absent, one that is new, one of another type.

A renamed column breaks every row, and "65 of 65 rows break" hides it. These sentences stand at the head of
what a load says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from lakehouse.bronze.contract import CDC_COLUMNS, Column, Contract
from lakehouse.landing.columns import AIRBYTE_COLUMNS
from lakehouse.landing.reader import LandingReader

_WORDS: Final[Mapping[pa.DataType, str]] = {
    pa.int64(): "bigint",
    pa.int32(): "int",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.string(): "varchar",
    pa.date32(): "date",
}


@dataclass
class CastCount:
    """Values of a column whose type is not the contract's: how many could be cast, and how many not."""

    done: int = 0
    failed: int = 0

    def add(self, other: CastCount) -> None:
        """Count those of another batch, too."""
        self.done += other.done
        self.failed += other.failed


def column_changes(contract: Contract, reader: LandingReader, casts: Mapping[str, CastCount]) -> list[str]:
    """Sentences about the landed columns that are not as the contract has them; none if all are.

    New columns are told beside an absent one only, for then one of them may be the other, renamed.

    Args:
        contract: the stream's, as its file says.
        reader: the date's landing rows.
        casts: by column, what became of its values where they landed as another type.
    """
    schemas = _schemas_with_rows(reader)
    if not schemas:
        return []
    absent, new = _absent(contract, schemas), _new(contract, schemas)
    respelled = {name: found for name in absent if (found := _same_but_for_case(name, new)) is not None}
    sentences = [f"{name} is {found} now, in other letter case" for name, found in respelled.items()]
    sentences += [f"{name} is absent{_where(name, schemas)}" for name in absent if name not in respelled]
    if left := [name for name in new if absent and name not in respelled.values()]:
        sentences.append(f"{', '.join(left)} {'is' if len(left) == 1 else 'are'} new")
    return sentences + _retyped(contract, schemas, casts)


def new_beside(contract: Contract, landed: Iterable[str]) -> list[str]:
    """The landed columns that neither the contract's file nor Airbyte has."""
    own = (column.name for column in contract.columns if column.name not in contract.admitted)
    known = {*own, *AIRBYTE_COLUMNS}
    return sorted(name for name in landed if name not in known)


def _schemas_with_rows(reader: LandingReader) -> list[pa.Schema]:
    files = {group.file.key: group.schema for group in reader.row_groups if group.metadata.num_rows}
    return list(files.values())


def _absent(contract: Contract, schemas: Sequence[pa.Schema]) -> list[str]:
    own = [column.name for column in contract.columns if column not in CDC_COLUMNS]
    return [name for name in own if any(name not in schema.names for schema in schemas)]


def _new(contract: Contract, schemas: Sequence[pa.Schema]) -> list[str]:
    return sorted({name for schema in schemas for name in new_beside(contract, schema.names)})


def _same_but_for_case(name: str, new: Sequence[str]) -> str | None:
    return next((each for each in new if each.lower() == name.lower()), None)


def _where(name: str, schemas: Sequence[pa.Schema]) -> str:
    lacking = sum(name not in schema.names for schema in schemas)
    return "" if lacking == len(schemas) else f" from {lacking} of {len(schemas)} landing objects"


def _retyped(contract: Contract, schemas: Sequence[pa.Schema], casts: Mapping[str, CastCount]) -> list[str]:
    """The columns that landed as another type, if not every value is one of the agreed type, too."""
    columns: dict[str, Column] = {column.name: column for column in contract.columns}
    sentences = []
    for name, count in casts.items():
        if name not in columns or not count.failed:
            continue
        kinds = {schema.field(name).type for schema in schemas if name in schema.names}
        landed = " and ".join(sorted(_word(kind) for kind in kinds - {columns[name].type}))
        agreed = _word(columns[name].type)
        if count.done:
            share = f"{count.failed} of {count.done + count.failed}"
            sentences.append(
                f"{name} landed as {landed}, and {share} values are not of the contract's {agreed}"
            )
        else:
            sentences.append(f"{name} is {landed} now, the contract says {agreed}")
    return sentences


def _word(kind: pa.DataType) -> str:
    """A type as contracts spell it."""
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    if pa.types.is_timestamp(kind):
        return "timestamp"
    return _WORDS.get(kind, str(kind))
