"""The tasks of tidy_platform: one for each kind, and one that sums them up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowSkipException

from lakehouse.observe.retention.policy import KINDS
from lakehouse.platform.database import LedgerMissingError
from lakehouse.platform.names import DREMIO_POOL

SHOWN: Final = 200
"""Items that a task's log names; `bin/retention plan --items` names all."""


class TidyOperator(BaseOperator):
    """Plan one kind of thing that is kept for some time and, unless `dry_run` is set, apply the plan.

    Returns the figures of the plan and of what was done: items, objects, rows, bytes.

    Args:
        kind: one of `policy.KINDS`.

    Raises (from execute):
        AirflowSkipException: the platform has not been provisioned yet, so there is nothing to tidy.
    """

    ui_color = "#d9c7e8"

    def __init__(self, *, kind: str, **kwargs: Any) -> None:
        super().__init__(**{"pool": DREMIO_POOL, **kwargs})
        if kind not in KINDS:
            raise ValueError(f"there is no kind {kind!r}; there are: {', '.join(KINDS)}")
        self.kind = kind

    def execute(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Show the plan in the log, then do what it lists."""
        # pyarrow, boto3 and what else the kinds need cost seconds to import: not at parse time.
        from lakehouse.observe.retention.plan import as_lines, as_table
        from lakehouse.observe.retention.policy import load_policy
        from lakehouse.observe.retention.tidy import of_platform

        dry_run = bool(context["params"]["dry_run"])
        tidying = of_platform(load_policy())
        try:
            [plan] = tidying.plan([self.kind])
        except LedgerMissingError as error:
            raise AirflowSkipException(f"nothing to tidy yet: {error}") from error
        self.log.info("plan:\n%s", as_table([plan]))
        for line in as_lines(plan.items[:SHOWN]):
            self.log.info("%s", line)
        figures: dict[str, Any] = {
            "kind": self.kind,
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
            self.log.warning("kept %s", words)
        return figures | {
            "done": {"items": done.items, "objects": done.objects, "rows": done.rows, "bytes": done.bytes},
            "kept": done.skipped[:SHOWN],
        }
