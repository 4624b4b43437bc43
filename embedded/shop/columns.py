"""Turns numpy arrays into the Arrow columns that PostgreSQL's COPY takes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from embedded.shop.chance import Bools, Ints

NEVER = np.int64(2**62)
"""A moment (microseconds since 1970) later than any day: this does not happen."""


def timestamps(moments: Ints, absent: Bools | None = None) -> pa.Array:
    """Naive UTC timestamps from microseconds since 1970; null where `absent`."""
    safe = moments if absent is None else np.where(absent, 0, moments)
    return pa.array(safe, mask=absent).cast(pa.timestamp("us"))


def cents(amounts: Ints) -> pa.Array:
    """numeric(12,2) from whole cents, exactly."""
    units = pa.array(amounts).cast(pa.decimal128(19, 0))
    return pc.multiply(units, pa.scalar(Decimal("0.01"), pa.decimal128(3, 2))).cast(pa.decimal128(12, 2))


def texts(words: Sequence[str | None], positions: Ints) -> pa.Array:
    """The word at each position."""
    return pa.array(words, pa.string()).take(pa.array(positions))
