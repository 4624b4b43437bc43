"""The page of a night: Markdown for the note on the run of `run_night`, and whole for its last task."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from lakehouse.night.plan import NIGHT
from lakehouse.night_run.follow import Progress
from lakehouse.night_run.outcome import Failed, Outcome
from lakehouse.night_run.summary import LAYERS, not_loaded, published_models, warmed_dashboards

HEALTH_PAGE: Final = "/lakehouse/health"
"""Below Airflow's own address: the page that this repository's plugin adds."""
_CUT: Final = "… (the whole page is in the log of the last task)"
_LEAST_ERROR, _MOST_ERROR = 60, 400
"""Characters of one error in a note: that each failed task and its cure are there matters more than every
word of the first error. The log has them whole."""
_ADDRESS: Final = re.compile(r" \(https?://\S+\)")


def page(outcome: Outcome) -> str:
    """The whole page."""
    return "\n\n".join(_sections(outcome, None))


def note(outcome: Outcome, characters: int) -> str:
    """As much of the page as fits, the most important first."""
    room = characters - len(_CUT) - 2
    sections = list(_sections(outcome, _error_characters(outcome, room)))
    whole = "\n\n".join(sections)
    if len(whole) <= characters:
        return whole
    kept = ""
    for section in sections:
        longer = f"{kept}\n\n{section}".strip()
        if len(longer) > room:
            break
        kept = longer
    if not kept:
        kept = sections[0][:room]
    return f"{kept}\n\n{_CUT}"


def _error_characters(outcome: Outcome, room: int) -> int:
    """How much of each error fits if all failed tasks are to be told."""
    if outcome.is_served:
        return _MOST_ERROR
    count = len(outcome.failed)
    without_words = "\n\n".join(list(_sections(outcome, 0))[: 1 + count])
    return max(_LEAST_ERROR, min(_MOST_ERROR, (room - len(without_words)) // count))


def progress_note(heading: str, stages: Iterable[Progress]) -> str:
    """The note while the night is followed: where it is."""
    rows = [f"| {_number(each.stage.name)} | {each.stage.name} | {_told(each)} |" for each in stages]
    return "\n".join([f"#### {heading}", "", "| | stage | state |", "|---|---|---|", *rows])


def _told(each: Progress) -> str:
    seconds = f", {each.seconds:.0f} s" if each.run and each.run.has_ended and each.seconds else ""
    return f"{each.state}{seconds} {each.note}".strip().replace("|", "/")[:80]


def _number(stage: str) -> int:
    return [each.name for each in NIGHT].index(stage) + 1


def _sections(outcome: Outcome, error_characters: int | None) -> Iterator[str]:
    stages = outcome.receipt["stages"]
    night = outcome.night
    if outcome.is_served:
        yield f"#### The night of {night} is served"
        if published := published_models(stages["test_data_quality"]):
            rows = [f"| gold.{name} | {rows:,} |" for name, rows in sorted(published.items())]
            yield "\n".join(["| published | rows changed |", "|---|---:|", *rows])
    else:
        count = len(outcome.failed)
        yield f"#### The night of {night} failed at {count} {'task' if count == 1 else 'tasks'}"
        for each in outcome.failed:
            yield _failure(each, error_characters)
        yield "Readers see the data of the last night that was published."
    yield f"[Pipeline health of {night}]({HEALTH_PAGE}?date={night})"
    yield "\n".join(_layers(stages))
    if dashboards := warmed_dashboards(stages["warm_dashboards"]):
        yield "\n".join(f"- dashboard {each}" for each in dashboards)
    yield "\n".join(_times(stages))


def _failure(failed: Failed, characters: int | None) -> str:
    error = failed.error
    if characters is not None:
        error = _ADDRESS.sub("", error)
        error = error if len(error) <= characters else f"{error[: max(characters - 1, 0)]}…"
    return f"**{failed.place}**: {error}\n\nTo do: {failed.cure}"


def _layers(stages: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "| layer | rows written |"
    yield "|---|---:|"
    for layer, names in LAYERS.items():
        entries = [stages[name] for name in names if stages[name]["state"] == "success"]
        if entries:
            yield f"| {layer} | {sum(entry.get('rows_out') or 0 for entry in entries):,} |"
    if refused := stages["load_bronze"].get("rows_quarantined"):
        yield f"| quarantined | {refused:,} |"
    yield from (f"\nNot loaded: {each}" for each in not_loaded(stages["load_bronze"]))


def _times(stages: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "| stage | state | seconds |"
    yield "|---|---|---:|"
    for name, entry in stages.items():
        yield f"| {name} | {entry['state'].replace('_', ' ')} | {entry.get('seconds') or ''} |"
