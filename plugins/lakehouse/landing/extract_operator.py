"""The night's extract: one Airbyte sync, and the landing files it brought, for one business date."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lakehouse.airbyte.client import Job
from lakehouse.airbyte.connection_file import read_connection_file
from lakehouse.airbyte.operators import AirbyteSyncOperator
from lakehouse.night.business_date import business_date
from lakehouse.receipts import StageReport

if TYPE_CHECKING:
    from lakehouse.landing.ledger import ClaimReport, LandingLedger


class AirbyteExtractOperator(AirbyteSyncOperator):
    """Run the sync of a named Airbyte connection for the run's business date, and claim what it landed.

    A date whose landing is complete is not synced again unless the param `force_sync` is true, so that a
    replay never asks the source. A running job serves only if it also began for no other date.

    Returns a StageReport: rows committed by Airbyte, rows and bytes the date now holds in landing.

    Raises: as AirbyteSyncOperator does; and LandingIncompleteError.
    """

    def execute(self, context: Mapping[str, Any]) -> StageReport:
        """Reuse the date's landing, or sync."""
        source, night = self._source(), business_date(context)
        ledger = self._ledger()
        if not context["params"].get("force_sync") and ledger.is_complete(source, night):
            self.log.info("%s is complete for %s: no sync", source, night)
            claim = ledger.report(source, night)
            return StageReport(
                rows_in=claim.rows,
                rows_out=claim.rows,
                rows_quarantined=0,
                bytes=claim.bytes,
                external_jobs=[],
                detail=self._detail(claim) | {"reused": True, "attached": False},
            )
        return super().execute(context)

    def serves(self, context: Mapping[str, Any], running: Job) -> bool:
        """It reads all this run needs, and no other date waits for what it lands."""
        if not super().serves(context, running):
            return False
        return self._ledger().begun_for(self._source(), running.job_id) in (None, business_date(context))

    def begun(self, context: Mapping[str, Any], job: Job) -> None:
        """What the job lands is kept for the date."""
        self._ledger().begin(self._source(), business_date(context), job.job_id)

    def report(self, context: Mapping[str, Any], job: Job, owned: bool) -> StageReport:
        """Claim what landed."""
        source, night = self._source(), business_date(context)
        streams = self._client.rows_by_stream(job.job_id) if owned else {}
        claim = self._ledger().claim(source, night, job.job_id, job.rows if owned else 0, streams)
        self.log.info("%s: %s rows in %s files for %s", source, claim.rows, claim.files, night)
        synced = super().report(context, job, owned)
        detail = synced["detail"] | self._detail(claim) | {"reused": False}
        return {**synced, "rows_out": claim.rows, "bytes": claim.bytes, "detail": detail}

    def _source(self) -> str:
        return read_connection_file(self.connection_name).source_folder

    def _detail(self, claim: ClaimReport) -> dict[str, Any]:
        per_stream = {stream: asdict(part) for stream, part in claim.per_stream.items()}
        return {"connection": self.connection_name, "per_stream": per_stream}

    def _ledger(self) -> LandingLedger:
        from lakehouse.landing.ledger import LandingLedger

        return LandingLedger.of_platform()
