"""What the night loads into bronze: every stream that has a contract. Cheap enough for Airflow to parse."""

from __future__ import annotations

from typing import Final

from lakehouse.platform.repository import INCLUDE

CONTRACTS: Final = INCLUDE / "contracts"
"""Of the night's streams."""
STREAM_CONTRACTS: Final = CONTRACTS / "stream"
"""Of what `stream_orders` reads all day."""


def night_streams() -> tuple[str, ...]:
    """The streams of the night by name, as the lake names them; none in a repository without a source."""
    return tuple(sorted(path.stem for path in CONTRACTS.glob("*.yaml")))
