"""Quarantine and logs: objects of the lake that go by the date in their path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from lakehouse.observe.retention.landing import WAIT_SECONDS
from lakehouse.observe.retention.plan import Applied, Item, KindPlan, Stores
from lakehouse.observe.retention.policy import Keep, Policy
from lakehouse.platform.database import Lock, LockHeldError, exclusively, transaction
from lakehouse.platform.lake_layout import LOGS, QUARANTINE, parse_partition_date
from lakehouse.platform.sql_files import read_sql
from lakehouse.platform.storage import LakeObject

_SETTLED: Final = timedelta(days=1)
"""A log object that was written within this time may be one that the shipper is still resending."""


class QuarantineFiles:
    """Refused rows of dates whose load was published without them."""

    name = "quarantine"

    def __init__(self, stores: Stores) -> None:
        self._postgres = stores.postgres
        self._lake = stores.lake

    def plan(self, policy: Policy, now: datetime) -> KindPlan:
        """Files of published loads. Those of a rejected load wait for somebody."""
        cutoff = now - timedelta(days=policy.quarantine.days)
        accounts = self._accounts()
        files: dict[str, dict[date, LakeObject]] = {}
        for each in self._lake.objects(QUARANTINE):
            stream = each.key.removeprefix(QUARANTINE).partition("/")[0]
            if (day := parse_partition_date(each.key, f"{QUARANTINE}{stream}/")) is not None:
                files.setdefault(stream, {})[day] = each
        items = [
            _file_item(stream, day, each, accounts[stream, day])
            for stream, by_day in sorted(files.items())
            for day, each in sorted(by_day.items())
            if day not in newest(by_day, policy.quarantine.keep_newest)
            and _written(each) < cutoff
            and (stream, day) in accounts
            and accounts[stream, day]["loaded_at"] < cutoff
        ]
        return KindPlan(self.name, "delete", cutoff, tuple(items))

    def apply(self, plan: KindPlan) -> Applied:
        """Each file under the lock that its load takes, if no load has written it again."""
        applied = Applied(self.name, plan.verb)
        for item in plan.items:
            detail = item.detail
            lock = Lock("bronze load", f"{detail['source']}.{detail['stream']} {detail['business_date']}")
            try:
                with exclusively(self._postgres, lock, "retention", WAIT_SECONDS):
                    key = str(detail["key"])
                    held = next((each for each in self._lake.objects(key) if each.key == key), None)
                    if held is not None and _written(held) >= plan.cutoff:
                        applied.skip(item, "it has been written again since the plan")
                        continue
                    self._lake.delete(key)
                    applied.did(item)
            except LockHeldError:
                applied.skip(item, "it is being loaded")
        return applied

    def _accounts(self) -> dict[tuple[str, date], dict[str, Any]]:
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/observe/retention/select_quarantined_loads.sql"))
            return {
                (stream, day): {"source": source, "rows": rows, "loaded_at": loaded_at}
                for source, stream, day, rows, loaded_at in cursor.fetchall()
            }


class LakeLogs:
    """Logs in the lake, `logs/<service>/date=<d>/`; Airbyte's, `logs/airbyte/service=<source>/date=<d>/`."""

    name = "logs"

    def __init__(self, stores: Stores) -> None:
        self._lake = stores.lake

    def plan(self, policy: Policy, now: datetime) -> KindPlan:
        """Days of each service that the policy names; other services are kept."""
        days: dict[tuple[str, date], list[LakeObject]] = {}
        for each in self._lake.objects(LOGS):
            service, day = _service_and_day(each.key)
            if day is not None and _is_over(policy.logs.get(service), day, now) and _settled(each, now):
                days.setdefault((service, day), []).append(each)
        items = [
            Item(
                f"{service} {day}",
                len(objects),
                None,
                sum(each.size for each in objects),
                {"keys": [each.key for each in objects]},
            )
            for (service, day), objects in sorted(days.items())
        ]
        longest = max((keep.days for keep in policy.logs.values()), default=0)
        return KindPlan(self.name, "delete", now - timedelta(days=longest), tuple(items))

    def apply(self, plan: KindPlan) -> Applied:
        """The planned keys: what has come to the same day since then is not among them."""
        applied = Applied(self.name, plan.verb)
        for item in plan.items:
            for key in item.detail["keys"]:
                self._lake.delete(str(key))
            applied.did(item)
        return applied


def newest(days: Iterable[date], count: int) -> frozenset[date]:
    """The newest of them."""
    return frozenset(sorted(days, reverse=True)[:count])


def _service_and_day(key: str) -> tuple[str, date | None]:
    service, _, rest = key.removeprefix(LOGS).partition("/")
    source, _, _ = rest.partition("/")
    folder = f"{LOGS}{service}/" + (f"{source}/" if source.startswith("service=") else "")
    return service, parse_partition_date(key, folder)


def _is_over(keep: Keep | None, day: date, now: datetime) -> bool:
    return keep is not None and day < (now - timedelta(days=keep.days)).date()


def _settled(item: LakeObject, now: datetime) -> bool:
    return now - _written(item) > _SETTLED


def _written(item: LakeObject) -> datetime:
    return item.modified.astimezone(UTC)


def _file_item(stream: str, day: date, item: LakeObject, account: Mapping[str, Any]) -> Item:
    detail = {
        "source": account["source"],
        "stream": stream,
        "business_date": day.isoformat(),
        "key": item.key,
    }
    return Item(f"{stream} {day}", 1, int(account["rows"]), item.size, detail)
