"""Refreshing Dremio's catalog of bronze: only what changed, and never while files are being replaced."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from lakehouse.bronze.catalogue import BronzeCatalogue, CatalogueChange, PartitionNotVisibleError
from lakehouse.bronze.contract import Contract, Mode
from lakehouse.bronze.new_columns import NewColumnLedger
from lakehouse.bronze.publication import Publisher
from lakehouse.bronze.reconciliation import BronzeLoads
from lakehouse.dremio.client import DremioClient
from lakehouse.platform.database import Lock, PostgresConnections, exclusively
from lakehouse.platform.lake_layout import bronze_folder, parse_partition_date
from lakehouse.platform.storage import LakeStorage

_LISTS_LOCK: Final = Lock("bronze catalog", "empty lists")
_LISTS_WAIT_SECONDS: Final = 60


@dataclass(frozen=True)
class Refreshed:
    """What was done for each stream, and the date's rows that Dremio shows now."""

    changes: list[CatalogueChange]
    rows_visible: dict[str, int]
    job_ids: list[str]


class CatalogueRefresher:
    """Brings Dremio in line with the partitions that were published."""

    def __init__(
        self,
        client: DremioClient,
        postgres: PostgresConnections,
        storage: LakeStorage,
        contracts: Sequence[Contract],
    ) -> None:
        self._catalogue = BronzeCatalogue(client)
        self._postgres = postgres
        self._loads = BronzeLoads(postgres)
        self._columns = NewColumnLedger(postgres)
        self._publisher = Publisher(postgres, storage)
        self._storage = storage
        self._contracts = contracts

    def refresh(self, business_date: date) -> Refreshed:
        """List the streams with changed partitions again, and compare the date's rows with those loaded.

        What the account says Dremio has listed may be wrong, after Dremio was set up again for instance: if
        the rows differ, every stream is listed again before that counts as an error.

        Raises:
            PartitionNotVisibleError: Dremio shows another number of rows than was loaded.
        """
        loaded = self._loads.rows_loaded(business_date)
        streams = [contract.stream for contract in self._contracts if contract.stream in loaded]
        expected = {stream: loaded[stream] for stream in streams}
        changes = self._refresh_all(loaded, force=False)
        try:
            seen = self._catalogue.check_visible(business_date, expected.items())
        except PartitionNotVisibleError:
            if all(change.relisted for change in changes):
                raise
            changes += self._refresh_all(loaded, force=True)
            seen = self._catalogue.check_visible(business_date, expected.items())
        job_ids = [job_id for change in changes for job_id in change.job_ids]
        more = [job_id for job_id in (seen, self._show_empty_lists()) if job_id is not None]
        return Refreshed(changes, expected, [*job_ids, *more])

    def _show_empty_lists(self) -> str | None:
        """Two dates may be refreshed at once: the account is read while nobody else writes the view."""
        if not any(contract.mode is Mode.FULL_REFRESH for contract in self._contracts):
            return None
        with exclusively(self._postgres, _LISTS_LOCK, "refresh_catalogue", _LISTS_WAIT_SECONDS):
            return self._catalogue.show_empty_lists(self._loads.empty_lists())

    def _refresh_all(self, loaded: Collection[str], force: bool) -> list[CatalogueChange]:
        changes: list[CatalogueChange] = []
        for contract in self._contracts:
            with self._publisher.while_nothing_is_published(contract.source, contract.stream):
                has_partitions = contract.stream in loaded or self._has_partitions(contract)
                changes.append(self._refreshed(contract, force, has_partitions))
        return changes

    def _has_partitions(self, contract: Contract) -> bool:
        folder = bronze_folder(contract.source, contract.stream)
        return any(parse_partition_date(item.key, folder) for item in self._storage.objects(folder))

    def _refreshed(self, contract: Contract, force: bool, has_partitions: bool) -> CatalogueChange:
        stale = force or bool(self._loads.changed_since_catalogued(contract.source, contract.stream))
        change = self._catalogue.refresh(
            self._columns.extend(contract), relist=stale, has_partitions=has_partitions
        )
        if change.relisted:
            self._loads.record_catalogued(contract.source, contract.stream)
        return change
