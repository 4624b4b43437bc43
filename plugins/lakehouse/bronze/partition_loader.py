"""From claimed landing objects to a published bronze partition."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Final

from lakehouse.bronze.contract import Contract, Mode
from lakehouse.bronze.expected_volume import explain_volume
from lakehouse.bronze.manifest import manifest_of
from lakehouse.bronze.new_columns import NewColumnLedger, admit_new_columns
from lakehouse.bronze.parquet_writer import PART_BYTES
from lakehouse.bronze.partition_builder import BuiltPartition, build_partition
from lakehouse.bronze.publication import Partition, Publisher, content_hash
from lakehouse.bronze.reconciliation import BronzeLoad, BronzeLoads, LoadState
from lakehouse.bronze.rejection import broken_contract, is_refused, told_ties
from lakehouse.bronze.scratch import scratch_folder
from lakehouse.bronze.source_forms import publish_source_forms, write_source_form
from lakehouse.bronze.unloaded_claims import of_other_dates, tell, unloaded_claims
from lakehouse.landing.ledger import LandingLedger
from lakehouse.landing.ledger_rows import LandingFile
from lakehouse.landing.reader import LandedFile, LandingReader
from lakehouse.platform.database import Lock, PostgresConnections, exclusively
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.lake_layout import landing_folder, quarantine_key
from lakehouse.platform.storage import LakeStorage

LOAD_WAIT_SECONDS: Final = 60
"""How long a second run of the same stream and date waits for the first before it is put off."""


class NothingClaimedError(PermanentError):
    """No sync of the source has been claimed for the date: empty would be a lie."""


class LandingExpiredError(PermanentError):
    """Retention has deleted landing objects of the date that this load would need."""


@dataclass(frozen=True)
class LoadedPartition:
    """What a load did: its account, and what a reader of the receipt should know."""

    load: BronzeLoad
    folder: str
    files: int
    changed: bool
    """False: the lake held exactly these bytes already, and nothing was written."""
    quarantine_key: str | None
    reasons: dict[str, int]
    nulled: dict[str, int]
    """Rows by field that the connector left out and the contract lets through."""
    new_columns: list[str]
    """Landed columns that the contract does not name."""
    source_forms: list[str] = field(default_factory=list)
    """Keys of the API responses or CSV imports that were written; not those of which the lake holds a newer
    version."""
    truncated_at: int | None = None
    """LSN at which the source's table was emptied: see `BuiltPartition`."""
    landing_expired: bool = False
    """The date's landing objects are gone, by policy: the partition was left as it is."""
    not_loaded: list[str] = field(default_factory=list)
    """What other dates have claimed of the stream and is not in bronze: a sentence for each date."""
    rows_identical: int = 0
    """Of the deduplicated rows, those that are copies."""
    ties: str = ""
    """How many rows nothing tells apart, and some of their keys; empty: there are none."""
    column_changes: list[str] = field(default_factory=list)
    """Sentences about columns that are not as the contract has them."""


class PartitionLoader:
    """Loads one stream's partitions. Loading a date again publishes the same bytes.

    Args:
        contract: the stream's.
        ledger: which landing objects a date has.
        storage: the lake's bucket.
        loads: where the account is kept.
        postgres: the platform's database, for locks.
        part_bytes: see `parquet_writer.PART_BYTES`.
    """

    def __init__(
        self,
        contract: Contract,
        ledger: LandingLedger,
        storage: LakeStorage,
        loads: BronzeLoads,
        postgres: PostgresConnections,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._contract = contract
        self._ledger = ledger
        self._storage = storage
        self._loads = loads
        self._postgres = postgres
        self._part_bytes = part_bytes

    def load(self, business_date: date, run_id: str) -> LoadedPartition:
        """Build the date's partition from its claimed landing objects and publish it.

        Raises:
            NothingClaimedError: the extract stage has not run for this date.
            VolumeBelowExpectedError: fewer rows landed than the contract expects.
            LandingExpiredError: retention has deleted some of the date's landing objects, and not all of what
                the date has claimed is in the partition.
            ContractBrokenError: too many bad rows. The quarantine file is written, the partition is left as
                it was.
            NewColumnsRefusedError: columns the contract refuses.
            ReconciliationError: the rows do not add up.
            LandingFileUnreadableError: an object is truncated or is not Parquet.
            LockHeldError: another run loads the same.
            ScratchFullError: this machine's disk is full.
        """
        contract = self._contract
        name = f"{contract.source}.{contract.stream} {business_date}"
        with (
            exclusively(
                self._postgres, Lock("bronze load", name), f"load_bronze {run_id}", LOAD_WAIT_SECONDS
            ),
            scratch_folder(contract.stream) as folder,
        ):
            return self._load(business_date, run_id, folder)

    def _load(self, business_date: date, run_id: str, folder: Path) -> LoadedPartition:
        contract = self._contract
        if not self._ledger.is_complete(contract.source, business_date):
            raise NothingClaimedError(
                f"no sync of source {contract.source} has landed for {business_date}: "
                "run its extract stage for this date first"
            )
        if (kept := self._kept_without_landing(business_date)) is not None:
            return kept
        claimed = self._ledger.files(contract.source, contract.stream, business_date)
        elsewhere = of_other_dates(
            unloaded_claims(self._postgres), contract.source, contract.stream, business_date
        )
        empty = self._list_is_empty(business_date, claimed)
        rows = sum(file.rows for file in claimed)
        explanation = explain_volume(contract, self._ledger, elsewhere, business_date, rows, empty)
        reader = LandingReader(self._fetch(claimed, folder))
        known_columns = NewColumnLedger(self._postgres)
        admitted, new_columns = admit_new_columns(contract, reader, business_date, known_columns)
        built = build_partition(admitted, reader, folder, self._part_bytes)
        load = self._account(business_date, run_id, claimed, built, explanation)
        load = replace(load, list_is_empty=empty)
        load.reconcile(rows)
        bad_rows_key = self._publish_quarantine(business_date, built)
        if load.state is LoadState.REJECTED:
            self._loads.record(load)
            raise broken_contract(
                contract,
                built,
                str(business_date),
                f"s3://{self._storage.bucket}/{bad_rows_key}",
                landing_folder(contract.source, contract.stream),
            )
        partition = Partition(contract.source, contract.stream, business_date)
        forms = self._publish_forms(business_date, run_id, reader, folder)
        publisher = Publisher(self._postgres, self._storage)
        again = publisher.stored_again(partition, built.parts)
        if again is None:
            changed = publisher.publish(
                partition, built.parts, manifest_of(load, claimed, built, new_columns), run_id
            )
        else:
            changed = False
            load = replace(load, bytes=again.bytes, sha256=again.sha256, compression=again.compression)
        known_columns.record(admitted, contract, business_date)
        self._loads.record(load)
        return LoadedPartition(
            load=load,
            folder=partition.folder,
            files=len(built.parts),
            changed=changed,
            quarantine_key=bad_rows_key,
            reasons=built.reasons,
            nulled=built.nulled,
            new_columns=new_columns,
            source_forms=forms,
            truncated_at=built.truncated_at,
            not_loaded=tell(elsewhere),
            rows_identical=built.rows_identical,
            ties=told_ties(contract, built) if built.rows_tied else "",
            column_changes=list(built.column_changes),
        )

    def _list_is_empty(self, business_date: date, claimed: list[LandingFile]) -> bool:
        """Did the date's last sync bring a whole list without a row? Not if nobody says so."""
        contract = self._contract
        if contract.mode is not Mode.FULL_REFRESH:
            return False
        last = self._ledger.last_list(contract.source, contract.stream, business_date)
        return last is not None and last.is_empty(claimed)

    def _kept_without_landing(self, business_date: date) -> LoadedPartition | None:
        """The partition as it is, if its landing objects are gone by policy; None while they can be read."""
        contract = self._contract
        expired, readable = self._ledger.expired(contract.source, contract.stream, business_date)
        if not expired:
            return None
        partition = Partition(contract.source, contract.stream, business_date)
        load = self._loads.load_of(contract.source, contract.stream, business_date)
        files = [
            item for item in self._storage.objects(partition.folder) if item.key != partition.manifest_key
        ]
        if readable or load is None or load.state is not LoadState.LOADED or not files:
            raise LandingExpiredError(
                f"stream {contract.stream}, {business_date}: retention has deleted {expired} of its landing "
                f"objects ({readable} are left), so its partition cannot be built again; it is left as it "
                "is. Later stages can be run for this date; give rows that came since to another date "
                f"(bin/bronze give-back) or restore {landing_folder(contract.source, contract.stream)}"
            )
        key = quarantine_key(contract.stream, business_date)
        return LoadedPartition(
            load=load,
            folder=partition.folder,
            files=len(files),
            changed=False,
            quarantine_key=key if load.rows_quarantined and self._storage.exists(key) else None,
            reasons={},
            nulled={},
            new_columns=[],
            landing_expired=True,
        )

    def _fetch(self, claimed: list[LandingFile], folder: Path) -> list[LandedFile]:
        fetched = []
        for number, file in enumerate(claimed):
            path = folder / f"landing_{number}.parquet"
            self._storage.download(file.key, path)
            fetched.append(LandedFile(file.key, path))
        return fetched

    def _account(
        self,
        business_date: date,
        run_id: str,
        claimed: list[LandingFile],
        built: BuiltPartition,
        explanation: str | None,
    ) -> BronzeLoad:
        contract = self._contract
        rejected = is_refused(contract, built)
        return BronzeLoad(
            source=contract.source,
            stream=contract.stream,
            business_date=business_date,
            state=LoadState.REJECTED if rejected else LoadState.LOADED,
            rows_in=built.rows_in,
            rows_loaded=built.rows_loaded,
            rows_deduplicated=built.rows_deduplicated,
            rows_quarantined=built.rows_quarantined,
            landing_files=len(claimed),
            bytes=built.bytes,
            sha256=None if rejected else content_hash(built.parts),
            run_id=run_id,
            explanation=explanation,
            rows_tied=built.rows_tied,
            tie_examples="; ".join(built.tie_examples),
        )

    def _publish_forms(
        self, business_date: date, run_id: str, reader: LandingReader, folder: Path
    ) -> list[str]:
        """Publish the stream's documented form. Two dates may have brought versions of the same file."""
        forms = write_source_form(self._contract, reader, folder)
        if not forms:
            return []
        lock = Lock("bronze source forms", f"{self._contract.source}.{self._contract.stream}")
        with exclusively(self._postgres, lock, f"load_bronze {run_id}", LOAD_WAIT_SECONDS):
            return publish_source_forms(forms, business_date, self._storage)

    def _publish_quarantine(self, business_date: date, built: BuiltPartition) -> str | None:
        """Publish the bad rows, or remove those of an earlier load that had some."""
        key = quarantine_key(self._contract.stream, business_date)
        if built.rows_quarantined:
            self._storage.upload(built.quarantine.path, key)
            return key
        self._storage.delete(key)
        return None
