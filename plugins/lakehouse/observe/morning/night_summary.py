"""A night as the morning's message tells it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from lakehouse.night.plan import NIGHT
from lakehouse.observe.facts.freshness import DataAge
from lakehouse.observe.incidents.failure import start_command
from lakehouse.observe.incidents.finding import Incident
from lakehouse.observe.incidents.fingerprint import environment
from lakehouse.observe.incidents.words import spoken


class NightState(StrEnum):
    """How a night stands in the morning."""

    GREEN = "green"
    FAILED = "failed"
    RUNNING = "still running"
    NOT_STARTED = "never started"


@dataclass(frozen=True)
class NightSummary:
    """What there is to tell of one night."""

    night: date
    state: NightState
    receipt: Mapping[str, Any]
    """As `lakehouse.receipts.render.receipt` makes it."""
    incidents: Sequence[Incident]
    """All that are open, of whatever date."""
    ages: Sequence[DataAge]
    left_failed: Sequence[date]
    """Earlier dates that are still failed."""

    @property
    def title(self) -> str:
        """One line."""
        return f"[{environment()}] the night of {self.night}: {self.state}"

    @property
    def body(self) -> str:
        """What was published, or what failed and what to type; then what else is open."""
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        stages: Mapping[str, Mapping[str, Any]] = self.receipt["stages"]
        if self.state is NightState.GREEN:
            yield from _published(stages)
        elif self.state is NightState.NOT_STARTED:
            yield "No task of it has run."
            first = [each.name for each in NIGHT if not each.waits_for]
            yield "Fix: " + " && ".join(start_command(name, self.night) for name in first)
        else:
            yield from _unfinished(stages)
        yield from _ages(self.ages)
        yield from self._open()
        if self.left_failed:
            yield "Also left failed: " + ", ".join(str(each) for each in self.left_failed)

    def _open(self) -> Iterator[str]:
        if not self.incidents:
            yield "No incident is open."
        for each in self.incidents:
            yield f"Open incident {each.incident_id}: {each.summary}"
            if each.error:
                yield f"  error: {each.error}"
            if each.command:
                yield f"  fix: {each.command}"


def state_of(receipt: Mapping[str, Any]) -> NightState:
    """Green only if all nine stages succeeded."""
    states = [stage["state"] for stage in receipt["stages"].values()]
    if all(state == "success" for state in states):
        return NightState.GREEN
    if "failed" in states:
        return NightState.FAILED
    return NightState.NOT_STARTED if all(state == "not_started" for state in states) else NightState.RUNNING


def _published(stages: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    changed: dict[str, int] = {}
    for task in stages["test_data_quality"].get("tasks", []):
        for name, model in _detail(task).get("models", {}).items():
            changed[name] = int(model.get("rows") or 0)
    if changed:
        yield "Published: " + ", ".join(
            f"{name} {rows:,} rows changed" for name, rows in sorted(changed.items())
        )
    landed = sum(int(stages[name].get("rows_out") or 0) for name in ("extract_postgres", "extract_apis"))
    bronze = stages["load_bronze"]
    yield (
        f"Rows: {landed:,} landed, {int(bronze.get('rows_out') or 0):,} loaded, "
        f"{int(bronze.get('rows_quarantined') or 0):,} quarantined"
    )
    for task in bronze.get("tasks", []):
        for sentence in _detail(task).get("not_loaded") or []:
            yield f"Not loaded: {sentence}"
    if ended := stages[NIGHT[-1].name].get("ended_at"):
        yield f"Dashboards warm at: {_clock(ended)} UTC"


def _unfinished(stages: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, stage in stages.items():
        if stage["state"] == "failed":
            failed = next(task for task in stage["tasks"] if task["state"] == "failed")
            yield f"Failed: {name} at {failed['task']}: {failed['error']}"
        elif stage["state"] == "running":
            yield f"Running: {name} since {_clock(stage['started_at'])} UTC"
    waiting = [name for name, stage in stages.items() if stage["state"] == "not_started"]
    if waiting:
        yield f"Not started: {', '.join(waiting)}"
    yield "Readers see the data of the last night that was published."


def _ages(ages: Sequence[DataAge]) -> Iterator[str]:
    known = [each for each in ages if each.age is not None]
    if known:
        yield "Data age: " + ", ".join(
            f"{each.table} {each.business_date} ({spoken(each.age)})" for each in known if each.age
        )


def _detail(task: Mapping[str, Any]) -> Mapping[str, Any]:
    detail: Mapping[str, Any] = (task.get("report") or {}).get("detail") or {}
    return detail


def _clock(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone(UTC).strftime("%H:%M")
