"""What a task of tidy_platform does with one kind."""

from __future__ import annotations

import logging
from typing import Any, Final

from lakehouse.observe.retention.plan import as_lines, as_table
from lakehouse.observe.retention.policy import load_policy
from lakehouse.observe.retention.tidy import of_platform

log = logging.getLogger(__name__)

SHOWN: Final = 200
"""Items that the task's log names; `bin/retention plan --items` names all."""


def tidied(kind: str, dry_run: bool) -> dict[str, Any]:
    """Plan the kind, show the plan, and apply it unless this is a dry run; the figures of both."""
    tidying = of_platform(load_policy())
    [plan] = tidying.plan([kind])
    log.info("plan:\n%s", as_table([plan]))
    for line in as_lines(plan.items[:SHOWN]):
        log.info("%s", line)
    figures: dict[str, Any] = {
        "kind": kind,
        "dry_run": dry_run,
        "not_looked": plan.not_looked,
        "cutoff": plan.cutoff.isoformat(),
        "planned": {
            "items": len(plan.items),
            "objects": plan.objects,
            "rows": plan.rows,
            "bytes": plan.bytes,
        },
    }
    if dry_run:
        return figures
    [done] = tidying.apply([plan])
    for words in done.skipped:
        log.warning("kept %s", words)
    return figures | {
        "done": {"items": done.items, "objects": done.objects, "rows": done.rows, "bytes": done.bytes},
        "kept": done.skipped[:SHOWN],
    }
