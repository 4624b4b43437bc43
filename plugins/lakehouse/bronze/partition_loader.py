"""From claimed landing objects to a published bronze partition."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lakehouse.bronze.contract import Contract, NewColumns
from lakehouse.bronze.landing_ledger import LandingFile, LandingLedger
from lakehouse.bronze.landing_reader import LandedFile, LandingReader
from lakehouse.bronze.partition_builder import BuiltPartition, build_partition
from lakehouse.bronze.reconciliation import BronzeLoad, BronzeLoads, LoadState
from lakehouse.errors import PermanentError
from lakehouse.lake_layout import bronze_data_key, landing_folder, quarantine_key
from lakehouse.lake_storage import LakeStorage


class NothingClaimedError(PermanentError):
    """No sync of the source has been claimed for the date: empty would be a lie."""


class ContractBrokenError(PermanentError):
    """The landed rows break the stream's contract beyond what it allows."""


@dataclass(frozen=True)
class LoadedPartition:
    """What a load did: its account, and what a reader of the receipt should know."""

    load: BronzeLoad
    data_key: str
    quarantine_key: str | None
    reasons: dict[str, int]
    unexpected_columns: list[str]


class PartitionLoader:
    """Loads one stream's partitions. Loading a date again publishes the same bytes."""

    def __init__(
        self, contract: Contract, ledger: LandingLedger, storage: LakeStorage, loads: BronzeLoads
    ) -> None:
        self._contract = contract
        self._ledger = ledger
        self._storage = storage
        self._loads = loads

    def load(self, business_date: date, run_id: str) -> LoadedPartition:
        """Build the date's partition from its claimed landing objects and publish it in one PUT.

        Raises:
            NothingClaimedError: the extract stage has not run for this date.
            ContractBrokenError: too many bad rows, or columns the contract refuses. The quarantine file is
                written, the partition is left as it was.
            ReconciliationError: the rows do not add up.
            LandingFileUnreadableError: an object is truncated or is not Parquet.
        """
        contract = self._contract
        if not self._ledger.is_complete(contract.source, business_date):
            raise NothingClaimedError(
                f"no sync of source {contract.source} has landed for {business_date}: "
                "run its extract stage for this date first"
            )
        claimed = self._ledger.files(contract.source, contract.stream, business_date)
        with tempfile.TemporaryDirectory(prefix=f"bronze-{contract.stream}-") as folder:
            reader = LandingReader(self._fetch(claimed, Path(folder)))
            unexpected = self._unexpected_columns(reader, business_date)
            built = build_partition(contract, reader, Path(folder))
            return self._publish(business_date, run_id, claimed, built, unexpected)

    def _fetch(self, claimed: list[LandingFile], folder: Path) -> list[LandedFile]:
        fetched = []
        for number, file in enumerate(claimed):
            path = folder / f"landing_{number}.parquet"
            self._storage.download(file.key, path)
            fetched.append(LandedFile(file.key, path))
        return fetched

    def _unexpected_columns(self, reader: LandingReader, business_date: date) -> list[str]:
        contract = self._contract
        unexpected = reader.unexpected_columns([column.name for column in contract.columns])
        if unexpected and contract.new_columns is NewColumns.REFUSE:
            raise ContractBrokenError(
                f"stream {contract.stream}, {business_date}: the source has new columns "
                f"({', '.join(unexpected)}) and include/contracts/{contract.stream}.yaml refuses them: "
                "add them to the contract, or set new_columns: ignore"
            )
        return unexpected

    def _publish(
        self,
        business_date: date,
        run_id: str,
        claimed: list[LandingFile],
        built: BuiltPartition,
        unexpected: list[str],
    ) -> LoadedPartition:
        contract = self._contract
        allowed = contract.allowed_bad_rows(built.rows_in)
        rejected = built.rows_quarantined > allowed
        load = BronzeLoad(
            source=contract.source,
            stream=contract.stream,
            business_date=business_date,
            state=LoadState.REJECTED if rejected else LoadState.LOADED,
            rows_in=built.rows_in,
            rows_loaded=built.rows_loaded,
            rows_deduplicated=built.rows_deduplicated,
            rows_quarantined=built.rows_quarantined,
            landing_files=len(claimed),
            bytes=built.data.bytes,
            sha256=None if rejected else built.data.sha256,
            run_id=run_id,
        )
        load.reconcile(sum(file.rows for file in claimed))
        bad_rows_key = self._publish_quarantine(business_date, built)
        data_key = bronze_data_key(contract.source, contract.stream, business_date)
        if not rejected:
            self._storage.upload(built.data.path, data_key)
        self._loads.record(load)
        if rejected:
            raise ContractBrokenError(
                f"stream {contract.stream}, {business_date}: {built.rows_quarantined} of {built.rows_in} "
                f"rows break include/contracts/{contract.stream}.yaml, which allows {allowed} "
                f"(bad rows by column: {_listed(built.reasons)}); {data_key} is left as it was. "
                f"See s3://{self._storage.bucket}/{bad_rows_key}; landing is "
                f"{landing_folder(contract.source, contract.stream)}"
            )
        return LoadedPartition(load, data_key, bad_rows_key, built.reasons, unexpected)

    def _publish_quarantine(self, business_date: date, built: BuiltPartition) -> str | None:
        """Publish the bad rows, or remove those of an earlier load that had some."""
        key = quarantine_key(self._contract.stream, business_date)
        if built.rows_quarantined:
            self._storage.upload(built.quarantine.path, key)
            return key
        self._storage.delete(key)
        return None


def _listed(reasons: dict[str, int]) -> str:
    return ", ".join(f"{column} {rows}" for column, rows in reasons.items())
