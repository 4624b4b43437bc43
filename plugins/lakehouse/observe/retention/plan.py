"""What would be done: the list that `apply` works through, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from lakehouse.observe.retention.policy import Policy
from lakehouse.platform.database import PostgresConnections
from lakehouse.platform.storage import LakeStorage


@dataclass(frozen=True)
class Item:
    """One thing that goes, or is rewritten, as a whole."""

    name: str
    objects: int
    rows: int | None
    """None where nobody has counted them."""
    bytes: int | None
    """Of what goes; of what is rewritten, its size now."""
    detail: Mapping[str, Any] = field(default_factory=dict, hash=False)
    """What apply needs to find it again: JSON."""


@dataclass(frozen=True)
class KindPlan:
    """All items of one kind."""

    kind: str
    verb: str
    """`delete` or `recompress`."""
    cutoff: datetime
    """What was written later is not touched."""
    items: tuple[Item, ...]
    not_looked: str | None = None
    """Why this kind could not be looked at, where that is not a fault."""

    @property
    def objects(self) -> int:
        return sum(item.objects for item in self.items)

    @property
    def rows(self) -> int:
        return sum(item.rows or 0 for item in self.items)

    @property
    def bytes(self) -> int:
        return sum(item.bytes or 0 for item in self.items)


@dataclass
class Applied:
    """What was done of a plan."""

    kind: str
    verb: str
    items: int = 0
    objects: int = 0
    rows: int = 0
    bytes: int = 0
    """Freed; for what was rewritten, the difference."""
    skipped: list[str] = field(default_factory=list)
    """Items that are needed after all, each with the reason: they are looked at again next time."""

    def did(self, item: Item, freed: int | None = None) -> None:
        """Count an item."""
        self.items += 1
        self.objects += item.objects
        self.rows += item.rows or 0
        self.bytes += (item.bytes or 0) if freed is None else freed

    def skip(self, item: Item, why: object) -> None:
        """Keep an item."""
        self.skipped.append(f"{item.name}: {why}")


@dataclass(frozen=True)
class Stores:
    """Where the things are."""

    postgres: PostgresConnections
    lake: LakeStorage
    receipts: Path
    scratch: Path


class Kind(Protocol):
    """One kind of thing that is kept for some time."""

    name: str

    def plan(self, policy: Policy, now: datetime) -> KindPlan:
        """What goes; reads only."""

    def apply(self, plan: KindPlan) -> Applied:
        """Do what the plan lists, as far as it is still right to do so. A second call finishes a first one
        that was interrupted."""


def as_table(plans: Sequence[KindPlan]) -> str:
    """The plan for people: one line for each kind, then its items up to a few."""
    lines = [
        f"{'kind':18} {'what':11} {'items':>7} {'objects':>8} {'rows':>12} {'bytes':>15}  written before"
    ]
    for plan in plans:
        if plan.not_looked:
            lines.append(f"{plan.kind:18} not looked at: {plan.not_looked}")
            continue
        lines.append(
            f"{plan.kind:18} {plan.verb:11} {len(plan.items):>7,} {plan.objects:>8,} {plan.rows:>12,}"
            f" {plan.bytes:>15,}  {plan.cutoff:%Y-%m-%d %H:%M} UTC"
        )
    return "\n".join(lines)


def as_lines(items: Iterable[Item]) -> list[str]:
    """One line for each item."""
    return [
        f"  {item.name}: {item.objects:,} objects"
        + (f", {item.rows:,} rows" if item.rows is not None else "")
        + (f", {item.bytes:,} bytes" if item.bytes is not None else "")
        for item in items
    ]
