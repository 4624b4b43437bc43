"""Where a night stands: which stages have ended, which run, which have not started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum

from lakehouse.night.plan import NIGHT, night_window, stage
from lakehouse.observe.eta.history import LAST, ROOTS, ended
from lakehouse.observe.facts.nights import RunState, StageRun


class NightState(StrEnum):
    """How a night stands as a whole."""

    WAITING = "waiting"
    """No stage has started."""
    RUNNING = "running"
    STOPPED = "stopped"
    """A stage has failed: nothing behind it starts until somebody acts."""
    SERVED = "served"


@dataclass(frozen=True)
class Tonight:
    """One night as its runs show it."""

    business_date: date
    by_clock: bool
    """It runs, or should run, by the plan's clock: it has a deadline."""
    runs: Mapping[str, StageRun]
    """For each stage the run of this night; absent if it has not started."""

    @property
    def deadline(self) -> datetime | None:
        """When the dashboards must be warm: the plan's end. None for a night that no clock started."""
        return night_window(self.business_date)[1] if self.by_clock else None

    @property
    def failed(self) -> str | None:
        """The first stage that has failed."""
        return next((each.name for each in NIGHT if self._state(each.name) is RunState.FAILED), None)

    @property
    def state(self) -> NightState:
        """How it stands."""
        if self._state(LAST) is RunState.SUCCESS:
            return NightState.SERVED
        if self.failed is not None:
            return NightState.STOPPED
        return NightState.RUNNING if self.runs else NightState.WAITING

    @property
    def served_at(self) -> datetime | None:
        """When its dashboards were warm."""
        return ended(self.runs[LAST]) if self.state is NightState.SERVED else None

    @property
    def rows(self) -> int | None:
        """Rows that the extracts landed; None until all have."""
        extracts = [self.runs.get(name) for name in ROOTS]
        if not all(run is not None and run.state is RunState.SUCCESS for run in extracts):
            return None
        return sum(run.rows_in for run in extracts if run is not None)

    @property
    def at_work(self) -> str:
        """The stage that the night waits for: the first that runs, else the first that has not ended."""
        running = [each.name for each in NIGHT if self._state(each.name) is RunState.RUNNING]
        left = [each.name for each in NIGHT if self._state(each.name) is not RunState.SUCCESS]
        return next(iter(running or left), LAST)

    def planned_start(self, stage_name: str) -> datetime | None:
        """When the clock starts the stage; None if no clock does."""
        return stage(stage_name).starts_at(self.business_date) if self.by_clock else None

    def _state(self, stage_name: str) -> RunState | None:
        run = self.runs.get(stage_name)
        return None if run is None else run.state


def tonight_of(business_date: date, runs: Iterable[StageRun], by_clock: bool | None = None) -> Tonight:
    """The night of a date, from the runs of its stages.

    A stage shows its newest run, unless a stage it waits for was started again since: then it has not
    started, as in the receipt.

    Args:
        business_date: the date.
        runs: of that date, in any order.
        by_clock: whether it should run by the clock; by default what its extracts' runs say.
    """
    newest: dict[str, StageRun] = {}
    for run in sorted(runs, key=lambda each: each.started_at):
        if run.business_date == business_date:
            newest[run.stage] = run
    shown: dict[str, StageRun] = {}
    for each in NIGHT:
        candidate = newest.get(each.name)
        if candidate is None:
            continue
        before = [shown.get(name) for name in each.waits_for if name in newest]
        if all(other is not None and other.started_at <= candidate.started_at for other in before):
            shown[each.name] = candidate
    started = [shown[name] for name in ROOTS if name in shown]
    if by_clock is None:
        by_clock = bool(started)
    return Tonight(business_date, by_clock and all(map(runs_by_clock, started)), shown)


def runs_by_clock(run: StageRun) -> bool:
    """Was it started by the plan's clock, inside its own night's window?"""
    opens, closes = night_window(run.business_date)
    return run.run_type == "scheduled" and opens <= run.started_at.astimezone(UTC) <= closes
