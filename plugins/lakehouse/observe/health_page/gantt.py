"""Where the bars of a night stand: plan against actual, as shares of one time axis."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from lakehouse.night.plan import NIGHT, Stage, night_window

EARLY: Final = timedelta(hours=1)
LATE: Final = timedelta(hours=8)
"""A night that starts this long before or after its planned hours was started by hand: its bars would not
fit on one axis with the plan's."""
SMALLEST_SHARE: Final = 0.5
"""Percent of the axis that a bar has at least, so that a stage of seconds can be seen."""
_TICK_STEPS: Final = (
    timedelta(seconds=1), timedelta(seconds=5), timedelta(seconds=15), timedelta(minutes=1),
    timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1),
    timedelta(hours=2), timedelta(hours=6), timedelta(days=1),
)  # fmt: skip
_MOST_TICKS: Final = 8


@dataclass(frozen=True)
class Span:
    """A piece of the axis, in percent of its length."""

    left: float
    width: float

    @property
    def right(self) -> float:
        return self.left + self.width


@dataclass(frozen=True)
class Tick:
    """A labelled time on the axis."""

    at: float
    label: str


@dataclass(frozen=True)
class Estimate:
    """When the dashboards will be warm."""

    earliest: datetime
    likely: datetime
    latest: datetime
    """In 19 nights of 20 it is not later."""
    stage_ends: Mapping[str, datetime] = field(default_factory=dict)
    """When each stage that has not ended is likely to."""


@dataclass(frozen=True)
class Row:
    """One stage."""

    name: str
    title: str
    state: str
    """success, failed, running, not_started, or late: not started and past its planned start."""
    planned_start: datetime
    planned_end: datetime
    planned_minutes: int
    started_at: datetime | None
    ended_at: datetime | None
    seconds: float | None
    """How long it took, or has run until now."""
    behind_minutes: int | None
    """How much later than planned it ended, or is now; None for an end in time or without a plan."""
    plan: Span | None
    actual: Span | None
    expected_end: datetime | None = None
    """When a stage that runs or waits is likely to end."""
    expected: float | None = None


@dataclass(frozen=True)
class Gantt:
    """The chart of one night."""

    follows_clock: bool
    """Whether the night ran in its planned hours, so that plan and actual share the axis."""
    ticks: list[Tick]
    rows: list[Row]
    now: float | None
    """Where the present is; None if it lies outside, or the night has ended."""
    deadline: float | None
    estimate: Span | None
    likely: float | None


def gantt(receipt: Mapping[str, Any], night: date, now: datetime, estimate: Estimate | None = None) -> Gantt:
    """The chart of a night's receipt.

    Args:
        receipt: as `facts.nights.night` gives it.
        night: its business date.
        now: UTC.
        estimate: when the dashboards will be warm, for a night that runs.
    """
    opens, closes = night_window(night)
    stages = receipt["stages"]
    starts = [_moment(each["started_at"]) for each in stages.values() if each.get("started_at")]
    by_clock = all(opens - EARLY <= start <= closes + LATE for start in starts)
    running = any(each["state"] == "running" for each in stages.values())
    ends = [_end(each, now) for each in stages.values() if each.get("started_at")]
    shown = estimate if by_clock and running else None
    moments = [*starts, *ends]
    if by_clock:
        moments += [opens, closes, *([shown.latest] if shown else [])]
    axis = _Axis(moments)
    rows = [_row(planned, stages[planned.name], night, now, axis, by_clock) for planned in NIGHT]
    if shown:
        rows = [_expecting(row, shown.stage_ends.get(row.name), axis) for row in rows]
    return Gantt(
        follows_clock=by_clock,
        ticks=axis.ticks(),
        rows=rows,
        now=axis.at(now) if axis.holds(now) and (running or _is_open(stages, by_clock)) else None,
        deadline=axis.at(closes) if by_clock else None,
        estimate=axis.span(shown.earliest, shown.latest) if shown else None,
        likely=axis.at(shown.likely) if shown else None,
    )


def _row(
    planned: Stage, actual: Mapping[str, Any], night: date, now: datetime, axis: _Axis, by_clock: bool
) -> Row:
    starts, ends = planned.starts_at(night), planned.ends_at(night)
    begun = _moment(actual["started_at"]) if actual.get("started_at") else None
    ended = _moment(actual["ended_at"]) if actual.get("ended_at") else None
    until = _end(actual, now) if begun else None
    state = str(actual["state"])
    if state == "not_started" and by_clock and now > starts:
        state = "late"
    behind = None
    if by_clock and (begun or state == "late"):
        minutes = int(((ended or now) - ends).total_seconds() // 60)
        behind = minutes if minutes > 0 else None
    return Row(
        name=planned.name,
        title=planned.title,
        state=state,
        planned_start=starts,
        planned_end=ends,
        planned_minutes=planned.minutes,
        started_at=begun,
        ended_at=ended,
        seconds=max((until - begun).total_seconds(), 0.0) if begun and until else None,
        behind_minutes=behind,
        plan=axis.span(starts, ends) if by_clock else None,
        actual=axis.span(begun, until) if begun and until else None,
    )


def _expecting(row: Row, end: datetime | None, axis: _Axis) -> Row:
    if end is None or row.ended_at is not None or row.state == "failed":
        return row
    return replace(row, expected_end=end, expected=axis.at(end) if axis.holds(end) else None)


class _Axis:
    """From the first moment to the last one, with a little room; its ends are round times."""

    def __init__(self, moments: Iterable[datetime]) -> None:
        found = sorted(moments)
        first, last = (found[0], found[-1]) if found else (datetime(1970, 1, 1, tzinfo=UTC),) * 2
        length = max(last - first, timedelta(seconds=4))
        self._step = next((step for step in _TICK_STEPS if length <= step * _MOST_TICKS), _TICK_STEPS[-1])
        seconds = self._step.total_seconds()
        self._first = first.timestamp() // seconds * seconds
        self._last = -(-max(last.timestamp(), self._first + 1) // seconds) * seconds

    def at(self, moment: datetime) -> float:
        return round((moment.timestamp() - self._first) / (self._last - self._first) * 100, 3)

    def holds(self, moment: datetime) -> bool:
        return 0 <= self.at(moment) <= 100

    def span(self, start: datetime, end: datetime) -> Span:
        left = min(max(self.at(start), 0.0), 100 - SMALLEST_SHARE)
        right = min(max(self.at(end), left + SMALLEST_SHARE), 100.0)
        return Span(left, round(right - left, 3))

    def ticks(self) -> list[Tick]:
        step = self._step.total_seconds()
        count = round((self._last - self._first) / step)
        # An axis of many days would have a label for each.
        every = -(-count // _MOST_TICKS)
        form = "%H:%M" if step >= 60 else "%H:%M:%S"
        if step >= 86_400:
            form = "%m-%d"
        times = [self._first + number * step for number in range(0, count + 1, every)]
        return [
            Tick(self.at(moment), moment.strftime(form))
            for moment in (datetime.fromtimestamp(time, UTC) for time in times)
        ]


def _is_open(stages: Mapping[str, Mapping[str, Any]], by_clock: bool) -> bool:
    return by_clock and any(each["state"] == "not_started" for each in stages.values())


def _end(actual: Mapping[str, Any], now: datetime) -> datetime:
    """A running stage reaches until now; what ended without a time did so when it started."""
    start = _moment(actual["started_at"])
    if actual["state"] == "running":
        return max(now, start)
    return max(_moment(actual["ended_at"]), start) if actual.get("ended_at") else start


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
