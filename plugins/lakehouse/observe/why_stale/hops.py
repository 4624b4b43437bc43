"""The way of a date's data to a dashboard, hop by hop, and what is known of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class HopState(StrEnum):
    """Has the hop passed on the date's data?"""

    FRESH = "fresh"
    STALE = "stale"
    RUNNING = "running"
    """Not yet: it is at it now."""
    UNSEEN = "unseen"
    """The service that knows does not answer."""


@dataclass(frozen=True)
class Hop:
    """One hop, with what shows its state."""

    name: str
    """Such as `sync`, `bronze load`, `marts`, `gold publication` or `cache`."""
    state: HopState
    summary: str
    """One sentence."""
    evidence: tuple[str, ...] = ()
    command: str | None = None
    """What to type to have it pass the data on; None where there is nothing to do but wait."""
    passed_at: datetime | None = None
    """When it passed on the newest data of the date."""

    @property
    def holds_back(self) -> bool:
        return self.state in (HopState.STALE, HopState.RUNNING)


@dataclass(frozen=True)
class Verdict:
    """Whether a dashboard or table shows the date's data, and if not, which hop holds it back."""

    subject: str
    business_date: date
    """The newest date that should be there, or the one that was asked for."""
    hops: tuple[Hop, ...]
    """From the sources to the dashboard."""
    notes: tuple[str, ...] = field(default=())

    @property
    def first_stale(self) -> Hop | None:
        """The hop that holds the data back: all before it have passed it on."""
        return next((hop for hop in self.hops if hop.holds_back), None)

    @property
    def unseen(self) -> tuple[Hop, ...]:
        return tuple(hop for hop in self.hops if hop.state is HopState.UNSEEN)

    @property
    def is_fresh(self) -> bool:
        """Every hop that could be seen has passed the data on, and at least one could."""
        return self.first_stale is None and len(self.unseen) < len(self.hops)

    def to_json(self) -> dict[str, Any]:
        """For programs: the same as the text says."""
        first = self.first_stale
        return {
            "subject": self.subject,
            "business_date": self.business_date.isoformat(),
            "fresh": self.is_fresh,
            "first_stale_hop": None if first is None else first.name,
            "command": None if first is None else first.command,
            "unseen": [hop.name for hop in self.unseen],
            "notes": list(self.notes),
            "hops": [
                asdict(hop) | {"passed_at": hop.passed_at and hop.passed_at.isoformat()} for hop in self.hops
            ],
        }


def clock(moment: datetime | None) -> str:
    """A moment as people read it: UTC, to the second."""
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def listed(names: Sequence[str], most: int = 6) -> str:
    """Names in a sentence, the last ones counted where there are many."""
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
