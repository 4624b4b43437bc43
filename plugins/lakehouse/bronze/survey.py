"""The first pass over a date's landing rows: which are bad, which are replaced, where the others go."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.bronze.contract import Column, Contract, Mode
from lakehouse.bronze.footer_proof import unproven_columns
from lakehouse.bronze.row_order import ORDINAL, RowOrder, order_rows
from lakehouse.bronze.validation import check, columns_to_check
from lakehouse.landing.columns import CDC_LSN, EXTRACTED_AT, RAW_ID, SYNC_ID, SYNC_LEAF
from lakehouse.landing.reader import LandedBatch, LandingReader, lineage

_AGE = "_age"
_NO_ORDINALS = pa.array([], pa.int64())


@dataclass(frozen=True)
class Survey:
    """What the first pass found."""

    rows_in: int
    bad: pa.Array
    """Ordinals of the rows that break the contract, ascending."""
    superseded: pa.Array
    """Ordinals of good rows of an older full refresh of the same date, ascending."""
    order: RowOrder
    truncated_at: int | None = None
    """LSN of the last truncation of the source; None: there was none."""

    @property
    def deduplicated(self) -> int:
        """Good rows that do not enter."""
        return self.order.deduplicated + len(self.superseded)

    def bad_rows(self, first: int, rows: int) -> int:
        """How many of so many rows from this ordinal on are bad."""
        return len(_within(self.bad, first, rows))

    def kept_in_order(self, first: int, bad: Collection[int], rows: int) -> pa.Array | None:
        """Mask of a batch's rows that enter when there are no `positions`; None when all do."""
        superseded = _within(self.superseded, first, rows)
        if not bad and not len(superseded):
            return None
        unwanted = pa.concat_arrays([pa.array(list(bad), pa.int64()), pc.subtract(superseded, first)])
        return pc.invert(pc.is_in(pa.arange(0, rows), value_set=unwanted))


def survey(contract: Contract, reader: LandingReader, trust_statistics: bool = True) -> Survey:
    """Find the bad rows and the order of the others.

    Args:
        contract: the rules, the key, and how versions are told apart.
        reader: the date's landing rows.
        trust_statistics: leave unread what the landing files' own statistics prove sound.

    Raises:
        LandingFileUnreadableError: a landing object is no Parquet file or lacks Airbyte's columns.
    """
    bad: list[pa.Array] = []
    candidates: list[pa.RecordBatch] = []
    keys = [contract.schema.field(name) for name in contract.key]
    schema = pa.schema([*keys, pa.field(ORDINAL, pa.int64()), pa.field(_AGE, pa.int64())])
    if contract.mode is Mode.INCREMENTAL:
        schema = schema.remove(len(schema) - 1)
    rows_in = 0
    for landed, columns in _batches(contract, reader, trust_statistics):
        rows_in += len(landed.batch)
        checked = check(landed.batch, columns)
        ordinals = pa.arange(landed.first, landed.first + len(landed.batch))
        values = [*(checked.batch.column(name) for name in contract.key), ordinals]
        if contract.mode is Mode.FULL_REFRESH:
            values.append(lineage(landed)[1])
        elif contract.mode is Mode.CDC:
            values.append(checked.batch.column(CDC_LSN))
        good = pa.RecordBatch.from_arrays(values, schema=schema)
        if checked.bad:
            positions = pa.array(list(checked.bad), pa.int64())
            bad.append(pc.add(positions, landed.first))
            good = good.filter(pc.invert(pc.is_in(pa.arange(0, len(good)), value_set=positions)))
        candidates.append(good)
    good_rows = pa.Table.from_batches(candidates, schema)
    truncated_at = _truncated_at(good_rows, contract)
    table, superseded = _without_superseded(good_rows, contract, truncated_at)
    order = order_rows(table, rows_in, contract, lambda ordinals: _versions(contract, reader, ordinals))
    return Survey(rows_in, pa.concat_arrays(bad) if bad else _NO_ORDINALS, superseded, order, truncated_at)


def _batches(
    contract: Contract, reader: LandingReader, trust_statistics: bool
) -> Iterator[tuple[LandedBatch, list[Column]]]:
    """Each batch of each row group, with the columns of it that were read to be checked."""
    extra = [EXTRACTED_AT, SYNC_LEAF] if contract.mode is Mode.FULL_REFRESH else []
    for group in reader.row_groups:
        columns = columns_to_check(contract, group.schema)
        # Whether a rule holds for a deletion depends on all its columns.
        if contract.mode is Mode.CDC:
            columns = list(contract.columns)
        elif trust_statistics:
            columns = unproven_columns(group, columns)
        names = {*contract.key, *(column.name for column in columns)}
        wanted = [column for column in contract.columns if column.name in names]
        landed_names = [column.name for column in wanted] + extra
        # A row group none of whose wanted columns exists is still counted: its lineage is read instead.
        present = any(name in group.schema.names for name in landed_names)
        for landed in reader.batches_of(group, landed_names if present else [SYNC_LEAF]):
            yield landed, wanted


def _truncated_at(candidates: pa.Table, contract: Contract) -> int | None:
    """LSN of the last truncation: of the good rows of a CDC stream only those have no key."""
    if contract.mode is not Mode.CDC:
        return None
    lsn: int | None = pc.max(candidates[_AGE].filter(pc.is_null(candidates[contract.key[0]]))).as_py()
    return lsn


def _without_superseded(
    candidates: pa.Table, contract: Contract, truncated_at: int | None
) -> tuple[pa.Table, pa.Array]:
    """Take out the rows of older full refreshes, and those that a truncation of the source has deleted.

    A row deleted at the source must not come back from an older snapshot of the same date.
    """
    if not candidates.num_rows or contract.mode is Mode.INCREMENTAL:
        return candidates, _NO_ORDINALS
    ages = candidates[_AGE]
    oldest = pc.max(ages) if contract.mode is Mode.FULL_REFRESH else pa.scalar(truncated_at, pa.int64())
    older = pc.fill_null(pc.less(ages, oldest), False)
    superseded = pa.concat_arrays([_NO_ORDINALS, *candidates.filter(older)[ORDINAL].chunks])
    return candidates.filter(pc.invert(older)), superseded


def _versions(contract: Contract, reader: LandingReader, ordinals: pa.Array) -> pa.Table:
    """What tells the versions of a key apart, of the rows with these ordinals."""
    decisive = [*contract.key, *([contract.cursor] if contract.cursor else [])]
    by_name = {column.name: column for column in contract.columns}
    found = []
    for group in reader.row_groups:
        if not len(_within(ordinals, group.first, group.metadata.num_rows)):
            continue
        for landed in reader.batches_of(group, [*decisive, EXTRACTED_AT, SYNC_LEAF, RAW_ID]):
            wanted = _within(ordinals, landed.first, len(landed.batch))
            if not len(wanted):
                continue
            extracted, sync = lineage(landed)
            typed = check(landed.batch, [by_name[name] for name in decisive]).batch
            named = landed.batch.schema.names
            raw_ids = landed.batch.column(RAW_ID) if RAW_ID in named else pa.nulls(len(sync), pa.string())
            numbers = pa.arange(landed.first, landed.first + len(landed.batch))
            rows = pa.RecordBatch.from_arrays(
                [*typed.columns, extracted, sync, raw_ids.cast(pa.string()), numbers],
                [*decisive, EXTRACTED_AT, SYNC_ID, RAW_ID, ORDINAL],
            )
            found.append(rows.take(pc.subtract(wanted, landed.first)))
    return pa.Table.from_batches(found)


def _within(ordinals: pa.Array, first: int, rows: int) -> pa.Array:
    """Those of the ascending ordinals that lie in [first, first + rows)."""
    if not len(ordinals):
        return ordinals
    start, end = _rank(ordinals, first), _rank(ordinals, first + rows)
    return ordinals.slice(start, end - start)


def _rank(ordinals: pa.Array, bound: int) -> int:
    """How many of the ascending ordinals are below the bound."""
    low, high = 0, len(ordinals)
    while low < high:
        middle = (low + high) // 2
        if ordinals[middle].as_py() < bound:
            low = middle + 1
        else:
            high = middle
    return low
