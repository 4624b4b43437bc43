"""Receipts and rows of the platform's own tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from lakehouse.observe.retention.lake_objects import newest
from lakehouse.observe.retention.plan import Applied, Item, KindPlan, Stores
from lakehouse.observe.retention.policy import Policy, RetentionPolicyError
from lakehouse.platform.database import Lock, transaction
from lakehouse.platform.sql_files import read_sql


class Receipts:
    """What each night did: the rows of night_receipts and the file rendered from them."""

    name = "receipts"

    def __init__(self, stores: Stores) -> None:
        self._postgres = stores.postgres
        self._folder = stores.receipts

    def plan(self, policy: Policy, now: datetime) -> KindPlan:
        """Dates that no task has touched since the cutoff, less the newest."""
        cutoff = now - timedelta(days=policy.receipts.days)
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql("postgres/observe/retention/select_receipt_dates.sql"))
            held = {day: (int(rows), int(size), at) for day, rows, size, at in cursor.fetchall()}
        files = {day: path for path in self._folder.glob("*.json") if (day := _date_of(path))}
        kept = newest(held.keys() | files.keys(), policy.receipts.keep_newest)
        items = []
        for day in sorted((held.keys() | files.keys()) - kept):
            rows, size, touched = held.get(day, (0, 0, None))
            path = files.get(day)
            if path is not None and touched is None:
                touched = datetime.fromtimestamp(path.stat().st_mtime, now.tzinfo)
            if touched is not None and touched < cutoff:
                size += path.stat().st_size if path is not None else 0
                items.append(Item(str(day), int(path is not None), rows, size, {"date": day.isoformat()}))
        return KindPlan(self.name, "delete", cutoff, tuple(items))

    def apply(self, plan: KindPlan) -> Applied:
        """First the file, which can be rendered again, then the rows, under the lock of the receipt."""
        applied = Applied(self.name, plan.verb)
        for item in plan.items:
            day = date.fromisoformat(str(item.detail["date"]))
            with transaction(self._postgres, Lock("receipt", day.isoformat())) as cursor:
                values = {"business_date": day, "cutoff": plan.cutoff}
                cursor.execute(read_sql("postgres/observe/retention/delete_old_receipts.sql"), values)
                cursor.execute(read_sql("postgres/observe/retention/count_receipts.sql"), values)
                if cursor.fetchone()[0]:
                    applied.skip(item, "a task has written to it since the plan")
                    cursor.connection.rollback()
                    continue
                (self._folder / f"{day}.json").unlink(missing_ok=True)
                applied.did(item)
        return applied


@dataclass(frozen=True)
class Aged:
    """How old a row of a table is, and which rows may go at all."""

    column: str
    only: str = "true"


AGED_TABLES: Final[dict[str, Aged]] = {
    "alert_outbox": Aged("delivered_at", "delivered_at is not null"),
    "dbt_run_history": Aged("started_at"),
    # With what belongs to them: their members, events and counts go with an incident.
    "incidents": Aged("resolved_at", "resolved_at is not null"),
    "metric_days": Aged("day"),
    "morning_reports": Aged("told_at"),
    "night_eta": Aged("made_at"),
    # With what belongs to them: the days and keys that differed.
    "seam_checks": Aged("checked_at"),
    "stream_batches": Aged(
        "merged_at",
        "state = 'merged' and not exists ("
        "select from stream_landing_files as files where files.batch_id = stream_batches.batch_id)",
    ),
    "stream_lag_minutes": Aged("measured_at"),
    "stream_loads": Aged(
        "loaded_at",
        "not exists (select from stream_batches as batches"
        " where batches.batch_id = stream_loads.batch_id and batches.state <> 'merged')",
    ),
    "stream_runs": Aged("ended_at", "ended_at is not null"),
    "stream_tracers": Aged("committed_at", "charted_at is not null or lost_at is not null"),
}
"""The tables that a policy may name. Accounts and the ledger are not among them: replays need them."""


class TableRows:
    """Rows that are history."""

    name = "tables"

    def __init__(self, stores: Stores) -> None:
        self._postgres = stores.postgres

    def plan(self, policy: Policy, now: datetime) -> KindPlan:
        """One item for each table that the policy names and the database has."""
        if unknown := [table for table in policy.tables if table not in AGED_TABLES]:
            raise RetentionPolicyError(
                f"tables: {', '.join(unknown)} cannot be given up; there are: {', '.join(AGED_TABLES)}"
            )
        items = []
        for table, keep in policy.tables.items():
            cutoff = now - timedelta(days=keep.days)
            rows, size = self._count(table, cutoff, keep.keep_newest)
            if rows:
                detail = {"table": table, "cutoff": cutoff.isoformat(), "keep_newest": keep.keep_newest}
                items.append(Item(table, 0, rows, size, detail))
        longest = max((keep.days for keep in policy.tables.values()), default=0)
        return KindPlan(self.name, "delete", now - timedelta(days=longest), tuple(items))

    def apply(self, plan: KindPlan) -> Applied:
        """Table by table, each in one transaction."""
        applied = Applied(self.name, plan.verb)
        for item in plan.items:
            detail, table = item.detail, str(item.detail["table"])
            with transaction(self._postgres) as cursor:
                cursor.execute(
                    f"with {_ranked(table)} delete from {table} where ctid in (select place_on_disk"
                    " from ranked where aged_at < %(cutoff)s and place > %(keep_newest)s)",
                    {"cutoff": detail["cutoff"], "keep_newest": detail["keep_newest"]},
                )
            applied.did(item)
        return applied

    def _count(self, table: str, cutoff: datetime, keep_newest: int) -> tuple[int, int]:
        with transaction(self._postgres) as cursor:
            cursor.execute("select to_regclass(%s)", (table,))
            if cursor.fetchone()[0] is None:
                return 0, 0
            values = {"cutoff": cutoff, "keep_newest": keep_newest}
            cursor.execute(
                f"with {_ranked(table)} select count(*), coalesce(sum(bytes), 0)::bigint from ranked"
                " where aged_at < %(cutoff)s and place > %(keep_newest)s",
                values,
            )
            rows, size = cursor.fetchone()
            return int(rows), int(size)


def _ranked(table: str) -> str:
    """The rows that may go at all, the newest first; all names are those of AGED_TABLES."""
    aged = AGED_TABLES[table]
    return (
        f"ranked as (select ctid as place_on_disk, {aged.column} as aged_at,"
        f" pg_column_size({table}.*) as bytes,"
        f" row_number() over (order by {aged.column} desc) as place from {table} where {aged.only})"
    )


def _date_of(path: Path) -> date | None:
    try:
        return date.fromisoformat(path.stem)
    except ValueError:
        return None
