"""What a receipt must know of the plan: the stages of a night, in their order."""

from __future__ import annotations

from datetime import time
from typing import Protocol


class PlannedStage(Protocol):
    """One stage of the plan: a DAG, its planned time, and what it waits for."""

    @property
    def name(self) -> str:
        """The DAG's id."""

    @property
    def section(self) -> str:
        """The part of the night it belongs to."""

    @property
    def title(self) -> str:
        """What it does, for people."""

    @property
    def start(self) -> time:
        """Planned start, UTC."""

    @property
    def minutes(self) -> int:
        """Planned duration."""

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Names of the stages before it."""

    @property
    def produces(self) -> str:
        """Name of the asset that its last task emits."""
