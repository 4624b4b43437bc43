"""Which incident a finding belongs to.

The root of a date's trouble is the first stage that failed, in the plan's order: what goes wrong behind it is
its effect. Different dates share a root if they name the same connection or service, or say the same within
half an hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final

from lakehouse.night.plan import NIGHT, stage
from lakehouse.observe.incidents.finding import Finding, Member

WINDOW: Final = timedelta(minutes=30)
"""What says the same within it is the same."""
CATCHING_UP: Final = timedelta(minutes=10)
"""How much longer than planned the stages behind a fixed root may take before they are late themselves."""
LAST_STAGE: Final = NIGHT[-1].name


@dataclass(frozen=True)
class Known:
    """Something that was told before."""

    member: Member
    is_open: bool
    """Of its incident."""


@dataclass(frozen=True)
class Home:
    """The incident that a finding becomes part of; a new one if `incident_id` is None."""

    incident_id: int | None
    is_cause: bool
    takes_over: bool = False
    """It explains what the incident was opened for, and becomes its root."""


def home_of(finding: Finding, fingerprint: str, told: Sequence[Known], now: datetime) -> Home:
    """Where the finding belongs.

    Args:
        finding: what was told.
        fingerprint: of its words.
        told: what may explain it, of open incidents and of those that were resolved in the last half day.
        now: when it was told.
    """
    members = [each.member for each in told]
    known = [each.member for each in told if each.is_open]
    for each in known:
        if each.key == finding.key and each.fixed_at is None:
            return Home(each.incident_id, each.is_cause)
    roots = [each for each in known if each.is_cause and each.fixed_at is None and not each.may_follow]
    if finding.is_effect:
        return _home_of_effect(finding, roots, known, members, now)
    return _home_of_cause(finding, fingerprint, roots, known, now)


def _home_of_cause(
    finding: Finding, fingerprint: str, roots: Sequence[Member], known: Sequence[Member], now: datetime
) -> Home:
    for each in roots:
        if finding.cause_group is not None and each.cause_group == finding.cause_group:
            return Home(each.incident_id, is_cause=True)
        if _same_place(each, finding):
            return Home(each.incident_id, is_cause=True)
    for each in roots:
        if each.business_date == finding.business_date and each.root in stages_before(finding.root):
            return Home(each.incident_id, is_cause=False)
    for each in roots:
        says_the_same = each.kind == finding.kind and each.fingerprint == fingerprint
        if says_the_same and now - each.last_at <= WINDOW:
            return Home(each.incident_id, is_cause=True)
    for each in known:
        if each.is_cause and each.fixed_at is None and each.may_follow and _explains(finding, each):
            return Home(each.incident_id, is_cause=True, takes_over=True)
    return Home(None, is_cause=True)


def _home_of_effect(
    finding: Finding,
    roots: Sequence[Member],
    known: Sequence[Member],
    members: Sequence[Member],
    now: datetime,
) -> Home:
    for each in roots:
        if _follows(finding, each):
            return Home(each.incident_id, is_cause=False)
    for each in known:
        if each.may_follow and each.business_date == finding.business_date is not None:
            return Home(each.incident_id, is_cause=False)
    for each in members:
        if each.is_cause and not each.may_follow and _lags_behind(finding, each, now):
            return Home(each.incident_id, is_cause=False)
    return Home(None, is_cause=True)


def _follows(effect: Finding, root: Member) -> bool:
    """What blames a connection or a service follows from trouble with the same one, and from nothing else."""
    if effect.cause_group is not None:
        return effect.cause_group == root.cause_group
    return _may_follow_from(effect.root, effect.business_date, root.root, root.business_date)


def _explains(finding: Finding, effect: Member) -> bool:
    if effect.cause_group is not None:
        return effect.cause_group == finding.cause_group
    return _may_follow_from(effect.root, effect.business_date, finding.root, finding.business_date)


def _lags_behind(effect: Finding, root: Member, now: datetime) -> bool:
    """Is what is told now still explained by a root that has been fixed?"""
    if effect.cause_group is not None:
        fixed = root.fixed_at
        return effect.cause_group == root.cause_group and fixed is not None and now - fixed <= WINDOW
    return _still_catching_up(root, effect, now)


def _same_place(member: Member, finding: Finding) -> bool:
    return (member.root, member.business_date) == (finding.root, finding.business_date)


def _may_follow_from(effect: str, effect_date: date | None, root: str, root_date: date | None) -> bool:
    """Does trouble at `effect` follow from trouble at `root`? What is not a stage comes behind them all."""
    if not is_stage(root) or root_date is None:
        return False
    if effect_date is not None and effect_date != root_date:
        return False
    return root == effect or root in stages_before(effect)


def _still_catching_up(root: Member, finding: Finding, now: datetime) -> bool:
    """The root was fixed so late that this stage could not be on time yet."""
    if root.fixed_at is None or not is_stage(root.root) or root.business_date is None:
        return False
    if not _may_follow_from(finding.root, finding.business_date, root.root, root.business_date):
        return False
    last = stage(finding.root if is_stage(finding.root) else LAST_STAGE)
    night = root.business_date
    work = last.ends_at(night) - stage(root.root).starts_at(night)
    return now <= root.fixed_at + work + CATCHING_UP


def is_stage(name: str) -> bool:
    """Is it a stage of the night?"""
    return any(each.name == name for each in NIGHT)


@cache
def stages_before(name: str) -> frozenset[str]:
    """All stages that must be done before; for what is not a stage (a dashboard, a table): all there are."""
    if not is_stage(name):
        return frozenset(each.name for each in NIGHT)
    before: set[str] = set()
    for waited_for in stage(name).waits_for:
        before |= {waited_for} | stages_before(waited_for)
    return frozenset(before)


def first_in_the_plan(members: Iterable[Member]) -> Member | None:
    """The root of several causes: the earliest date's first stage; of what is not a stage the first told."""
    order = {each.name: number for number, each in enumerate(NIGHT)}
    return min(
        members,
        key=lambda each: (each.business_date or date.max, order.get(each.root, len(order)), each.first_at),
        default=None,
    )
