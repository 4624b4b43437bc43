"""The hops that a change takes from the source to a reader's chart."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Hop(StrEnum):
    """Each is passed when its result is durable; that of the chart, when its own API has answered it."""

    LANDING = "landing"
    """Committed at the source -> in a file of Airbyte's."""
    BRONZE = "bronze"
    """Landed -> checked and written to bronze."""
    HOT = "hot"
    """In bronze -> merged into the hot table."""
    CHART = "chart"
    """In the hot table -> in the answer that a viewer's browser gets."""


TOTAL: Final = "total"
"""From the commit to the chart, where hops are listed."""
EVERY_HOP: Final = (*Hop, TOTAL)
