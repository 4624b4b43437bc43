"""Give back what a date has claimed: a mistyped date takes rows that another one needs."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import Final

from lakehouse.bronze.contract_file import load_contracts
from lakehouse.bronze.reconciliation import BronzeLoads
from lakehouse.landing.ledger import LandingLedger
from lakehouse.landing.ledger_rows import ClaimReport
from lakehouse.platform.database import Lock, LockHeldError, PostgresConnections, exclusively
from lakehouse.platform.errors import PermanentError
from lakehouse.platform.lake_layout import bronze_partition
from lakehouse.platform.storage import LakeStorage

WAIT_SECONDS: Final = 5
"""How long a load of the date that is running may take to end before this is refused."""


class GiveBackRefusedError(PermanentError):
    """The date's rows stay where they are; the message says why and what to do instead."""


@dataclass(frozen=True)
class GivenBack:
    """What a date had of a source, and the date that has it now, if any."""

    source: str
    claim: ClaimReport
    to: date | None


class ClaimReturns:
    """Takes claims away from dates that were never loaded.

    Args:
        postgres: the platform's database.
        storage: the lake's bucket.
    """

    def __init__(self, postgres: PostgresConnections, storage: LakeStorage) -> None:
        self._postgres = postgres
        self._storage = storage
        self._ledger = LandingLedger(postgres, storage)
        self._loads = BronzeLoads(postgres)

    def give_back(
        self, business_date: date, sources: list[str] | None = None, to: date | None = None
    ) -> list[GivenBack]:
        """Make the date's landing objects unclaimed, as if its extract had never run.

        The next extract of each source claims them, whatever its date. What their syncs committed is checked
        against landing by that claim.

        Args:
            business_date: the date that must not have them.
            sources: of these sources; by default of all that the date has something of.
            to: a date that claims them at once; it must have been extracted already.

        Raises:
            GiveBackRefusedError: the date has nothing, its rows are in bronze, or `to` was never extracted.
                Or it is being loaded just now. Nothing was given back.
        """
        held = self._ledger.sources_of(business_date)
        chosen = sources or held
        if unknown := [source for source in chosen if source not in held]:
            raise GiveBackRefusedError(
                f"{business_date} has claimed nothing of {', '.join(unknown)}; it holds rows of: "
                f"{', '.join(held) or 'no source'}"
            )
        if not chosen:
            raise GiveBackRefusedError(f"{business_date} has claimed nothing: see `bin/bronze unloaded`")
        if to == business_date:
            raise GiveBackRefusedError(f"--to must be another date than {to}")
        with ExitStack() as locks:
            for source in chosen:
                self._refuse_loads(locks, source, business_date)
                if to is not None and not self._ledger.is_complete(source, to):
                    raise GiveBackRefusedError(
                        f"{to} has had no sync of {source}: leave out --to and run its extract stage, which "
                        "claims what is given back"
                    )
            return [
                GivenBack(source, self._ledger.release(source, business_date, to), to) for source in chosen
            ]

    def _refuse_loads(self, locks: ExitStack, source: str, business_date: date) -> None:
        """Keep loads of the date from starting, and see that none has published anything."""
        streams = {contract.stream for contract in load_contracts() if contract.source == source}
        for stream in sorted(streams | set(self._ledger.report(source, business_date).per_stream)):
            lock = Lock("bronze load", f"{source}.{stream} {business_date}")
            holder = exclusively(self._postgres, lock, f"give-back {business_date}", WAIT_SECONDS)
            try:
                locks.enter_context(holder)
            except LockHeldError as error:
                raise GiveBackRefusedError(f"{business_date} is being loaded: {source}.{stream}") from error
        loaded = set(self._loads.streams_loaded(source, business_date)) | {
            stream for stream in streams if self._is_published(source, stream, business_date)
        }
        if loaded:
            raise GiveBackRefusedError(
                f"{business_date} is in bronze already ({', '.join(sorted(loaded))} of {source}): its rows "
                "are not lost, later stages show them under that date. Nothing was given back"
            )

    def _is_published(self, source: str, stream: str, business_date: date) -> bool:
        return any(True for _ in self._storage.objects(bronze_partition(source, stream, business_date)))
