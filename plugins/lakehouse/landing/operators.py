"""Syncs that the landing ledger keeps account of: the night's extract, and syncs between two nights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lakehouse.airbyte.connection_file import (
    ConnectionFile,
    read_all_connection_files,
    read_connection_file,
)
from lakehouse.airbyte.errors import SourceLeftOutError
from lakehouse.airbyte.job import Job
from lakehouse.airbyte.left_out import left_out
from lakehouse.airbyte.operators import AirbyteSyncOperator
from lakehouse.night.business_date import business_date
from lakehouse.platform.external_job.kept import KeptJobs
from lakehouse.receipts import StageReport, empty_report

if TYPE_CHECKING:
    from lakehouse.landing.ledger import LandingLedger
    from lakehouse.landing.ledger_rows import ClaimReport


class _LandingSyncOperator(AirbyteSyncOperator):
    """A sync, with the ledger of what its source has landed."""

    @property
    def declared(self) -> ConnectionFile:
        """What the connection's file says."""
        return read_connection_file(self.connection_name)

    @property
    def source(self) -> str:
        """The source's folder in landing."""
        return self.declared.source_folder

    def ledger(self) -> LandingLedger:
        """The ledger in the platform's database."""
        # pyarrow and boto3 cost a second to import: not at parse time.
        from lakehouse.landing.ledger import LandingLedger

        return LandingLedger.of_platform()


class AirbyteExtractOperator(_LandingSyncOperator):
    """Run the sync of a named Airbyte connection for the run's business date, and claim what it landed.

    A date whose landing is complete is not synced again unless the param `force_sync` is true, so that a
    replay never asks the source. A running job serves only if no other date has started it.

    A source without values is left out with a warning, so that the night of the others goes on; a night of
    nothing but such sources fails.

    Returns a StageReport: rows committed by Airbyte, rows and bytes the date now holds in landing; or, in its
    detail, why the source is left out.

    Raises: as AirbyteSyncOperator does, but SourceLeftOutError only if every source of the night is left out;
        and LandingIncompleteError.
    """

    _position: int | None = None
    """Where the source's log was before this attempt started its job; None if it adopted one."""

    def execute(self, context: Mapping[str, Any]) -> StageReport:
        """Reuse the date's landing, or sync."""
        source, night = self.source, business_date(context)
        ledger = self.ledger()
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
        try:
            report: StageReport = super().execute(context)
        except SourceLeftOutError as error:
            night_sources = [each for each in read_all_connection_files() if not each.is_streamed]
            if len(left_out(night_sources)) == len(night_sources):
                raise
            self.log.warning("%s", error)
            return empty_report(connection=self.connection_name, left_out=str(error))
        return report

    def source_position(self) -> int | None:
        """Where the source's log is: a sync that begins now sees every change before that."""
        from lakehouse.landing.source_position import position_before_sync

        return position_before_sync(self.declared)

    def submit(self, context: Mapping[str, Any], kept: KeptJobs) -> tuple[Job, bool]:
        """Start a sync, after a look at the source's log."""
        position = self.source_position()
        job, owned = super().submit(context, kept)
        self._position = position if owned else None
        return job, owned

    def serves(self, context: Mapping[str, Any], running: Job) -> bool:
        """It reads all this run needs, and no other date waits for what it lands."""
        if not super().serves(context, running):
            return False
        return self.ledger().date_of_job(self.source, running.job_id) in (None, business_date(context))

    def own_job_started(self, context: Mapping[str, Any], job: Job) -> None:
        """What the job lands is kept for the date, with the position that was read before it started."""
        self.ledger().keep_for(self.source, business_date(context), job.job_id, self._position)

    def report(self, context: Mapping[str, Any], job: Job, owned: bool) -> StageReport:
        """Claim what landed."""
        source, night = self.source, business_date(context)
        streams = self.declared.rows_by_lake_name(self.client.rows_by_stream(job.job_id))
        rows = job.rows if owned else 0
        claim = self.ledger().claim(source, night, job.job_id, rows, streams, answers_for=owned)
        self.log.info("%s: %s rows in %s files for %s", source, claim.rows, claim.files, night)
        synced = super().report(context, job, owned)
        detail = synced["detail"] | self._detail(claim) | {"reused": False}
        return {**synced, "rows_out": claim.rows, "bytes": claim.bytes, "detail": detail}

    def _detail(self, claim: ClaimReport) -> dict[str, Any]:
        per_stream = {stream: asdict(part) for stream, part in claim.per_stream.items()}
        return {"connection": self.connection_name, "per_stream": per_stream}


class AirbyteDaytimeSyncOperator(_LandingSyncOperator):
    """Run the sync of a named Airbyte connection for no date, unless the connection is busy anyway.

    What it committed is noted in the ledger: the next night's claim fails if landing does not hold it.

    Returns and raises as AirbyteSyncOperator does.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(skip_when_busy=True, **kwargs)

    def report(self, context: Mapping[str, Any], job: Job, owned: bool) -> StageReport:
        """Note what landed, and report it."""
        self.ledger().note(self.source, job.job_id, job.rows)
        return super().report(context, job, owned)
