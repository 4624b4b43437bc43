"""Where documents go. A sink takes the same documents twice as if they came once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lakehouse.observe.logs.batch import Batch


class SinkAwayError(Exception):
    """The sink did not answer, or is busy: the same batches are sent again later."""


@dataclass(frozen=True)
class Refused:
    """A document that the sink will never take, and why in its own words."""

    id: str
    reason: str
    body: bytes


class Sink(Protocol):
    """One destination of all logs."""

    @property
    def name(self) -> str:
        """By which its progress is kept."""

    @property
    def patience_seconds(self) -> float:
        """How long it waits for a batch to grow, at most."""

    def send(self, batches: Sequence[Batch]) -> list[Refused]:
        """Store the documents. All but those that are returned are stored when this returns.

        Raises:
            SinkAwayError: perhaps some are stored; they are to be sent again.
        """
