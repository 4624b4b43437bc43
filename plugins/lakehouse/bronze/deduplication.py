"""Choosing which of several versions of a row enters bronze."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.bronze.contract import EXTRACTED_AT, SYNC_ID, Contract, Mode

ORDINAL = "_ordinal"
"""Position of a row among all landing rows of the date, files in the order of their keys."""


def dropped_ordinals(candidates: pa.Table, contract: Contract) -> pa.Array:
    """Ordinals of the good rows that a newer version replaces, ascending.

    Of the rows with one key the newest survives: highest cursor, then latest extraction, then the last
    landed. A full-refresh stream first keeps only its newest sync, so that a row deleted at the source
    does not come back from an older snapshot of the same date.

    Args:
        candidates: the good rows' key and cursor columns, with SYNC_ID, EXTRACTED_AT and ORDINAL.
        contract: says the mode, the key and the cursor.
    """
    if candidates.num_rows == 0:
        return pa.array([], pa.int64())
    superseded = pa.array([], pa.int64())
    if contract.mode is Mode.FULL_REFRESH:
        newest = pc.max(candidates[SYNC_ID])
        superseded = _one_chunk(candidates.filter(pc.less(candidates[SYNC_ID], newest))[ORDINAL])
        candidates = candidates.filter(pc.equal(candidates[SYNC_ID], newest))
    replaced = _replaced(candidates, contract)
    together = pa.concat_arrays([superseded, replaced])
    return together.take(pc.sort_indices(together))


def _replaced(candidates: pa.Table, contract: Contract) -> pa.Array:
    keys = list(contract.key)
    versions = candidates.group_by(keys).aggregate([([], "count_all")])
    if versions.num_rows == candidates.num_rows:
        return pa.array([], pa.int64())
    newest_first = [*([contract.cursor] if contract.cursor else []), EXTRACTED_AT, ORDINAL]
    order = pc.sort_indices(
        candidates,
        sort_keys=[(name, "ascending") for name in keys] + [(name, "descending") for name in newest_first],
    )
    by_key = candidates.select([*keys, ORDINAL]).take(order).combine_chunks()
    same_as_before = None
    for name in keys:
        values = _one_chunk(by_key[name])
        same = pc.equal(values.slice(1), values.slice(0, len(values) - 1))
        same_as_before = same if same_as_before is None else pc.and_(same_as_before, same)
    return _one_chunk(by_key[ORDINAL]).slice(1).filter(same_as_before)


def _one_chunk(values: pa.ChunkedArray) -> pa.Array:
    combined = values.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)
