"""Landing objects that bronze holds: first nobody reads them any more, then they are deleted.

The order matters. The ledger marks the objects as expired (a load of that date then keeps the partition as it
is), the partition's manifest says so, and only then the objects go. Whatever dies in between, nothing that is
still to be read is missing, and the next run finds the marked objects and deletes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any, Final

from lakehouse.bronze.publication import Partition, Publisher
from lakehouse.landing.listing import objects_of_nights
from lakehouse.observe.retention.plan import Applied, Item, KindPlan, Stores
from lakehouse.observe.retention.policy import Policy
from lakehouse.platform.database import Lock, LockHeldError, exclusively, transaction
from lakehouse.platform.sql_files import read_sql

WAIT_SECONDS: Final = 5
"""How long a load of the date may take to end; else the date waits for the next week."""


class LandingFiles:
    """Landing objects, by source, stream and business date."""

    name = "landing"

    def __init__(self, stores: Stores) -> None:
        self._postgres = stores.postgres
        self._lake = stores.lake

    def plan(self, policy: Policy, now: datetime) -> KindPlan:
        """Dates whose rows are all in bronze, and objects of an earlier run that was interrupted."""
        cutoff = now - timedelta(days=policy.landing.days)
        with transaction(self._postgres) as cursor:
            items = list(_expirable(cursor, cutoff, policy.landing.keep_newest))
            cursor.execute(read_sql("postgres/observe/retention/select_expired_landing_keys.sql"))
            expired = {key for (key,) in cursor.fetchall()}
        if expired:
            left = [item for item in objects_of_nights(self._lake) if item.key in expired]
            items += [Item(f"left over: {each.key}", 1, None, each.size, {"key": each.key}) for each in left]
        return KindPlan(self.name, "delete", cutoff, tuple(items))

    def apply(self, plan: KindPlan) -> Applied:
        """Each date under the lock that its load takes."""
        applied = Applied(self.name, plan.verb)
        for item in plan.items:
            if "key" in item.detail:
                self._lake.delete(str(item.detail["key"]))
                applied.did(item)
                continue
            partition = _partition(item)
            name = f"{partition.source}.{partition.stream} {partition.business_date}"
            lock = Lock("bronze load", name)
            try:
                with exclusively(self._postgres, lock, "retention", WAIT_SECONDS):
                    if why := self._expire(item, partition, plan.cutoff):
                        applied.skip(item, why)
                    else:
                        applied.did(item)
            except LockHeldError:
                applied.skip(item, "it is being loaded")
        return applied

    def _expire(self, item: Item, partition: Partition, cutoff: datetime) -> str | None:
        """Why the date's objects stay; None when they are gone."""
        if not any(each.key != partition.manifest_key for each in self._lake.objects(partition.folder)):
            return "its partition is not in the lake"
        keys = list(item.detail["keys"])
        with transaction(self._postgres, Lock("landing", partition.source)) as cursor:
            # By the same rule, for a claim or a load may have come between.
            if item not in list(_expirable(cursor, cutoff, int(item.detail["keep_newest"]))):
                return "it has been claimed, loaded or rejected again since the plan"
            cursor.execute(read_sql("postgres/observe/retention/expire_landing_files.sql"), {"keys": keys})
        Publisher(self._postgres, self._lake).annotate(partition, {"landing_expired": True})
        for key in keys:
            self._lake.delete(key)
        return None


def _expirable(cursor: Any, cutoff: datetime, keep_newest: int) -> Iterator[Item]:
    values = {"cutoff": cutoff, "keep_newest": keep_newest}
    cursor.execute(read_sql("postgres/observe/retention/select_expirable_landing.sql"), values)
    for source, stream, day, keys, rows, size in cursor.fetchall():
        detail = {
            "source": source,
            "stream": stream,
            "business_date": day.isoformat(),
            "keys": list(keys),
            "keep_newest": keep_newest,
        }
        yield Item(f"{source}.{stream} {day}", len(keys), int(rows), int(size), detail)


def _partition(item: Item) -> Partition:
    day = date.fromisoformat(str(item.detail["business_date"]))
    return Partition(str(item.detail["source"]), str(item.detail["stream"]), day)
