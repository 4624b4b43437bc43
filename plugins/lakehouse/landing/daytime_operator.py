"""A sync between two nights: it lands what changed, for whichever date claims it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lakehouse.airbyte.client import Job
from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.airbyte.operators import AirbyteSyncOperator
from lakehouse.receipts import StageReport

if TYPE_CHECKING:
    from lakehouse.landing.ledger import LandingLedger


class AirbyteDaytimeSyncOperator(AirbyteSyncOperator):
    """Run the sync of a named Airbyte connection for no date, unless the connection is busy anyway.

    What it committed is noted in the ledger: the next night's claim fails if landing does not hold it.

    Returns and raises as AirbyteSyncOperator does.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(skip_when_busy=True, **kwargs)

    def report(self, context: Mapping[str, Any], job: Job, owned: bool) -> StageReport:
        """Note what landed, and report it."""
        source = read_connection_file(self.connection_name).source_folder
        self._ledger().note(source, job.job_id, job.rows)
        return super().report(context, job, owned)

    def _ledger(self) -> LandingLedger:
        from lakehouse.landing.ledger import LandingLedger

        return LandingLedger.of_platform()
