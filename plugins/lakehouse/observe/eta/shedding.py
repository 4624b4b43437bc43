"""What a late night may leave out, in the declared order, and what that would save."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import yaml

from lakehouse.night.plan import stage
from lakehouse.observe.eta.forecast import forecast
from lakehouse.observe.eta.model import Model
from lakehouse.observe.eta.tonight import Tonight
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.repository import INCLUDE

SHEDDING: Final = INCLUDE / "observe" / "shedding.yaml"
IN_TIME: Final = 0.5
"""A night that misses its deadline less likely than this counts as one that makes it."""


class SheddingFileError(PermanentError):
    """include/observe/shedding.yaml does not say what it must."""


@dataclass(frozen=True)
class Shedding:
    """One thing that may be left out."""

    stage: str
    task: str
    lost: str
    catch_up: str

    def command(self, business_date: date) -> str:
        """What leaves it out."""
        return f"bin/stage skip {self.stage} {business_date} {self.task}"

    def catch_up_command(self, business_date: date) -> str:
        """What brings it back the next day."""
        return self.catch_up.format(date=business_date)


@dataclass(frozen=True)
class Advice:
    """What leaving something out, with all that is named before it, would bring."""

    shedding: Shedding
    saved_seconds: float
    """Of its stage, by itself."""
    p_miss: float | None
    """Probability that the deadline is missed all the same."""

    @property
    def makes_it(self) -> bool:
        """Are the dashboards then rather warm in time than not?"""
        return self.p_miss is not None and self.p_miss < IN_TIME


def read_shedding(path: Path = SHEDDING) -> tuple[Shedding, ...]:
    """What may be left out, in order.

    Raises:
        SheddingFileError: an entry lacks something, or names no stage of the night.
    """
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))["shedding"] or []
    try:
        found = tuple(Shedding(**{name: str(value) for name, value in entry.items()}) for entry in entries)
        for each in found:
            stage(each.stage)
    except (TypeError, KeyError) as error:
        raise SheddingFileError(f"{path.name}: {error}") from error
    return found


def advise(
    tonight: Tonight, model: Model, now: datetime, receipts: Sequence[Mapping[str, Any]]
) -> list[Advice]:
    """What may still be left out tonight, each with all before it, up to what makes the deadline.

    Args:
        tonight: where the night stands.
        model: what past nights teach.
        now: the time.
        receipts: of past nights: how long their tasks took.
    """
    this_night = tonight.business_date.isoformat()
    past = [each for each in receipts if each["business_date"] != this_night]
    current = next((each for each in receipts if each["business_date"] == this_night), None)
    advice: list[Advice] = []
    left_out: dict[str, list[str]] = {}
    for each in read_shedding():
        if _has_ended(current, each):
            continue
        alone = saved_seconds(past, each.stage, [each.task])
        left_out.setdefault(each.stage, []).append(each.task)
        saved = {name: saved_seconds(past, name, tasks) for name, tasks in left_out.items()}
        made = forecast(tonight, model, now, saved=saved)
        advice.append(Advice(each, alone, made.p_miss))
        if advice[-1].makes_it:
            break
    return advice


def saved_seconds(receipts: Sequence[Mapping[str, Any]], stage_name: str, tasks: Sequence[str]) -> float:
    """How much sooner the stage's parallel tasks would have ended without these; the middle of the nights.

    A place that becomes free for the others is not counted, so this is the least that is saved.
    """
    saved = []
    for each in receipts:
        entry = each["stages"][stage_name]
        if entry["state"] != "success":
            continue
        ends = {
            task["task"]: datetime.fromisoformat(task["ended_at"])
            for task in entry["tasks"]
            if task["ended_at"] is not None
        }
        # What ended last is the task that waits for all others: it is not in parallel with them.
        parallel = dict(sorted(ends.items(), key=lambda item: item[1])[:-1])
        rest = [end for name, end in parallel.items() if name not in tasks]
        if rest and any(name in parallel for name in tasks):
            saved.append(max((max(parallel.values()) - max(rest)).total_seconds(), 0.0))
    saved.sort()
    return saved[len(saved) // 2] if saved else 0.0


def _has_ended(receipt: Mapping[str, Any] | None, shedding: Shedding) -> bool:
    if receipt is None:
        return False
    entry = receipt["stages"][shedding.stage]
    if entry["state"] in ("success", "failed"):
        return True
    return any(
        task["task"] == shedding.task and task["state"] in ("success", "failed")
        for task in entry.get("tasks", [])
    )
