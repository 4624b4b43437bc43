"""Files of the lake against the accounts: what no account knows, and what an account knows and is gone.

Gold, marts and silver belong to Dremio's catalog, which keeps older versions of them: never looked at here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, timedelta
from typing import Any, Final

from lakehouse.airbyte.connection_file import read_all_connection_files
from lakehouse.airbyte.night_syncs import stage_of
from lakehouse.bronze.contract_file import load_contracts
from lakehouse.bronze.unloaded_claims import tell, unloaded_claims
from lakehouse.landing.listing import objects_of_nights
from lakehouse.observe.doctor.finding import Finding, error, warn
from lakehouse.observe.doctor.surroundings import Surroundings
from lakehouse.platform.lake_layout import (
    QUARANTINE,
    bronze_folder,
    parse_landing_key,
    parse_partition_date,
)
from lakehouse.platform.storage import LakeObject

LISTING_SECONDS: Final = 9.0
"""A listing is O(objects): beyond this the rest is not looked at, and that is said."""
UNCLAIMED_FOR: Final = timedelta(hours=36)
"""A landing object waits for the next night's extract; after a whole night nothing will claim it."""
PUBLISHING_FOR: Final = timedelta(hours=1)
_SHOWN: Final = 5


class ListingTooLongError(Exception):
    """The lake has more objects than could be listed in time."""


def bronze_files_look(around: Surroundings) -> Iterator[Finding]:
    """Partitions without an account, accounts without a partition, and publications that were cut short."""
    lake, postgres = around.lake(), around.postgres()
    accounted = set(
        postgres.rows("select source, stream, business_date from bronze_loads where state = 'loaded'")
    )
    held: set[tuple[str, str, date]] = set()
    clock = _Patience()
    for contract in load_contracts():
        folder = bronze_folder(contract.source, contract.stream)
        for item in clock.through(lake.objects(folder)):
            if (day := parse_partition_date(item.key, folder)) is not None:
                held.add((contract.source, contract.stream, day))
    for source, stream, day in _some(sorted(held - accounted)):
        what = f"bronze has a partition of {source}.{stream} {day} without an account"
        yield warn(what, f"no row of bronze_loads; {lake.bucket}", around.rerun_command("load_bronze", day))
    for source, stream, day in _some(sorted(accounted - held)):
        what = f"the partition of {source}.{stream} {day} is gone"
        yield error(what, "bronze_loads says loaded", around.rerun_command("load_bronze", day))
    started = postgres.rows("select source, stream, business_date, begun_at from bronze_publications")
    for source, stream, day, at in started:
        if around.now() - at.astimezone(UTC) > PUBLISHING_FOR:
            what = f"a publication of {source}.{stream} {day} was cut short"
            yield warn(what, f"started {at.isoformat()}", around.rerun_command("load_bronze", day))


def landing_files_look(around: Surroundings) -> Iterator[Finding]:
    """Objects that no date has claimed, and claimed ones that are gone; a stream's wait for no date."""
    lake, postgres = around.lake(), around.postgres()
    claimed = {
        key: (source, day)
        for key, source, day in postgres.rows(
            "select s3_key, source, business_date from landing_files where expired_at is null"
        )
    }
    known = claimed.keys() | {
        key for (key,) in postgres.rows("select s3_key from landing_files where expired_at is not null")
    }
    present: set[str] = set()
    unclaimed: dict[str, list[LakeObject]] = {}
    for item in _Patience().through(objects_of_nights(lake)):
        present.add(item.key)
        landed = parse_landing_key(item.key)
        is_old = around.now() - item.modified.astimezone(UTC) > UNCLAIMED_FOR
        if landed is not None and item.key not in known and is_old:
            unclaimed.setdefault(landed.source, []).append(item)
    for source, items in sorted(unclaimed.items()):
        what = f"{len(items)} landing objects of {source} were claimed by no date for more than a night"
        seen = f"{sum(item.size for item in items):,} bytes, such as {items[0].key}"
        yield warn(what, seen, _claim_command(around, source))
    for key in _some(sorted(claimed.keys() - present)):
        source, day = claimed[key]
        what = f"a landing object that {day} has claimed is gone: {source} {day} cannot be replayed"
        yield error(what, key, f"bin/retention plan  # then restore {key} from a backup")


def quarantine_files_look(around: Surroundings) -> Iterator[Finding]:
    """Files of refused rows that no account speaks of."""
    accounted = set(
        around.postgres().rows("select stream, business_date from bronze_loads where rows_quarantined > 0")
    )
    held = set()
    for item in _Patience().through(around.lake().objects(QUARANTINE)):
        stream = item.key.removeprefix(QUARANTINE).partition("/")[0]
        if (day := parse_partition_date(item.key, f"{QUARANTINE}{stream}/")) is not None:
            held.add((stream, day))
    for stream, day in _some(sorted(held - accounted)):
        what = f"quarantine has rows of {stream} {day} without an account"
        yield warn(what, "bronze_loads counts none", around.rerun_command("load_bronze", day))


def unloaded_rows_look(around: Surroundings) -> Iterator[Finding]:
    """Rows that a date has claimed and that are not in bronze."""
    old = [
        claim
        for claim in unloaded_claims(around.postgres())
        if around.now() - claim.claimed_at.astimezone(UTC) > PUBLISHING_FOR
    ]
    for sentence in tell(old):
        yield error(sentence.partition(":")[0], sentence, around.library_command("bronze", "unloaded"))


class _Patience:
    """Ends a listing that takes too long."""

    def __init__(self, seconds: float = LISTING_SECONDS, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._until = now() + seconds
        self._seen = 0

    def through(self, objects: Iterable[LakeObject]) -> Iterator[LakeObject]:
        for item in objects:
            self._seen += 1
            if self._now() > self._until:
                raise ListingTooLongError(
                    f"only {self._seen:,} objects could be listed in {LISTING_SECONDS:.0f} s; "
                    "run bin/retention plan, which has no such limit"
                )
            yield item


def _some(things: list[Any]) -> list[Any]:
    """Enough to see what is the matter."""
    return things[:_SHOWN]


def _claim_command(around: Surroundings, source: str) -> str:
    """What lets the newest night's extract of that source claim what no date has."""
    for declared in read_all_connection_files():
        if declared.source_folder == source and not declared.is_streamed:
            return around.trigger_command(f"{stage_of(declared)} --conf '{{\"force_sync\": true}}'")
    return around.library_command("airbyte", "diff")
