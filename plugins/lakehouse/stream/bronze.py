"""The rows of a micro-batch in bronze: checked by the stream's contract, the bad ones in quarantine.

`bronze/stream/<stream>/date=<UTC day>/batch-<number>.parquet`, built from the batch's landing objects as a
night's partition is. Building it again gives the same bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.compute as pc
import pyarrow.parquet as pq

from lakehouse.bronze.contract import Contract
from lakehouse.bronze.contract_file import load_contract
from lakehouse.bronze.declared import STREAM_CONTRACTS
from lakehouse.bronze.new_columns import NewColumnLedger, admit_new_columns
from lakehouse.bronze.partition_builder import BuiltPartition, build_partition
from lakehouse.bronze.scratch import scratch_folder
from lakehouse.landing.columns import CDC_LSN
from lakehouse.landing.ledger_rows import LandingFile
from lakehouse.landing.reader import LandedFile, LandingReader
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.lake_layout import stream_batch_key, stream_quarantine_key
from lakehouse.platform.storage import LakeStorage
from lakehouse.stream.ledger import Batch, LoadState, StreamLedger, StreamLoad
from lakehouse.stream.plan import STREAMS, TRACER

log = logging.getLogger(__name__)

_FILE_BYTES: Final = 5 * 1000**3
"""A single PUT takes no more: a batch is one file, the first read of a table too."""


class StreamContractBrokenError(PermanentError):
    """The day's batches have more bad rows of a stream than its contract allows."""


class StreamColumnMissingError(PermanentError):
    """A column that the contract requires is gone from the source, or has another name."""


class StreamReconciliationError(PermanentError):
    """Rows were lost or made up between landing and bronze."""


@dataclass(frozen=True)
class _Built:
    partition: BuiltPartition
    new_columns: list[str]
    missing_columns: list[str]


class StreamBronze:
    """Brings batches into bronze.

    Args:
        ledger: which landing objects a batch has, and the account.
        storage: the lake's bucket.
        contract_of: a stream's contract, read for each batch: a contract that was changed holds at once.
        streams: in the order in which they are loaded.
    """

    def __init__(
        self,
        ledger: StreamLedger,
        storage: LakeStorage,
        contract_of: Callable[[str], Contract] | None = None,
        streams: Sequence[str] = STREAMS,
    ) -> None:
        self._ledger = ledger
        self._storage = storage
        self._contract_of = contract_of or _contract_of
        self._streams = streams
        self._new_columns = NewColumnLedger(ledger.postgres)

    def load(self, batch: Batch) -> Batch:
        """Check, deduplicate and store the rows of a landed batch, and write its account.

        Raises:
            StreamContractBrokenError: the day has too many bad rows of a stream.
            StreamColumnMissingError: a required column did not land.
            NewColumnsRefusedError: columns that the contract refuses.
            StreamReconciliationError: the rows do not add up.
            LandingFileUnreadableError: an object is truncated or is not Parquet.
            ScratchFullError: this machine's disk is full.
        """
        loads = []
        for stream in self._streams:
            files = self._ledger.files(batch, stream)
            if files:
                with scratch_folder(stream) as folder:
                    loads.append(self._load(batch, self._contract_of(stream), files, folder))
        return self._ledger.in_bronze(batch, loads)

    def _load(
        self, batch: Batch, contract: Contract, files: Sequence[LandingFile], folder: Path
    ) -> StreamLoad:
        built = self._build(batch, contract, files, folder)
        load = self._account(batch, contract, files, built)
        _reconcile(load, sum(file.rows for file in files))
        if load.quarantine_key is not None:
            self._storage.upload(built.partition.quarantine.path, load.quarantine_key)
            log.warning(
                "batch %s: %s of %s rows of %s are in quarantine (%s): s3://%s/%s",
                batch.id,
                load.rows_quarantined,
                load.rows_in,
                load.stream,
                _reasons(built.partition),
                self._storage.bucket,
                load.quarantine_key,
            )
        if load.state is LoadState.REJECTED:
            self._ledger.loaded(load)
            raise self._rejection(contract, load, built.partition)
        if load.s3_key is not None:
            [part] = built.partition.parts
            self._storage.upload(part.path, load.s3_key)
        return load

    def _build(self, batch: Batch, contract: Contract, files: Sequence[LandingFile], folder: Path) -> _Built:
        reader = LandingReader(self._fetched(files, folder))
        missing = _missing_columns(batch, contract, reader)
        admitted, new = admit_new_columns(contract, reader, batch.day, self._new_columns)
        if new or missing:
            log.warning(
                "batch %s: the source's %s has columns that its contract does not name: %s; and lacks: %s",
                batch.id,
                contract.stream,
                ", ".join(new) or "none",
                ", ".join(missing) or "none",
            )
        partition = build_partition(admitted, reader, folder, _FILE_BYTES)
        self._new_columns.record(admitted, contract, batch.day)
        return _Built(partition, new, missing)

    def _fetched(self, files: Sequence[LandingFile], folder: Path) -> list[LandedFile]:
        fetched = []
        for number, file in enumerate(files):
            path = folder / f"landing_{number}.parquet"
            self._storage.download(file.key, path)
            fetched.append(LandedFile(file.key, path))
        return fetched

    def _account(
        self, batch: Batch, contract: Contract, files: Sequence[LandingFile], built: _Built
    ) -> StreamLoad:
        stream, partition = contract.stream, built.partition
        rejected = stream != TRACER and not self._within_limits(batch, contract, partition)
        has_rows = partition.rows_loaded > 0 and not rejected
        return StreamLoad(
            batch_id=batch.id,
            stream=stream,
            day=batch.day,
            state=LoadState.REJECTED if rejected else LoadState.LOADED,
            rows_in=partition.rows_in,
            rows_loaded=partition.rows_loaded,
            rows_deduplicated=partition.rows_deduplicated,
            rows_quarantined=partition.rows_quarantined,
            landing_files=len(files),
            s3_key=stream_batch_key(stream, batch.day, batch.id) if has_rows else None,
            quarantine_key=(
                stream_quarantine_key(stream, batch.day, batch.id) if partition.rows_quarantined else None
            ),
            bytes=partition.bytes if has_rows else 0,
            truncated_at_lsn=partition.truncated_at,
            highest_lsn=_highest_lsn(partition),
            detail={
                name: value
                for name, value in {
                    "bad_rows_by_column": partition.reasons,
                    "nulled": partition.nulled,
                    "new_columns": built.new_columns,
                    "missing_columns": built.missing_columns,
                }.items()
                if value
            },
        )

    def _within_limits(self, batch: Batch, contract: Contract, partition: BuiltPartition) -> bool:
        """A share of a batch of ten rows says nothing: the contract's limits are those of the batch's day."""
        if not partition.rows_quarantined:
            return True
        day = self._ledger.day_account(contract.stream, batch.day, without=batch)
        allowed = contract.allowed_bad_rows(day.rows_in + partition.rows_in)
        return day.rows_quarantined + partition.rows_quarantined <= allowed

    def _rejection(
        self, contract: Contract, load: StreamLoad, partition: BuiltPartition
    ) -> StreamContractBrokenError:
        day = self._ledger.day_account(load.stream, load.day, without=self._ledger.batch(load.batch_id))
        rows_in = day.rows_in + load.rows_in
        return StreamContractBrokenError(
            f"micro-batch {load.batch_id}, stream {load.stream}: {load.rows_quarantined} of its "
            f"{load.rows_in} rows break include/contracts/stream/{load.stream}.yaml (bad rows by column: "
            f"{_reasons(partition)}); with them {load.day} has "
            f"{day.rows_quarantined + load.rows_quarantined} bad rows of {rows_in}, and "
            f"{contract.allowed_bad_rows(rows_in)} are allowed. The stream waits with this batch. "
            f"See s3://{self._storage.bucket}/{load.quarantine_key} and "
            "docs/runbooks/quarantine.md; fix the source or change the contract, then bin/stream start"
        )


def _contract_of(stream: str) -> Contract:
    return load_contract(stream, STREAM_CONTRACTS)


def _missing_columns(batch: Batch, contract: Contract, reader: LandingReader) -> list[str]:
    """Columns of the contract that no landing object has; a required one stops the stream.

    Read as NULL, a required column would send each row to quarantine, until the day's limit is reached.
    """
    landed = {name for schema in reader.schemas for name in schema.names}
    missing = [column for column in contract.columns if column.name not in landed]
    if required := [column.name for column in missing if column.required]:
        raise StreamColumnMissingError(
            f"micro-batch {batch.id}, stream {contract.stream}: the source no longer has "
            f"{', '.join(required)}, which include/contracts/stream/{contract.stream}.yaml requires; it was "
            "dropped or renamed. The stream waits with this batch and loses nothing: restore the column at "
            "the source, or change the contract, then bin/stream start"
        )
    return [column.name for column in missing]


def _reconcile(load: StreamLoad, rows_claimed: int) -> None:
    accounted = load.rows_loaded + load.rows_deduplicated + load.rows_quarantined
    if load.rows_in != rows_claimed or load.rows_in != accounted:
        raise StreamReconciliationError(
            f"micro-batch {load.batch_id}, stream {load.stream}: {rows_claimed} rows were claimed, "
            f"{load.rows_in} were read, and {load.rows_loaded} loaded + {load.rows_deduplicated} "
            f"deduplicated + {load.rows_quarantined} quarantined make {accounted}; nothing was published. A "
            "landing object was changed after it was claimed: restore it, then bin/stream start"
        )


def _highest_lsn(partition: BuiltPartition) -> int | None:
    """How far the loaded rows reach, from the statistics of their file."""
    highest: int | None = None
    for part in partition.parts:
        if part.rows:
            positions = pq.read_table(part.path, columns=[CDC_LSN])[CDC_LSN]
            highest = max(highest or 0, pc.max(positions).as_py())
    return highest


def _reasons(partition: BuiltPartition) -> str:
    return ", ".join(f"{column} {rows}" for column, rows in partition.reasons.items()) or "none"
