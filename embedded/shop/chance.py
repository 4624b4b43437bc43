"""Chance as a pure function: the same (seed, purpose, number) always gives the same draw."""

from __future__ import annotations

import zlib
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]


class Chance:
    """Draws for numbered things: one independent stream of uniforms per purpose.

    This is a counter-based generator (the finalizer of SplitMix64, Steele et al. 2014) instead of one of
    numpy's stateful ones, because any subset of rows must be reproducible without generating the rows before
    it.
    """

    def __init__(self, seed: int) -> None:
        self._seed = np.uint64(seed)

    def uniform(self, purpose: str, numbers: Ints, attempt: int = 0) -> Floats:
        """Draws in [0, 1), one for each number; `attempt` gives further independent draws for the same
        numbers.
        """
        salt = np.uint64(zlib.crc32(f"{purpose}/{attempt}".encode()))
        with np.errstate(over="ignore"):
            state = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
            state += (self._seed << np.uint64(32)) ^ (salt * np.uint64(0xD1342543DE82EF95))
            for multiplier in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB):
                state = (state ^ (state >> np.uint64(30))) * np.uint64(multiplier)
            state ^= state >> np.uint64(31)
        return (state >> np.uint64(11)).astype(np.float64) / float(1 << 53)

    def between(self, purpose: str, numbers: Ints, low: float, high: float) -> Floats:
        """Draws in [low, high)."""
        return low + (high - low) * self.uniform(purpose, numbers)

    def happens(self, purpose: str, numbers: Ints, probability: float) -> Bools:
        """True for about `probability` of the numbers."""
        return self.uniform(purpose, numbers) < probability

    def choice(self, purpose: str, numbers: Ints, weights: list[float]) -> Ints:
        """Positions in `weights`, drawn in proportion to their weights."""
        edges = np.cumsum(np.asarray(weights, dtype=np.float64))
        return np.searchsorted(edges / edges[-1], self.uniform(purpose, numbers), side="right").astype(
            np.int64
        )
