"""The tasks of load_bronze: load a stream's partition, then make the new partitions visible in Dremio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from lakehouse.dremio.hook import DremioHook
from lakehouse.night.business_date import business_date
from lakehouse.platform.database import platform_postgres
from lakehouse.platform.names import DREMIO_CONNECTION, DREMIO_POOL, LAKE_CONNECTION, PLATFORM_CONNECTION
from lakehouse.receipts import ExternalJob, StageReport, empty_report

if TYPE_CHECKING:
    from airflow.sdk import Context

    from lakehouse.bronze.partition_loader import LoadedPartition


class LoadBronzeStreamOperator(BaseOperator):
    """Publish a stream's bronze partition of the run's business date from its claimed landing objects.

    A pure function of those objects: running it again for the date publishes the same bytes.
    Bad rows go to quarantine with the reason; more of them than the stream's contract allows fail the task.
    Of a source that was left out of the night, for want of values, nothing is loaded and nothing changes.

    Args:
        stream: a stream with a contract in `include/contracts/`.
        lake_conn_id: the bucket (type aws).
        postgres_conn_id: the platform's database, which holds the ledger.
    """

    template_fields = ("stream",)
    ui_color = "#e0c097"

    def __init__(
        self,
        *,
        stream: str,
        lake_conn_id: str = LAKE_CONNECTION,
        postgres_conn_id: str = PLATFORM_CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.stream = stream
        self.lake_conn_id = lake_conn_id
        self.postgres_conn_id = postgres_conn_id

    def execute(self, context: Context) -> StageReport:
        """Load the partition and report its account."""
        # pyarrow and boto3 cost a second to import: not at parse time.
        from lakehouse.bronze.contract_file import load_contract
        from lakehouse.bronze.left_out import left_out_sources
        from lakehouse.bronze.partition_loader import NothingClaimedError, PartitionLoader
        from lakehouse.bronze.reconciliation import BronzeLoads
        from lakehouse.landing.ledger import LandingLedger
        from lakehouse.platform.storage import LakeStorage

        postgres = platform_postgres(self.postgres_conn_id)
        storage = LakeStorage.from_connection(self.lake_conn_id)
        contract = load_contract(self.stream)
        loader = PartitionLoader(
            contract,
            LandingLedger(postgres, storage),
            storage,
            BronzeLoads(postgres),
            postgres,
        )
        try:
            loaded = loader.load(business_date(context), context["run_id"])
        except NothingClaimedError:
            why = left_out_sources([contract.source]).get(contract.source)
            if why is None:
                raise
            self.log.warning(
                "%s is left out, so nothing of %s is loaded: %s", contract.source, self.stream, why
            )
            return empty_report(stream=self.stream, left_out=why)
        self._tell(loaded)
        return _report(loaded)

    def _tell(self, loaded: LoadedPartition) -> None:
        load = loaded.load
        self.log.info(
            "%s: %d rows in = %d loaded + %d deduplicated + %d quarantined, from %d landing objects to %s",
            load.stream,
            load.rows_in,
            load.rows_loaded,
            load.rows_deduplicated,
            load.rows_quarantined,
            load.landing_files,
            loaded.folder,
        )
        if load.explanation:
            self.log.warning(
                "%s, %s: %d rows: %s", load.stream, load.business_date, load.rows_in, load.explanation
            )
        for sentence in loaded.not_loaded:
            self.log.warning("%s", sentence)
        if loaded.landing_expired:
            self.log.warning("the date's landing is gone, by policy: the partition is left as it is")
        elif not loaded.changed:
            self.log.info("the lake holds exactly this partition already: nothing was written")
        for sentence in loaded.column_changes:
            self.log.warning("%s: %s", load.stream, sentence)
        if loaded.ties:
            self.log.warning(
                "%s: %s; one of each is kept (see ties in the contract, and bin/bronze ties for all dates)",
                load.stream,
                loaded.ties,
            )
        if loaded.quarantine_key:
            self.log.warning("bad rows by column: %s; see %s", loaded.reasons, loaded.quarantine_key)
        if loaded.nulled:
            self.log.warning(
                "values that the connector left out, by column (the contract lets them through): %s",
                loaded.nulled,
            )
        if loaded.truncated_at is not None:
            self.log.warning(
                "the source's table was emptied at LSN %d: every row with a lower _ab_cdc_lsn is deleted, "
                "those of earlier dates too. bronze.%s shows it; who reads raw_%s sees a row without a key",
                loaded.truncated_at,
                load.stream,
                load.stream,
            )
        if loaded.new_columns:
            self.log.warning("columns that the contract does not name: %s", loaded.new_columns)


def _report(loaded: LoadedPartition) -> StageReport:
    load = loaded.load
    return StageReport(
        rows_in=load.rows_in,
        rows_out=load.rows_loaded,
        rows_quarantined=load.rows_quarantined,
        bytes=load.bytes,
        external_jobs=[],
        detail={
            "stream": load.stream,
            "rows_deduplicated": load.rows_deduplicated,
            "rows_identical": loaded.rows_identical,
            "rows_tied": load.rows_tied,
            "ties": loaded.ties,
            "column_changes": loaded.column_changes,
            "landing_files": load.landing_files,
            "empty": load.rows_in == 0,
            "explanation": load.explanation,
            "data": loaded.folder,
            "files": loaded.files,
            "changed": loaded.changed,
            "sha256": load.sha256,
            "quarantine": loaded.quarantine_key,
            "bad_rows_by_column": loaded.reasons,
            "nulled_by_connector": loaded.nulled,
            "new_columns": loaded.new_columns,
            "source_forms": loaded.source_forms,
            "truncated_at_lsn": loaded.truncated_at,
            "landing_expired": loaded.landing_expired,
        },
    )


class RefreshBronzeCatalogueOperator(BaseOperator):
    """Make the date's new bronze partitions visible in Dremio, and see that they are.

    Folders that Dremio does not know yet become datasets; of the others those with partitions that have
    changed since have their files listed again. The views `bronze.raw_<stream>` and `bronze.customers` are
    created, or replaced where their query differs.
    A stream of which nothing was ever loaded, its source being left out, is an empty view: its models run.
    Then the date's rows in the views are compared with those that were loaded. Rows that a date has claimed
    and no load has brought into bronze are named: nothing else would ever tell of them. So are the sources
    that were left out.

    Args:
        streams: streams with a contract, loaded for the date before.
        dremio_conn_id: Dremio's Airflow connection.
        lake_conn_id: the bucket (type aws).
        postgres_conn_id: the platform's database, which holds the account of the loads.

    Raises (from execute):
        PartitionNotVisibleError: Dremio shows another number of rows than was loaded.
    """

    ui_color = "#a8dadc"

    def __init__(
        self,
        *,
        streams: Sequence[str],
        dremio_conn_id: str = DREMIO_CONNECTION,
        lake_conn_id: str = LAKE_CONNECTION,
        postgres_conn_id: str = PLATFORM_CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"pool": DREMIO_POOL, **kwargs})
        self.streams = list(streams)
        self.dremio_conn_id = dremio_conn_id
        self.lake_conn_id = lake_conn_id
        self.postgres_conn_id = postgres_conn_id

    def execute(self, context: Context) -> StageReport:
        """Refresh the catalog and check it."""
        from lakehouse.airbyte.left_out import told
        from lakehouse.bronze.catalogue_refresh import CatalogueRefresher
        from lakehouse.bronze.contract_file import load_contract
        from lakehouse.bronze.left_out import left_out_sources
        from lakehouse.bronze.unloaded_claims import tell, unloaded_claims
        from lakehouse.landing.ledger import LandingLedger
        from lakehouse.platform.storage import LakeStorage

        client = DremioHook(self.dremio_conn_id).get_conn()
        postgres = platform_postgres(self.postgres_conn_id)
        storage = LakeStorage.from_connection(self.lake_conn_id)
        contracts = [load_contract(stream) for stream in self.streams]
        night = business_date(context)
        refreshed = CatalogueRefresher(client, postgres, storage, contracts).refresh(night)
        for change in refreshed.changes:
            self.log.info("%s: %s", change.stream, change)
        ledger = LandingLedger(postgres, storage)
        unclaimed = {each.source for each in contracts if not ledger.is_complete(each.source, night)}
        not_loaded = [
            *(f"left out: {line}" for line in told(left_out_sources(unclaimed))),
            *tell(unloaded_claims(postgres)),
        ]
        for sentence in not_loaded:
            self.log.warning("%s", sentence)
        report = empty_report(
            not_loaded=not_loaded,
            promoted=[change.stream for change in refreshed.changes if change.promoted],
            relisted=[change.stream for change in refreshed.changes if change.relisted],
            views_changed=[view for change in refreshed.changes for view in change.views],
            rows_visible=refreshed.rows_visible,
        )
        report["external_jobs"] += [
            ExternalJob(system="dremio", id=job_id, url=client.job_url(job_id))
            for job_id in refreshed.job_ids
        ]
        return report
