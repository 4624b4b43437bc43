"""The tasks of load_bronze: load a stream's partition, then make the new partitions visible in Dremio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

from lakehouse.bronze.contract import load_contract
from lakehouse.business_date import business_date
from lakehouse.dremio.hook import DREMIO_CONNECTION, DREMIO_POOL, DremioHook
from lakehouse.lake_storage import LAKE_CONNECTION
from lakehouse.receipts import ExternalJob, StageReport, empty_report
from lakehouse.receipts.store import PLATFORM_CONNECTION

if TYPE_CHECKING:
    from airflow.sdk import Context

    from lakehouse.bronze.partition_loader import LoadedPartition


class LoadBronzeStreamOperator(BaseOperator):
    """Publish a stream's bronze partition of the run's business date from its claimed landing objects.

    A pure function of those objects: running it again for the date publishes the same bytes.
    Bad rows go to quarantine with the reason; more of them than the stream's contract allows fail the task.

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
        # pyarrow, boto3 and the hooks cost a second to import: not at parse time.
        from airflow.providers.postgres.hooks.postgres import PostgresHook

        from lakehouse.bronze.landing_ledger import LandingLedger
        from lakehouse.bronze.partition_loader import PartitionLoader
        from lakehouse.bronze.reconciliation import BronzeLoads
        from lakehouse.lake_storage import LakeStorage

        postgres = PostgresHook(self.postgres_conn_id)
        storage = LakeStorage.from_connection(self.lake_conn_id)
        loader = PartitionLoader(
            load_contract(self.stream), LandingLedger(postgres, storage), storage, BronzeLoads(postgres)
        )
        loaded = loader.load(business_date(context), context["run_id"])
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
            loaded.data_key,
        )
        if not load.rows_in:
            self.log.warning(
                "%s had no changes for %s: an empty partition was published", load.stream, load.business_date
            )
        if loaded.quarantine_key:
            self.log.warning("bad rows by column: %s; see %s", loaded.reasons, loaded.quarantine_key)
        if loaded.unexpected_columns:
            self.log.warning(
                "columns that the contract does not know stay in landing: %s", loaded.unexpected_columns
            )


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
            "landing_files": load.landing_files,
            "empty": load.rows_in == 0,
            "data": loaded.data_key,
            "sha256": load.sha256,
            "quarantine": loaded.quarantine_key,
            "bad_rows_by_column": loaded.reasons,
            "unexpected_columns": loaded.unexpected_columns,
        },
    )


class RefreshBronzeCatalogueOperator(BaseOperator):
    """Make the date's new bronze partitions visible in Dremio, and see that they are.

    Folders that Dremio does not know yet become datasets, the others have their metadata refreshed; the
    views `bronze.raw_<stream>` and `bronze.customers` are created, or replaced where their query differs.
    Then the date's rows in the views are compared with those that were loaded.

    Args:
        streams: streams with a contract, loaded for the date before.
        dremio_conn_id: Dremio's Airflow connection.
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
        postgres_conn_id: str = PLATFORM_CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"pool": DREMIO_POOL, **kwargs})
        self.streams = list(streams)
        self.dremio_conn_id = dremio_conn_id
        self.postgres_conn_id = postgres_conn_id

    def execute(self, context: Context) -> StageReport:
        """Refresh the catalogue and check it."""
        from airflow.providers.postgres.hooks.postgres import PostgresHook

        from lakehouse.bronze.catalogue import BronzeCatalogue
        from lakehouse.bronze.reconciliation import BronzeLoads

        client = DremioHook(self.dremio_conn_id).get_conn()
        catalogue = BronzeCatalogue(client)
        report = empty_report(promoted=[], views_changed=[])
        job_ids: list[str] = []
        for stream in self.streams:
            change = catalogue.refresh(load_contract(stream))
            self.log.info("%s: %s", stream, change)
            job_ids += change.job_ids
            report["detail"]["views_changed"] += change.views
            if change.promoted:
                report["detail"]["promoted"].append(stream)
        date = business_date(context)
        loaded = BronzeLoads(PostgresHook(self.postgres_conn_id)).rows_loaded(date)
        expected = [(stream, loaded[stream]) for stream in self.streams if stream in loaded]
        job_ids.append(catalogue.check_visible(date, expected))
        report["detail"]["rows_visible"] = dict(expected)
        report["external_jobs"] += [
            ExternalJob(system="dremio", id=job_id, url=client.job_url(job_id)) for job_id in job_ids
        ]
        return report
