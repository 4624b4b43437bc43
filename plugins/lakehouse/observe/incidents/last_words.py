"""The last lines of a failed task's log: cause and cure, below the stack and not behind it.

Airflow 3.3.2 logs what callbacks and listeners say in a group that its web UI shows folded, and leaves the
group of an attempt that fails before its work open around it. So all groups are ended first; one end too many
does nothing.
"""

from __future__ import annotations

import logging
from typing import Final

from lakehouse.night.business_date import business_date_or_none
from lakehouse.observe.incidents.failure import FailedTask, command_for, cure
from lakehouse.observe.incidents.home import is_stage

log = logging.getLogger(__name__)

END_OF_GROUP: Final = "::endgroup::"
OPEN_GROUPS: Final = 3
"""At most: before the work, after it, and one that the work itself has left open."""
_SAY_IT_THEMSELVES: Final = frozenset({"BusinessDateError", "NightRequestError", "NightFailedError"})
"""Errors of whoever started a run: their words say what to choose, and the same run again would not help."""


def last_words(task: FailedTask, tries_again: bool = False) -> list[str]:
    """One line for the cause and, unless it says so itself, one for the cure: the web UI cuts long lines.

    Args:
        task: the failed attempt.
        tries_again: whether another attempt follows by itself.
    """
    error = task.error or "the task's process ended without saying why"
    if tries_again:
        return [error, "To do: nothing, it is tried again by itself"]
    if error.partition(":")[0] in _SAY_IT_THEMSELVES:
        return error.split(" | ")  # that of run_night has a part for each failed task
    night = business_date_or_none(task.partition_key) if is_stage(task.dag_id) else None
    to_do = cure(task, night) if night is not None else f"`{command_for(task, None)}`"
    return [error, f"To do: {to_do}"]


def say_last_words(task: FailedTask, tries_again: bool = False) -> None:
    """Write the lines to the task's log."""
    for _ in range(OPEN_GROUPS):
        log.info(END_OF_GROUP)
    for line in last_words(task, tries_again):
        log.log(logging.WARNING if tries_again else logging.ERROR, "%s", line)
