"""Some rows among all landing rows of a date, by their position."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from operator import methodcaller

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Ordinals:
    """Positions of landing rows, ascending; rows are numbered in the order of their objects' keys."""

    values: pa.Array

    @classmethod
    def of(cls, chunks: Iterable[pa.Array]) -> Ordinals:
        """Those of all chunks, each of which lies behind the one before."""
        return cls(pa.concat_arrays([pa.array([], pa.int64()), *chunks]))

    def __len__(self) -> int:
        return len(self.values)

    def within(self, first: int, rows: int) -> Ordinals:
        """Those that lie in [first, first + rows)."""
        start, end = (
            bisect_left(self.values, bound, key=methodcaller("as_py")) for bound in (first, first + rows)
        )
        return Ordinals(self.values.slice(start, end - start))

    def counted_from(self, first: int) -> pa.Array:
        """The same rows, numbered from `first` on: positions in a batch that starts there."""
        return pc.subtract(self.values, first)
