"""The nights that a forecast learns from, out of the receipts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from lakehouse.night.plan import NIGHT, stage
from lakehouse.observe.facts.nights import RunState, StageRun

ROOTS: Final = tuple(each.name for each in NIGHT if not each.waits_for)
LAST: Final = NIGHT[-1].name
LONGEST_WAIT: Final = timedelta(hours=1)
"""A stage that starts later than this after its input was started again by hand: no wait of a night."""
OVERTIME: Final = 3
"""A run with several attempts that takes this many times its planned minutes waited for somebody."""
ENOUGH: Final = {"scheduled": 10, "manual": 3}
"""With so many nights that the clock started, others teach nothing; with so many that people started,
backfills do not: their dates stand in each other's way."""


@dataclass(frozen=True)
class PastNight:
    """A whole night: when each stage started, how long it took, what it waited. In seconds."""

    business_date: date
    started_by: str
    """Airflow's type of run: scheduled, manual or backfill."""
    rows: int
    """Rows that the extracts landed."""
    starts: Mapping[str, datetime]
    seconds: Mapping[str, float]
    waits: Mapping[str, float]
    """From the end of a stage's inputs to its start; not of the stages that wait for none."""

    @property
    def by_clock(self) -> bool:
        """The plan's clock started it."""
        return self.started_by == "scheduled"

    @property
    def served_at(self) -> datetime:
        """When the dashboards were warm."""
        return self.ended(LAST)

    def ended(self, stage_name: str) -> datetime:
        """When the stage had ended."""
        return self.starts[stage_name] + timedelta(seconds=self.seconds[stage_name])


def past_nights(runs: Iterable[StageRun]) -> list[PastNight]:
    """The complete nights among the runs, in the order they ran.

    Of a date that ran more than once, the first run counts: a replay finds the work done and takes less.
    A stage that somebody had to start or clear by hand hours later makes its night no example.
    """
    first: defaultdict[date, dict[str, StageRun]] = defaultdict(dict)
    for run in sorted(runs, key=lambda each: each.started_at):
        if run.state is RunState.SUCCESS and run.ended_at is not None:
            first[run.business_date].setdefault(run.stage, run)
    nights = [night for stages in first.values() if (night := _night(stages)) is not None]
    nights.sort(key=lambda each: each.served_at)
    for started_by, enough in ENOUGH.items():
        alike = [each for each in nights if each.started_by == started_by]
        if len(alike) >= enough:
            return alike
    return nights


def _night(stages: Mapping[str, StageRun]) -> PastNight | None:
    if any(each.name not in stages for each in NIGHT):
        return None
    waits = {}
    for each in NIGHT:
        run = stages[each.name]
        if run.attempts > 1 and (run.seconds or 0.0) > OVERTIME * 60 * each.minutes:
            return None
        if each.waits_for:
            ready = max(ended(stages[name]) for name in each.waits_for)
            if run.started_at - ready > LONGEST_WAIT or ready - run.started_at > LONGEST_WAIT:
                return None
            waits[each.name] = max((run.started_at - ready).total_seconds(), 0.0)
    return PastNight(
        business_date=stages[LAST].business_date,
        started_by=_started_by({stages[name].run_type for name in ROOTS}),
        rows=sum(stages[name].rows_in for name in ROOTS),
        starts={name: run.started_at for name, run in stages.items()},
        seconds={name: run.seconds or 0.0 for name, run in stages.items()},
        waits=waits,
    )


def _started_by(types: set[str]) -> str:
    """What started both extracts; `manual` if they differ."""
    return types.pop() if len(types) == 1 else "manual"


def ended(run: StageRun) -> datetime:
    """The end of a run that is over.

    Raises:
        ValueError: it is not.
    """
    if run.ended_at is None:
        raise ValueError(f"{run.stage} for {run.business_date} has not ended")
    # A clock that was set back in between must not make the end come before the start.
    return max(run.ended_at, run.started_at)


def planned_seconds(stage_name: str) -> float:
    """What the plan allows the stage."""
    return 60.0 * stage(stage_name).minutes


def in_order() -> Sequence[str]:
    """The stages, each after those that it waits for."""
    return [each.name for each in NIGHT]
