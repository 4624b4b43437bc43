"""Objects of the stream: landing that the hot tables are no longer rebuilt from, tracers, refused rows.

The bronze of orders and customers stays, like all of bronze: it alone knows which rows were deleted for good.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from typing import Final

from lakehouse.observe.retention.landing import WAIT_SECONDS
from lakehouse.observe.retention.plan import Applied, Item, KindPlan, Stores
from lakehouse.observe.retention.policy import Policy
from lakehouse.platform.database import LockHeldError, exclusively, transaction
from lakehouse.platform.lake_layout import QUARANTINE, parse_partition_date, stream_folder
from lakehouse.platform.sql_files import read_sql
from lakehouse.platform.storage import LakeObject
from lakehouse.stream.plan import CONNECTION, NOT_DECLARED, STREAM_LOCK, STREAMS, TRACER, is_declared

DELETES_AT_ONCE: Final = 8
"""A day of streaming lands tens of thousands of objects, and one request deletes one."""
_TABLES: Final = ("stream_landing_files", "stream_batches", "serving_edge")


class StreamFiles:
    """By stream and UTC day. Of landing, only what gold has: a rebuild needs everything else, however old."""

    name = "stream"

    def __init__(self, stores: Stores) -> None:
        self._postgres = stores.postgres
        self._lake = stores.lake

    def plan(self, policy: Policy, now: datetime) -> KindPlan:
        """Days of landing and of tracers, and of refused rows as long as the night's are kept."""
        cutoff = now - timedelta(days=policy.stream.days)
        if not is_declared():
            return KindPlan(self.name, "delete", cutoff, (), NOT_DECLARED)
        if missing := self._missing_table():
            return KindPlan(self.name, "delete", cutoff, (), f"there is no table {missing} yet")
        refused = now - timedelta(days=policy.quarantine.days)
        items = [*self._landing(cutoff), *self._folder("bronze", stream_folder(TRACER), TRACER, cutoff)]
        for stream in STREAMS:
            items += self._folder("quarantine", f"{QUARANTINE}stream/{stream}/", stream, refused)
        return KindPlan(self.name, "delete", cutoff, tuple(items))

    def apply(self, plan: KindPlan) -> Applied:
        """Landing is marked first, while no batch moves, so that no rebuild reads it; then it goes."""
        applied = Applied(self.name, plan.verb)
        for item in plan.items:
            keys = [str(key) for key in item.detail["keys"]]
            if item.detail["folder"] == "landing":
                try:
                    if not self._expire(keys, plan.cutoff):
                        applied.skip(item, "a rebuild needs it again since the plan")
                        continue
                except LockHeldError:
                    applied.skip(item, "a batch, a check or a rebuild holds the stream")
                    continue
            self._delete(keys)
            if item.detail["folder"] == "landing":
                with transaction(self._postgres) as cursor:
                    statement = read_sql("postgres/observe/retention/delete_expired_stream_landing.sql")
                    cursor.execute(statement, {"keys": keys})
            applied.did(item)
        return applied

    def _landing(self, cutoff: datetime) -> Iterator[Item]:
        with transaction(self._postgres) as cursor:
            statement = read_sql("postgres/observe/retention/select_expirable_stream_landing.sql")
            cursor.execute(statement, {"connection": CONNECTION, "cutoff": cutoff})
            rows = list(cursor.fetchall())
        for stream, day, is_left_over, keys, landed, size in rows:
            detail = {"folder": "landing", "keys": list(keys)}
            name = f"landing {stream} {day}" + (" (left over)" if is_left_over else "")
            yield Item(name, len(keys), int(landed), int(size), detail)

    def _folder(self, kind: str, folder: str, stream: str, cutoff: datetime) -> Iterator[Item]:
        days: dict[date, list[LakeObject]] = {}
        for each in self._lake.objects(folder):
            day = parse_partition_date(each.key, folder)
            if day is not None and day < cutoff.date():
                days.setdefault(day, []).append(each)
        for day, objects in sorted(days.items()):
            detail = {"folder": kind, "keys": [each.key for each in objects]}
            size = sum(each.size for each in objects)
            yield Item(f"{kind} {stream} {day}", len(objects), None, size, detail)

    def _expire(self, keys: Sequence[str], cutoff: datetime) -> bool:
        """By the plan's own rule: False if it no longer holds for all of the objects."""
        with exclusively(self._postgres, STREAM_LOCK, "retention", WAIT_SECONDS):
            now = {key for item in self._landing(cutoff) for key in item.detail["keys"]}
            if not now.issuperset(keys):
                return False
            with transaction(self._postgres) as cursor:
                statement = read_sql("postgres/observe/retention/expire_stream_landing.sql")
                cursor.execute(statement, {"keys": list(keys)})
        return True

    def _delete(self, keys: Sequence[str]) -> None:
        with ThreadPoolExecutor(DELETES_AT_ONCE) as pool:
            for _ in pool.map(self._lake.delete, keys):
                pass  # raises what a deletion raised

    def _missing_table(self) -> str | None:
        with transaction(self._postgres) as cursor:
            for table in _TABLES:
                cursor.execute("select to_regclass(%s)", (table,))
                if cursor.fetchone()[0] is None:
                    return table
        return None
