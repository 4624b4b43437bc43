"""The first pass over a date's landing rows: which are bad, which are replaced, where the others go."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.bronze.contract import Column, Contract, Mode, OnTies
from lakehouse.bronze.footer_proof import unproven_columns
from lakehouse.bronze.nulled import may_have_nulled
from lakehouse.bronze.ordinals import Ordinals
from lakehouse.bronze.row_order import ORDINAL, RowOrder, order_rows
from lakehouse.bronze.validation import check, columns_to_check
from lakehouse.bronze.versions import read_contents, read_versions
from lakehouse.landing.columns import CDC_LSN, CHANGES_LEAF, EXTRACTED_AT, RAW_ID, SYNC_LEAF
from lakehouse.landing.reader import LandedBatch, LandingReader, lineage, raw_ids

_AGE = "_age"
"""What a row of a full refresh or of a log is younger by: its sync, or its place in the log."""


@dataclass(frozen=True)
class Survey:
    """What the first pass found."""

    rows_in: int
    bad: Ordinals
    """The rows that break the contract."""
    superseded: Ordinals
    """Good rows of an older full refresh of the same date, or from before a truncation of the source."""
    order: RowOrder
    truncated_at: int | None
    """LSN of the last truncation of the source; None: there was none."""
    quarantined_ties: Ordinals
    """Good rows that lose a tie, if the contract says that such rows go to quarantine."""

    @property
    def deduplicated(self) -> int:
        """Good rows that neither enter nor go to quarantine."""
        return self.order.deduplicated + len(self.superseded) - len(self.quarantined_ties)

    def bad_rows(self, first: int, rows: int) -> int:
        """How many of so many rows from this ordinal on are bad."""
        return len(self.bad.within(first, rows))

    def ties(self, first: int, rows: int) -> list[int]:
        """Which of so many rows from this ordinal on lose a tie and go to quarantine, counted from it."""
        positions: list[int] = self.quarantined_ties.within(first, rows).counted_from(first).to_pylist()
        return positions

    def kept_in_order(self, first: int, bad: Collection[int], rows: int) -> pa.Array | None:
        """Mask of a batch's rows that enter when there are no `positions`; None when all do."""
        superseded = self.superseded.within(first, rows)
        if not bad and not superseded:
            return None
        unwanted = pa.concat_arrays([pa.array(list(bad), pa.int64()), superseded.counted_from(first)])
        return pc.invert(pc.is_in(pa.arange(0, rows), value_set=unwanted))


def survey(contract: Contract, reader: LandingReader, trust_statistics: bool = True) -> Survey:
    """Find the bad rows and the order of the others.

    Args:
        contract: the rules, the key, and how versions are told apart.
        reader: the date's landing rows.
        trust_statistics: leave unread what the landing files' own statistics prove sound.

    Raises:
        LandingFileUnreadableError: a landing object is not a Parquet file or lacks Airbyte's columns.
    """
    schema = _candidate_schema(contract)
    bad: list[pa.Array] = []
    good: list[pa.RecordBatch] = []
    rows_in = 0
    for landed, columns in _batches(contract, reader, trust_statistics):
        rows_in += len(landed.batch)
        candidates, broken = _candidates(contract, schema, landed, columns)
        bad.append(pc.add(broken, landed.first))
        good.append(candidates)
    good_rows = pa.Table.from_batches(good, schema)
    truncated_at = _truncated_at(good_rows, contract)
    table, superseded = _without_superseded(good_rows, contract, truncated_at)
    order = order_rows(
        table,
        rows_in,
        contract,
        lambda repeated: read_versions(contract, reader, Ordinals(repeated)),
        lambda tied: read_contents(contract, reader, Ordinals(tied)),
    )
    losing = [order.ties.losing] if contract.ties is OnTies.QUARANTINE else []
    return Survey(rows_in, Ordinals.of(bad), superseded, order, truncated_at, Ordinals.of(losing))


def _candidate_schema(contract: Contract) -> pa.Schema:
    """Key or Airbyte's id, ordinal and, where it decides which rows of a date count, age."""
    keys = [contract.schema.field(name) for name in contract.key] or [pa.field(RAW_ID, pa.string())]
    age = [] if contract.mode is Mode.INCREMENTAL else [pa.field(_AGE, pa.int64())]
    return pa.schema([*keys, pa.field(ORDINAL, pa.int64()), *age])


def _candidates(
    contract: Contract, schema: pa.Schema, landed: LandedBatch, columns: list[Column]
) -> tuple[pa.RecordBatch, pa.Array]:
    """The good rows of a batch in that schema, and the positions in the batch of those that are not."""
    checked = check(landed.batch, columns, contract)
    ordinals = pa.arange(landed.first, landed.first + len(landed.batch))
    values = [checked.batch.column(name) for name in contract.key] or [raw_ids(landed)]
    values.append(ordinals)
    if contract.mode is Mode.FULL_REFRESH:
        values.append(lineage(landed)[1])
    elif contract.mode is Mode.CDC:
        values.append(checked.batch.column(CDC_LSN))
    rows = pa.RecordBatch.from_arrays(values, schema=schema)
    bad = pa.array(list(checked.bad), pa.int64())
    if len(bad):
        rows = rows.filter(pc.invert(pc.is_in(pa.arange(0, len(rows)), value_set=bad)))
    return rows, bad


def _batches(
    contract: Contract, reader: LandingReader, trust_statistics: bool
) -> Iterator[tuple[LandedBatch, list[Column]]]:
    """Each batch of each row group, with the columns of it that were read to be checked."""
    extra = [EXTRACTED_AT, SYNC_LEAF] if contract.mode is Mode.FULL_REFRESH else []
    if not contract.key:
        extra.append(RAW_ID)
    for group in reader.row_groups:
        columns = columns_to_check(contract, group.schema)
        # Whether a rule holds for a deletion depends on all its columns.
        if contract.mode is Mode.CDC:
            columns = list(contract.columns)
        elif trust_statistics:
            columns = unproven_columns(group, columns)
        names = {*contract.key, *(column.name for column in columns)}
        needed = [column for column in contract.columns if column.name in names]
        landed_names = [column.name for column in needed] + extra
        if not trust_statistics or may_have_nulled(group.metadata, group.schema):
            landed_names.append(CHANGES_LEAF)
        # A row group none of whose needed columns exists is still counted: its lineage is read instead.
        present = any(name in group.schema.names for name in landed_names)
        for landed in reader.batches_of(group, landed_names if present else [SYNC_LEAF]):
            yield landed, needed


def _truncated_at(candidates: pa.Table, contract: Contract) -> int | None:
    """LSN of the last truncation: of the good rows of a CDC stream only those have no key."""
    if contract.mode is not Mode.CDC:
        return None
    lsn: int | None = pc.max(candidates[_AGE].filter(pc.is_null(candidates[contract.key[0]]))).as_py()
    return lsn


def _without_superseded(
    candidates: pa.Table, contract: Contract, truncated_at: int | None
) -> tuple[pa.Table, Ordinals]:
    """Take out the rows of older full refreshes, and those that a truncation of the source has deleted.

    A row deleted at the source must not come back from an older snapshot of the same date.
    """
    if not candidates.num_rows or contract.mode is Mode.INCREMENTAL:
        return candidates, Ordinals.of([])
    ages = candidates[_AGE]
    oldest = pc.max(ages) if contract.mode is Mode.FULL_REFRESH else pa.scalar(truncated_at, pa.int64())
    older = pc.fill_null(pc.less(ages, oldest), False)
    superseded = Ordinals.of(candidates.filter(older)[ORDINAL].chunks)
    return candidates.filter(pc.invert(older)), superseded
