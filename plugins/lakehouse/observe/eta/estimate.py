"""The forecast, kept up to date: made from the receipts, stored, and told if the night will be late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from lakehouse.night.plan import night_window
from lakehouse.observe.eta.forecast import Forecast, forecast
from lakehouse.observe.eta.history import ROOTS, PastNight, past_nights
from lakehouse.observe.eta.model import Model, learn
from lakehouse.observe.eta.shedding import Advice, advise
from lakehouse.observe.eta.store import NightEta, mark_paged, newest_eta, store
from lakehouse.observe.eta.tonight import NightState, Tonight, runs_by_clock, tonight_of
from lakehouse.observe.facts.lineage import read_lineage
from lakehouse.observe.facts.nights import StageRun, recent_nights, stage_runs
from lakehouse.observe.incidents.finding import LATE, Finding, Severity
from lakehouse.observe.incidents.record import resolve, tell
from lakehouse.platform.database import PostgresConnections

PAGE_AT: Final = 0.5
"""Somebody is told when a night is as likely to be late as not: earlier is a guess, later leaves no time."""
FEW_NIGHTS: Final = 5
PAGE_AT_WITH_FEW: Final = 0.9
"""With fewer nights to learn from, the forecast must be surer."""
REMEMBERED: Final = timedelta(days=400)
LEARNT_FROM: Final = 120
"""Nights, the newest: older ones describe another platform."""
ACTIVE: Final = timedelta(hours=12)
"""A night of which nothing has started for so long is over, however it ended."""
EXPECTED: Final = timedelta(days=7)
"""Where a night has run by the clock within these days, tonight's is expected to."""
RECEIPTS_FOR_ADVICE: Final = 15


@dataclass(frozen=True)
class Estimate:
    """A night, what it was forecast from, and the forecast."""

    tonight: Tonight
    model: Model
    made: Forecast


def refresh(postgres: PostgresConnections, now: datetime) -> list[NightEta]:
    """Forecast every night that is going on, or that the clock expects; what is now stored of them.

    Tells, once a night and before its deadline, that it will be late; says so when it is served after all.
    A replay, a backfill or a night that somebody started by hand has no deadline and wakes nobody.

    Raises:
        LedgerMissingError: the tables are not there.
        PlatformDatabaseUnavailableError: PostgreSQL is away.
    """
    runs = stage_runs(postgres, since=now - REMEMBERED)
    kept = []
    for business_date in active_dates(runs, now):
        before = newest_eta(postgres, business_date)
        if before is not None and before.state is NightState.SERVED and not _is_news(runs, before):
            continue
        made = estimate(runs, business_date, now)
        kept.append(store(postgres, made.tonight, made.made))
        _tell(postgres, made, kept[-1], now)
    return kept


def estimate(runs: Sequence[StageRun], business_date: date, now: datetime) -> Estimate:
    """The forecast of one night, from the runs of all."""
    tonight = tonight_of(business_date, runs, by_clock=True if is_expected(runs, business_date) else None)
    nights = learnable(runs, business_date)
    model = learn(nights, business_date.weekday())
    return Estimate(tonight, model, forecast(tonight, model, now))


def learnable(runs: Iterable[StageRun], business_date: date | None = None) -> list[PastNight]:
    """The nights to learn from: the newest, without the date itself."""
    nights = [each for each in past_nights(runs) if each.business_date != business_date]
    return nights[-LEARNT_FROM:]


def active_dates(runs: Sequence[StageRun], now: datetime) -> list[date]:
    """The dates whose nights are going on, or are expected to begin."""
    dates = {run.business_date for run in runs if timedelta(0) <= now - run.started_at < ACTIVE}
    today = now.astimezone(UTC).date()
    opens_today = datetime.combine(today, time(), tzinfo=UTC)
    _, closes = night_window(today)
    if opens_today <= now < closes + ACTIVE and is_expected(runs, today):
        dates.add(today)
    return sorted(dates)


def is_expected(runs: Iterable[StageRun], business_date: date) -> bool:
    """Does the clock start the night of that date, as far as the last nights tell?"""
    opens, _ = night_window(business_date)
    roots = [run for run in runs if run.stage in ROOTS]
    if any(run.business_date == business_date for run in roots):
        return any(run.business_date == business_date and runs_by_clock(run) for run in roots)
    return any(runs_by_clock(run) and timedelta(0) < opens - run.started_at < EXPECTED for run in roots)


def advice_for(postgres: PostgresConnections, made: Estimate, now: datetime) -> list[Advice]:
    """What may be left out so that the night makes its deadline."""
    if made.tonight.deadline is None or made.tonight.state is NightState.SERVED:
        return []
    return advise(made.tonight, made.model, now, recent_nights(postgres, RECEIPTS_FOR_ADVICE))


def will_be_late(made: Forecast) -> bool:
    """Is it sure enough that the night misses its deadline to wake somebody?"""
    sure = PAGE_AT if made.nights >= FEW_NIGHTS else PAGE_AT_WITH_FEW
    return made.p_miss is not None and made.p_miss >= sure and made.state is not NightState.SERVED


def _is_news(runs: Iterable[StageRun], before: NightEta) -> bool:
    return any(run.business_date == before.business_date and run.started_at > before.made_at for run in runs)


def _tell(postgres: PostgresConnections, made: Estimate, kept: NightEta, now: datetime) -> None:
    business_date, deadline = made.tonight.business_date, made.tonight.deadline
    if kept.paged_root is not None:
        if made.tonight.state is NightState.SERVED:
            key = _finding(kept.paged_root, made, (), now).key
            resolve(postgres, key, f"the dashboards were warm {made.made.p50:%H:%M} UTC", now)
        return
    if deadline is None or now > deadline or not will_be_late(made.made):
        return
    root = made.tonight.at_work
    tell(postgres, _finding(root, made, advice_for(postgres, made, now), now), now)
    mark_paged(postgres, business_date, root, now)


def _finding(root: str, made: Estimate, advice: Sequence[Advice], now: datetime) -> Finding:
    night, forecast_ = made.tonight, made.made
    commands = [each.shedding.command(night.business_date) for each in advice]
    enough = bool(advice) and advice[-1].makes_it
    began = night.runs.get(root)
    stands = (
        f"{root} has not started"
        if began is None
        else f"{root} has been running since {began.started_at:%H:%M} UTC"
    )
    evidence: dict[str, Any] = {
        "p_miss": forecast_.p_miss,
        "p05": forecast_.p05,
        "p50": forecast_.p50,
        "p95": forecast_.p95,
        "deadline": forecast_.deadline,
        "nights_learnt": forecast_.nights,
        "dashboards": [board.slug for board in read_lineage().dashboards()],
        "may_be_left_out": [
            {"task": each.shedding.task, "lost": each.shedding.lost, "saved_seconds": each.saved_seconds}
            for each in advice
        ],
        "runbook": "docs/runbooks/eta.md",
    }
    expected = f", expected {forecast_.p50:%H:%M} UTC" if forecast_.p50 else ""
    due = f"{forecast_.deadline:%H:%M} UTC" if forecast_.deadline else "their deadline"
    return Finding(
        kind=LATE,
        root=root,
        business_date=night.business_date,
        severity=Severity.PAGE,
        summary=f"the dashboards of {night.business_date} will not be warm by {due}{expected}: {stands}",
        command=" && ".join(commands) if enough else "bin/eta",
        evidence=evidence,
        is_effect=True,
    )
