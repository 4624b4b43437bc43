"""When the dashboards of a night will be warm: five hundred ways in which the night may go on from here.

Every forecast uses the same random numbers, so it changes only with what is known. It goes through the stages
in their order; what has ended is taken as it was, what runs is only known to take longer than it has. So
while a stage runs the forecast never gets earlier, and it gets no later because a stage has ended: only the
rows that the extracts turn out to have landed can do that.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from statistics import NormalDist
from typing import Final

from lakehouse.night.plan import NIGHT, Stage
from lakehouse.observe.eta.history import LAST, ended
from lakehouse.observe.eta.model import Model, Series
from lakehouse.observe.eta.tonight import NightState, Tonight
from lakehouse.observe.facts.nights import RunState, StageRun

DRAWS: Final = 500
SEED: Final = 20251016
QUANTILES: Final = (0.05, 0.5, 0.95)
_NORMAL: Final = NormalDist()


@dataclass(frozen=True)
class Forecast:
    """When a night will be served."""

    at: datetime
    """When it was made."""
    state: NightState
    p05: datetime | None
    """One night in twenty is served before; None for a night that a failed stage has stopped."""
    p50: datetime | None
    p95: datetime | None
    """Nineteen nights in twenty are served before."""
    p_miss: float | None
    """Probability that it is served after its deadline; None without a deadline or a forecast."""
    deadline: datetime | None
    ends: Mapping[str, datetime]
    """The middle forecast, or the fact, of each stage's end."""
    nights: int
    """How many past nights it learnt from."""


def forecast(
    tonight: Tonight,
    model: Model,
    now: datetime,
    draws: int = DRAWS,
    saved: Mapping[str, float] | None = None,
) -> Forecast:
    """Forecast when the night is served.

    Args:
        tonight: where it stands.
        model: what past nights teach.
        now: the time. A clock that was set back does not bring the forecast before what has already ended.
        draws: how many ways.
        saved: seconds that stages which have not ended take less, by name: what shedding would save.
    """
    if tonight.state is NightState.STOPPED:
        ends = {name: ended(run) for name, run in tonight.runs.items() if run.state is RunState.SUCCESS}
        return Forecast(now, tonight.state, None, None, None, None, tonight.deadline, ends, model.nights)
    if (served := tonight.served_at) is not None:
        miss = None if tonight.deadline is None else float(served > tonight.deadline)
        ends = {name: ended(run) for name, run in tonight.runs.items() if run.state is RunState.SUCCESS}
        return Forecast(
            now, tonight.state, served, served, served, miss, tonight.deadline, ends, model.nights
        )
    known = [run.started_at for run in tonight.runs.values()]
    known += [ended(run) for run in tonight.runs.values() if run.ended_at is not None]
    present = max([now, *known])
    origin = present.timestamp()
    ways = _Ways(tonight, model, present, saved or {})
    finals = {each.name: [0.0] * draws for each in NIGHT}
    for draw, numbers in enumerate(_numbers(draws)):
        for name, end in ways.walk(numbers).items():
            finals[name][draw] = end
    p05, p50, p95 = (_moment(_quantile(finals[LAST], share), origin) for share in QUANTILES)
    late = None
    if tonight.deadline is not None:
        limit = tonight.deadline.timestamp()
        late = sum(end > limit for end in finals[LAST]) / draws
    middles = {name: _moment(_quantile(ends_of, 0.5), None) for name, ends_of in finals.items()}
    return Forecast(now, tonight.state, p05, p50, p95, late, tonight.deadline, middles, model.nights)


class _Ways:
    """Walks one night through its stages, given random numbers."""

    def __init__(self, tonight: Tonight, model: Model, present: datetime, saved: Mapping[str, float]) -> None:
        self._tonight = tonight
        self._model = model
        self._now = present.timestamp()
        self._saved = saved
        self._log_rows = None if tonight.rows is None else math.log1p(tonight.rows)
        self._shared, self._shared_spread = self._pace()

    def walk(self, numbers: Sequence[float]) -> dict[str, float]:
        """The end of each stage, in seconds since 1970."""
        log_rows = self._log_rows
        if log_rows is None:
            log_rows = self._model.rows.level + self._model.rows.errors.at(_log_survival(numbers[0]))
        pace = self._shared + self._shared_spread * numbers[1]
        together = self._model.together
        ends: dict[str, float] = {}
        for place, planned in enumerate(NIGHT):
            own, wait = numbers[2 + 2 * place], numbers[3 + 2 * place]
            score = math.sqrt(together) * pace + math.sqrt(1 - together) * own
            run = self._tonight.runs.get(planned.name)
            if run is None:
                start = self._start(planned, ends, wait)
                length = self._model.durations[planned.name].seconds(_log_survival(score), log_rows)
                end = start + max(length - self._saved.get(planned.name, 0.0), 0.0)
            else:
                end = self._end(planned.name, run, score, log_rows)
            ends[planned.name] = max([end, *(ends[name] for name in planned.waits_for)])
        ends[LAST] = max(ends[LAST], self._now)
        return ends

    def _end(self, name: str, run: StageRun, score: float, log_rows: float) -> float:
        if run.state is RunState.SUCCESS:
            return ended(run).timestamp()
        series = self._model.durations[name]
        begun = run.started_at.timestamp()
        elapsed = max(self._now - begun, 0.0)
        if run.retrying:
            # What failed is done again from its beginning.
            return begun + elapsed + series.seconds(_log_survival(score), log_rows)
        longer = series.log_survival(elapsed, log_rows) + _log_survival(score)
        length = max(series.seconds(longer, log_rows) - self._saved.get(name, 0.0), elapsed)
        return begun + length

    def _start(self, planned: Stage, ends: Mapping[str, float], number: float) -> float:
        """When a stage that has not started will."""
        if not planned.waits_for:
            by_clock = self._tonight.planned_start(planned.name)
            return self._now if by_clock is None else max(by_clock.timestamp(), self._now)
        ready = max(ends[name] for name in planned.waits_for)
        series = self._model.waits[planned.name]
        waited = max(self._now - ready, 0.0)
        longer = series.log_survival(waited, 0.0) + _log_survival(number)
        return ready + max(series.seconds(longer, 0.0), waited)

    def _pace(self) -> tuple[float, float]:
        """What tonight's stages say about the error that they share: its mean and its spread.

        A stage that runs counts with the time it has taken so far, if that is slow already.
        """
        together = self._model.together
        if not 0 < together < 1:
            return 0.0, 1.0
        rows = self._model.rows.level if self._log_rows is None else self._log_rows
        weight = math.sqrt(together) / (1 - together)
        precision, total = 1.0, 0.0
        running: list[float] = []
        for name, run in self._tonight.runs.items():
            series = self._model.durations[name]
            if run.state is RunState.SUCCESS:
                total += weight * _score(series, run.seconds or 0.0, rows)
                precision += together / (1 - together)
            elif run.state is RunState.RUNNING:
                running.append(_score(series, self._now - run.started_at.timestamp(), rows))
        for score in sorted(running):
            slower_total = total + weight * score
            slower_precision = precision + together / (1 - together)
            if slower_total / slower_precision > total / precision:
                total, precision = slower_total, slower_precision
        return total / precision, math.sqrt(1 / precision)


def _score(series: Series, seconds: float, log_rows: float) -> float:
    """How slow that is, as a standard normal number."""
    survival = math.exp(min(series.log_survival(seconds, log_rows), 0.0))
    return -_NORMAL.inv_cdf(min(max(survival, 1e-3), 1 - 1e-3))


def _log_survival(score: float) -> float:
    """The logarithm of the probability of a larger standard normal number."""
    return math.log(max(0.5 * math.erfc(score / math.sqrt(2)), 1e-300))


@lru_cache(maxsize=4)
def _numbers(draws: int) -> tuple[tuple[float, ...], ...]:
    """For each way its standard normal numbers: rows, pace, and two for each stage; the same every time.

    Each is as good as one drawn at random, but evenly spread over the ways, so that fewer of them do.
    """
    source = random.Random(SEED)  # noqa: S311
    columns = []
    for _ in range(2 + 2 * len(NIGHT)):
        even = [_NORMAL.inv_cdf((place + 0.5) / draws) for place in range(draws)]
        source.shuffle(even)
        columns.append(even)
    return tuple(zip(*columns, strict=True))


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _moment(seconds: float, not_before: float | None) -> datetime:
    bounded = seconds if not_before is None else max(seconds, not_before)
    # A forecast of years is a forecast of never; the calendar ends in 9999.
    return datetime.fromtimestamp(min(bounded, 32_503_680_000.0), UTC)
