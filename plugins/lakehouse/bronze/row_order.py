"""Which of several versions of a row enters bronze, and the order of bronze's rows.

A partition's rows lie in the order of their key, each key once. So its bytes depend on what was landed and
not on how often, in which batches or in which order it was delivered. Rows of a stream without a key are told
apart by Airbyte's id alone: what was delivered twice is there once, and equal rows of the source all are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.bronze.contract import Contract
from lakehouse.bronze.ties import ContentsOf, Ties, find_ties
from lakehouse.landing.columns import EXTRACTED_AT, RAW_ID, SYNC_ID

ORDINAL = "_ordinal"
"""Position of a row among all landing rows of the date, objects in the order of their keys."""

VersionsOf = Callable[[pa.Array], pa.Table]
"""Reads, for ascending ordinals: key, cursor, EXTRACTED_AT, SYNC_ID, RAW_ID and ORDINAL of their rows."""


@dataclass(frozen=True)
class RowOrder:
    """Where each landed row goes.

    `positions` gives by ordinal the row's place in the partition, NULL for a row that does not enter; None
    says that all candidates enter in the order in which they were landed.
    """

    deduplicated: int
    kept: int
    positions: pa.Array | None
    ties: Ties = field(default_factory=Ties)
    """Which of the deduplicated rows are copies, and which differ though nothing tells them apart."""


def order_rows(
    candidates: pa.Table,
    rows_in: int,
    contract: Contract,
    versions_of: VersionsOf,
    contents_of: ContentsOf,
) -> RowOrder:
    """Order the candidates by key, the newest version of each.

    Newest is: highest cursor or LSN, then latest extraction, then highest sync; Airbyte's id of the row
    decides between copies, so that the order of delivery never does.

    Args:
        candidates: key columns and ORDINAL of the good rows, ascending by ORDINAL; without a key RAW_ID.
        rows_in: how many rows were landed, bad ones included.
        contract: says key and cursor.
        versions_of: called only when some key comes more than once.
        contents_of: called only when the cursor does not tell some of those apart.
    """
    keys = list(contract.key)
    if not keys:
        return _order_by_raw_id(candidates, rows_in)
    if _ascends(candidates, keys):
        return RowOrder(0, candidates.num_rows, None)
    order = pc.sort_indices(candidates, sort_keys=[(name, "ascending") for name in keys])
    by_key = candidates.take(order)
    same = _same_as_before(by_key, keys)
    ordinals = _one_chunk(by_key[ORDINAL])
    dropped, ties = pa.array([], pa.int64()), Ties()
    if pc.any(same, min_count=0).as_py():
        repeated = pc.or_(
            pa.concat_arrays([pa.array([False]), same]), pa.concat_arrays([same, pa.array([False])])
        )
        versions = versions_of(_ascending(ordinals.filter(repeated)))
        dropped, ties = _older_versions(versions, contract, contents_of)
        ordinals = ordinals.filter(pc.invert(pc.is_in(ordinals, value_set=dropped)))
    return _in_this_order(ordinals, len(dropped), rows_in, ties)


def _order_by_raw_id(candidates: pa.Table, rows_in: int) -> RowOrder:
    by_id = candidates.sort_by([(RAW_ID, "ascending"), (ORDINAL, "ascending")])
    ids, ordinals = _one_chunk(by_id[RAW_ID]), _one_chunk(by_id[ORDINAL])
    again = pc.fill_null(pc.equal(ids.slice(1), ids.slice(0, max(len(ids) - 1, 0))), False)
    kept = ordinals.filter(
        pc.invert(pa.concat_arrays([pa.array([False] * min(len(ids), 1), pa.bool_()), again]))
    )
    again = len(ordinals) - len(kept)
    return _in_this_order(kept, again, rows_in, Ties(identical=again))


def _in_this_order(ordinals: pa.Array, deduplicated: int, rows_in: int, ties: Ties) -> RowOrder:
    if rows_in == 0:
        return RowOrder(0, 0, None)
    positions = pc.inverse_permutation(ordinals, max_index=rows_in - 1, output_type=pa.int64())
    return RowOrder(deduplicated, len(ordinals), positions, ties)


def _ascends(candidates: pa.Table, keys: list[str]) -> bool:
    """Do the rows have one integer key that rises with every row? Then there is nothing to do."""
    if candidates.num_rows < 2:
        return True
    if len(keys) > 1 or not pa.types.is_integer(candidates.schema.field(keys[0]).type):
        return False
    last = None
    if candidates[keys[0]].null_count:
        return False
    for chunk in candidates[keys[0]].chunks:
        if not len(chunk):
            continue
        if last is not None and chunk[0].as_py() <= last:
            return False
        if not pc.all(pc.less(chunk.slice(0, len(chunk) - 1), chunk.slice(1)), min_count=0).as_py():
            return False
        last = chunk[len(chunk) - 1].as_py()
    return True


def _older_versions(versions: pa.Table, contract: Contract, contents_of: ContentsOf) -> tuple[pa.Array, Ties]:
    """Ordinals of all but the newest version of each key, and which of them nothing makes older."""
    keys = list(contract.key)
    newest_first = [*([contract.cursor] if contract.cursor else []), EXTRACTED_AT, SYNC_ID, RAW_ID, ORDINAL]
    order = pc.sort_indices(
        versions,
        sort_keys=[(name, "ascending") for name in keys] + [(name, "descending") for name in newest_first],
    )
    by_key = versions.take(order)
    same = _same_as_before(by_key, keys)
    ties = find_ties(by_key, same, keys, contract.cursor, ORDINAL, contents_of)
    return _one_chunk(by_key[ORDINAL]).slice(1).filter(same), ties


def _same_as_before(by_key: pa.Table, keys: list[str]) -> pa.Array:
    """For each row but the first: has it the key of the row before?"""
    same_as_before = None
    for name in keys:
        values = _one_chunk(by_key[name])
        after, before = values.slice(1), values.slice(0, len(values) - 1)
        # Of a log's truncations, whose key is NULL, one is as good as the other.
        same = pc.fill_null(pc.equal(after, before), False)
        if values.null_count:
            same = pc.or_(same, pc.and_(pc.is_null(after), pc.is_null(before)))
        same_as_before = same if same_as_before is None else pc.and_(same_as_before, same)
    return same_as_before


def _ascending(values: pa.Array) -> pa.Array:
    return values.take(pc.sort_indices(values))


def _one_chunk(values: pa.ChunkedArray) -> pa.Array:
    combined = values.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)
