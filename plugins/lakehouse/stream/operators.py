"""The task of the DAG `stream_orders`: one run of the loop."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from lakehouse.platform.names import STREAM_POOL
from lakehouse.receipts.report import StageReport
from lakehouse.stream.plan import RUN_FOR

if TYPE_CHECKING:
    from lakehouse.stream.loop import StreamLoop


class StreamOperator(BaseOperator):
    """Run the stream's loop until its time is over or its DAG is paused.

    Returns a StageReport: the rows that landed, and how many batches brought them.

    Raises: as StreamLoop.run does.
    """

    ui_color = "#2f855a"

    def __init__(self, *, lasts: timedelta = RUN_FOR, **kwargs: Any) -> None:
        super().__init__(**{"pool": STREAM_POOL, **kwargs})
        self.lasts = lasts
        self._loop: StreamLoop | None = None

    def execute(self, context: Mapping[str, Any]) -> StageReport:
        """Run the loop."""
        # boto3, pyarrow and pydantic cost a second to import: not at parse time.
        from lakehouse.stream.assembly import stream_loop
        from lakehouse.stream.pausing import DagPaused

        self._loop = stream_loop(paused=DagPaused(self.dag_id))
        ended = self._loop.run(str(context["dag_run"].run_id), self.lasts)
        self.log.info("%s batches, %s rows; this run ends: %s", ended.batches, ended.rows, ended.why)
        return StageReport(
            rows_in=ended.rows,
            rows_out=ended.rows,
            rows_quarantined=0,
            bytes=0,
            external_jobs=[],
            detail={"batches": ended.batches, "ended": ended.why},
        )

    def on_kill(self) -> None:
        """End at once, and cancel the sync; the next run goes on with the batch."""
        if self._loop is not None:
            self.log.warning("the stream is stopped at once")
            self._loop.stop()
