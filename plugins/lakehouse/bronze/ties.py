"""Rows that nothing tells apart: one key, one cursor, one sync, and another content.

One of them is kept, and nobody can say whether it is the right one. So they are counted apart from those that
were delivered twice and those that a newer version has replaced, and named.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.landing.columns import SYNC_ID

EXAMPLES: Final = 3
_SEPARATOR: Final = "\x1f"
_NULL: Final = "\x00"

ContentsOf = Callable[[pa.Array], dict[int, bytes]]
"""Reads, for ascending ordinals, a digest of each row's content."""


@dataclass(frozen=True)
class Ties:
    """What became of the rows that are not kept."""

    identical: int = 0
    """Equal to the one that is kept."""
    losing: pa.Array = field(default_factory=lambda: pa.array([], pa.int64()))
    """Ordinals, ascending, of those that differ from the one that is kept though nothing tells them apart."""
    examples: tuple[str, ...] = ()
    """Keys of the first of them, such as `order_id=7`."""


def find_ties(
    versions: pa.Table, same_key: pa.Array, keys: Sequence[str], cursor: str | None, ordinal: str,
    contents_of: ContentsOf,
) -> Ties:  # fmt: skip
    """Compare each version that is not kept with the one of its key that is.

    Args:
        versions: key, cursor, SYNC_ID and ordinal, by key, the newest version of each first.
        same_key: for each row but the first: has it the key of the row before?
        keys: the key's columns.
        cursor: the cursor's column; None: only the sync is older or newer.
        ordinal: the column with the rows' ordinals.
        contents_of: reads what is compared.
    """
    loses = pa.concat_arrays([pa.array([False]), same_key])
    rows = pa.arange(0, len(loses))
    kept = pc.fill_null_forward(pc.if_else(loses, None, rows))
    level = _equal(versions, cursor, kept) if cursor else pa.array([True] * len(loses))
    asked = pc.and_(loses, level)
    if not pc.any(asked, min_count=0).as_py():
        return Ties()
    ordinals = _whole(versions[ordinal])
    mine, winners = ordinals.filter(asked), ordinals.take(kept.filter(asked))
    contents = contents_of(_ascending(pc.unique(pa.concat_arrays([mine, winners]))))
    pairs = zip(mine.to_pylist(), winners.to_pylist(), strict=True)
    equal = pa.array([contents[one] == contents[other] for one, other in pairs])
    of_one_sync = _equal(versions, SYNC_ID, kept).filter(asked)
    tied = pc.and_(pc.invert(equal), of_one_sync)
    named = versions.select(list(keys)).filter(asked).filter(tied).slice(0, EXAMPLES).to_pylist()
    return Ties(
        identical=pc.sum(equal, min_count=0).as_py(),
        losing=_ascending(mine.filter(tied)),
        examples=tuple(dict.fromkeys(", ".join(f"{key}={row[key]}" for key in keys) for row in named)),
    )


def content_digests(batch: pa.RecordBatch) -> list[bytes]:
    """A digest of each row's values: equal rows have equal ones."""
    columns = [_texts(column) for column in batch.columns]
    joined = pc.binary_join_element_wise(*columns, _SEPARATOR)
    return [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in joined.to_pylist()]


def _texts(column: pa.Array) -> pa.Array:
    if pa.types.is_temporal(column.type):
        column = column.view(pa.int32() if column.type.bit_width == 32 else pa.int64())
    return pc.fill_null(pc.cast(column, pa.string()), _NULL)


def _equal(versions: pa.Table, name: str, others: pa.Array) -> pa.Array:
    values = _whole(versions[name])
    return pc.fill_null(pc.equal(values, values.take(others)), False)


def _ascending(values: pa.Array) -> pa.Array:
    return values.take(pc.sort_indices(values))


def _whole(values: pa.ChunkedArray) -> pa.Array:
    combined = values.combine_chunks()
    return combined if isinstance(combined, pa.Array) else pa.concat_arrays(combined.chunks)
