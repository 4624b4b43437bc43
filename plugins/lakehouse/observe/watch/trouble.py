"""What a rule finds, and what it wants done about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lakehouse.observe.incidents.finding import Finding
from lakehouse.platform.airflow_runs import Run


@dataclass(frozen=True)
class Start:
    """Start the stage for the date, under an id that makes it once."""

    dag_id: str
    partition_key: str
    run_id: str


@dataclass(frozen=True)
class Fail:
    """Mark the run, which will never do anything, as failed; then start what it should have been."""

    run: Run
    then: Start | None = None


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong with Airflow, and the repair, if there is one that needs nobody's consent."""

    finding: Finding
    repair: Start | Fail | None = None


STATES: Final = frozenset(
    {
        "start_lost",
        "started_too_early",
        "stranded",
        "stuck_in_queue",
        "stuck",
        "paused",
        "missing",
        "not_importable",
        "component_silent",
        "partitions_pile_up",
    }
)
"""The kinds of finding that only this room tells: what a round no longer finds is over."""
