"""A stage that is not done at its planned end, in a night that runs by the clock."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from lakehouse.night.plan import stage
from lakehouse.observe.incidents.failure import OWNER
from lakehouse.observe.incidents.finding import LATE, Finding, Severity
from lakehouse.observe.incidents.home import LAST_STAGE

_COMMAND: Final = "bin/eta"
"""Says when the dashboards will be warm, and what may be left out so that they are warm in time."""


def late_stage(stage_name: str, night: date, run_id: str | None, state: str | None) -> Finding:
    """What a missed deadline is told as.

    One stage that is late leaves time for the rest to catch up; dashboards that are not warm do not.
    """
    planned = stage(stage_name)
    evidence: dict[str, Any] = {"run_id": run_id, "state": state, "owner": OWNER}
    evidence["runbook"] = "docs/runbooks/incidents.md"
    return Finding(
        kind=LATE,
        root=stage_name,
        business_date=night,
        severity=Severity.PAGE if stage_name == LAST_STAGE else Severity.WARN,
        summary=f"stage {stage_name} of {night} is not done at its planned end, {planned.end:%H:%M} UTC",
        error=None if state is None else f"its run is {state}",
        command=_COMMAND,
        evidence={key: value for key, value in evidence.items() if value is not None},
        is_effect=True,
    )
