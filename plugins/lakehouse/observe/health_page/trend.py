"""A small line of values over nights, in the units of a drawing 100 wide and 24 high."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 100.0
HEIGHT: Final = 24.0
_MARGIN: Final = 2.0


@dataclass(frozen=True)
class Trend:
    """Values in the order of time."""

    labels: list[str]
    values: list[float | None]
    points: str
    """`x,y x,y ...` of an SVG polyline; what is missing is left out."""
    last: tuple[float, float]
    """Where the newest point stands."""
    lowest: float
    highest: float
    change: float | None
    """The newest against the mean of those before it, as a share: 0.5 is half as much again."""


def trend(series: Sequence[tuple[str, float | None]]) -> Trend | None:
    """The trend of (label, value) pairs, oldest first; None without two values."""
    known = [(number, value) for number, (_, value) in enumerate(series) if value is not None]
    if len(known) < 2:
        return None
    values = [value for _, value in known]
    # From zero: a line that fills its height would show noise as drama.
    top = max(*values, 0.0) or 1.0
    points = [
        (
            round(_MARGIN + number / (len(series) - 1) * (WIDTH - 2 * _MARGIN), 2),
            round(HEIGHT - _MARGIN - max(value, 0.0) / top * (HEIGHT - 2 * _MARGIN), 2),
        )
        for number, value in known
    ]
    before = sum(values[:-1]) / len(values[:-1])
    return Trend(
        labels=[label for label, _ in series],
        values=[value for _, value in series],
        points=" ".join(f"{x},{y}" for x, y in points),
        last=points[-1],
        lowest=min(values),
        highest=max(values),
        change=(values[-1] - before) / before if before else None,
    )
