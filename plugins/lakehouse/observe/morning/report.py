"""One message a night, at 05:00 UTC; a second one if it was not green and is so later.

The DAG `report_morning` sends it. Where Airflow cannot, because it is Airflow that is down, the observer does
ten minutes later: the message of a date is written once, whoever comes first.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from lakehouse.observe.facts.freshness import data_age
from lakehouse.observe.facts.nights import night, recent_nights
from lakehouse.observe.incidents.reading import open_incidents
from lakehouse.observe.morning.night_summary import NightState, NightSummary, state_of
from lakehouse.observe.notify.outbox import Notice, write
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql

MORNING: Final = time(5, 0)
"""UTC: a quarter of an hour after the night's planned end. The DAG's cron says the same."""
AIRFLOW_PATIENCE: Final = timedelta(minutes=10)
"""How long Airflow has to send the message before the observer does."""
FOLLOWED: Final = timedelta(days=7)
"""How long a night that was not green is looked at again."""
_NIGHTS_LOOKED_AT: Final = 14


def tell_morning(postgres: PostgresConnections, of: date, now: datetime | None = None) -> NightState | None:
    """Write the message of a night unless there is one; its state, or None if nothing was written.

    A platform that has never run a night has no morning.

    Raises:
        PlatformDatabaseUnavailableError: PostgreSQL is away: nothing was written.
    """
    at = now or datetime.now(UTC)
    if of in _told(postgres, of) or not recent_nights(postgres, 1):
        return None
    summary = summarize(postgres, of, at)
    _write(postgres, summary, f"morning/{of}", at)
    return summary.state


def tell_due(postgres: PostgresConnections, now: datetime | None = None) -> list[date]:
    """What the observer does: send a message that Airflow did not, and say what has become green since."""
    at = now or datetime.now(UTC)
    told = _told(postgres, (at - FOLLOWED).date())
    due = datetime.combine(at.date(), MORNING, tzinfo=UTC) + AIRFLOW_PATIENCE
    sent = []
    if told and at >= due and at.date() not in told and tell_morning(postgres, at.date(), at) is not None:
        sent.append(at.date())
    for each, state in told.items():
        if state != NightState.GREEN and state_of(night(postgres, each)) is NightState.GREEN:
            _write(postgres, summarize(postgres, each, at), f"morning/{each}/green", at)
            sent.append(each)
    return sent


def summarize(postgres: PostgresConnections, of: date, now: datetime) -> NightSummary:
    """What there is to tell of a night."""
    receipt = night(postgres, of)
    nights = recent_nights(postgres, _NIGHTS_LOOKED_AT)
    failed = [
        date.fromisoformat(each["business_date"])
        for each in nights
        if state_of(each) is NightState.FAILED and each["business_date"] != of.isoformat()
    ]
    return NightSummary(
        night=of,
        state=state_of(receipt),
        receipt=receipt,
        incidents=open_incidents(postgres),
        ages=data_age(postgres, now),
        left_failed=sorted(failed),
    )


def _told(postgres: PostgresConnections, since: date) -> dict[date, str]:
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/morning/select_morning_reports.sql"), {"since": since})
        return {row[0]: str(row[1]) for row in cursor.fetchall()}


def _write(postgres: PostgresConnections, summary: NightSummary, key: str, at: datetime) -> None:
    severity = "info" if summary.state is NightState.GREEN and not summary.incidents else "warn"
    notice = Notice(key=key, topic="morning", severity=severity, title=summary.title, body=summary.body)
    values = {"business_date": summary.night, "state": str(summary.state), "at": at}
    with transaction(postgres) as cursor:
        write(cursor, notice, at)
        cursor.execute(read_sql("postgres/observe/morning/upsert_morning_report.sql"), values)
