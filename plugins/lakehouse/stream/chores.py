"""What the loop does between two batches: compaction, the edge, the verification of the seam."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lakehouse.platform.errors import LakehouseError, PermanentError

log = logging.getLogger(__name__)


class ChoreFailedError(PermanentError):
    """The batches went on, but something that is done beside them still fails at the end of the run."""


@dataclass
class Chore:
    """Something done between two batches; it returns at once when nothing is due."""

    name: str
    every: timedelta
    do: Callable[[datetime], object]
    due: datetime | None = None
    """None: at once."""
    failure: str | None = None
    """Why it failed the last time that it was tried."""


class Chores:
    """The chores of a loop. One that fails does not hold the batches up; it is told when the run ends."""

    def __init__(self, chores: Sequence[Chore] = ()) -> None:
        self._chores = list(chores)

    def do(self, now: datetime) -> None:
        """Do what is due."""
        for chore in self._chores:
            if chore.due is not None and now < chore.due:
                continue
            chore.due = now + chore.every
            try:
                chore.do(now)
            except LakehouseError as error:
                chore.failure = f"{chore.name}: {type(error).__name__}: {' '.join(str(error).split())}"
                log.error("%s", chore.failure)
            else:
                chore.failure = None

    @property
    def failing(self) -> str | None:
        """What could not be done the last time, with the reasons."""
        return "; ".join(chore.failure for chore in self._chores if chore.failure) or None

    def require_done(self) -> None:
        """Raises ChoreFailedError if one fails."""
        if self.failing:
            raise ChoreFailedError(
                f"the batches were merged, but not all that is done beside them: {self.failing}"
            )
