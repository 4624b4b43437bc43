"""Messages that wait for the notifier: written with what they tell, sent at once, kept until it takes them.

A message leaves at least once. One that was sent but not marked so, because the process died between the two,
is sent again with the same id in its text.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final, Protocol

from lakehouse.observe.facts.redaction import Redactor
from lakehouse.platform.database import Lock, PostgresConnections, transaction
from lakehouse.platform.sql_files import read_sql

log = logging.getLogger(__name__)

MESSAGES_A_MINUTE: Final = 5
"""Sent one by one. What comes on top of it leaves a minute later, as one message that says how many."""
LEASE: Final = timedelta(minutes=3)
"""How long one sender has a message to itself: longer than the notifier's slowest answer."""
FIRST_PAUSE: Final = timedelta(seconds=15)
LONGEST_PAUSE: Final = timedelta(minutes=10)
_LISTED: Final = 20
_LONGEST_TITLE: Final = 250
_LONGEST_BODY: Final = 12_000
"""Characters. Slack takes 40,000 and Teams 28 kB; a mail's preview shows the first lines."""


@dataclass(frozen=True)
class Notice:
    """A message to people."""

    key: str
    """A message of a key is written once."""
    topic: str
    severity: str
    title: str
    body: str
    incident_id: int | None = None
    fingerprint: str | None = None


@dataclass(frozen=True)
class Waiting:
    """A message of the outbox that this process has leased."""

    notice_id: int
    incident_id: int | None
    topic: str
    severity: str
    title: str
    body: str
    attempts: int
    taken_by: tuple[str, ...] = ()
    """Notifiers that have it already."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "taken_by", tuple(self.taken_by))


class Channel(Protocol):
    """Where messages go: see `lakehouse.observe.notify.channel`."""

    def send(self, title: str, body: str, severity: str, taken_by: Collection[str] = ()) -> Collection[str]:
        """Hand over one message to who has not taken it; who has it now. Raises what went wrong, with
        `taken_by` where some did take it."""


def write(cursor: Any, notice: Notice, at: datetime, not_before: datetime | None = None) -> None:
    """Put a message into the outbox, in the caller's transaction. No secret gets into it."""
    values = {
        "notice_key": notice.key,
        "topic": notice.topic,
        "incident_id": notice.incident_id,
        "fingerprint": notice.fingerprint,
        "severity": notice.severity,
        "title": redact(notice.title)[:_LONGEST_TITLE],
        "body": _cut(redact(notice.body)),
        "at": at,
        "not_before": not_before or at,
    }
    cursor.execute(read_sql("postgres/observe/notify/insert_notice.sql"), values)


def last_told(cursor: Any, fingerprint: str, since: datetime) -> datetime | None:
    """When a message of these words that opened an incident leaves or left, if after `since`."""
    cursor.execute(
        read_sql("postgres/observe/notify/select_last_notice.sql"),
        {"fingerprint": fingerprint, "since": since},
    )
    row = cursor.fetchone()
    return None if row is None else row[0]


def drop_waiting(cursor: Any, incident_id: int, topics: Sequence[str], at: datetime) -> set[str]:
    """Take back an incident's messages that are held until later; the topics of those taken back."""
    values = {"incident_id": incident_id, "topics": list(topics), "at": at}
    cursor.execute(read_sql("postgres/observe/notify/drop_notices.sql"), values)
    return {str(row[0]) for row in cursor.fetchall()}


Refresh = Callable[[Waiting], tuple[str, str] | None]
"""Title and text as they are now; None if there is nothing left to tell."""


def deliver(
    postgres: PostgresConnections,
    channel: Channel,
    refresh: Refresh | None = None,
    now: datetime | None = None,
) -> int:
    """Send what is due; how many messages of the outbox have left.

    Any number of processes may do so at the same time. A notifier that fails costs a growing pause, never a
    message; the error is in the table and in this process's log.

    Raises:
        PlatformDatabaseUnavailableError: PostgreSQL is away: nothing was marked that did not leave.
    """
    at = now or datetime.now(UTC)
    with transaction(postgres, Lock("alerts", "outbox")) as cursor:
        cursor.execute(
            read_sql("postgres/observe/notify/count_deliveries.sql"), {"since": at - timedelta(minutes=1)}
        )
        budget = MESSAGES_A_MINUTE - int(cursor.fetchone()[0])
        if budget <= 0:
            return 0
        cursor.execute(
            read_sql("postgres/observe/notify/lease_notices.sql"), {"at": at, "leased_until": at + LEASE}
        )
        leased = [Waiting(*row) for row in cursor.fetchall()]
    if refresh is not None:
        leased = _brought_up_to_date(postgres, leased, refresh, at)
    if not leased:
        return 0
    batches = [[each] for each in leased] if len(leased) <= budget else [leased]
    return sum(_send(postgres, channel, batch, now) for batch in batches)


def _brought_up_to_date(
    postgres: PostgresConnections, leased: list[Waiting], refresh: Refresh, at: datetime
) -> list[Waiting]:
    still_true = []
    for each in leased:
        words = refresh(each)
        if words is None:
            _mark(
                postgres, "postgres/observe/notify/drop_notice.sql", {"notice_id": each.notice_id, "at": at}
            )
        else:
            title, body = words
            still_true.append(replace(each, title=redact(title)[:_LONGEST_TITLE], body=_cut(redact(body))))
    return still_true


def _send(postgres: PostgresConnections, channel: Channel, batch: list[Waiting], now: datetime | None) -> int:
    ids = [each.notice_id for each in batch]
    delivery = f"{min(ids)}-{max(ids)}" if len(ids) > 1 else str(ids[0])
    title, body, severity = _message(batch, delivery)
    taken = set.intersection(*(set(each.taken_by) for each in batch))
    try:
        channel.send(title, body, severity, taken)
    except Exception as error:  # noqa: BLE001 - whatever a notifier raises must not lose the message
        at = now or datetime.now(UTC)
        words = redact(f"{type(error).__name__}: {error}")[:500]
        log.warning("message %s has not left: %s", delivery, words)
        pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(batch[0].attempts, 10))
        failed: dict[str, Any] = {"ids": ids, "error": words, "not_before": at + pause}
        failed["taken_by"] = sorted(taken.union(getattr(error, "taken_by", ())))
        _mark(postgres, "postgres/observe/notify/fail_notices.sql", failed)
        return 0
    values = {"ids": ids, "at": now or datetime.now(UTC), "delivery": delivery}
    _mark(postgres, "postgres/observe/notify/mark_notices_delivered.sql", values)
    return len(ids)


def _mark(postgres: PostgresConnections, statement: str, values: dict[str, Any]) -> None:
    with transaction(postgres) as cursor:
        cursor.execute(read_sql(statement), values)


def _message(batch: list[Waiting], delivery: str) -> tuple[str, str, str]:
    """Title, text and severity; several are one message with their count."""
    severity = "page" if any(each.severity == "page" for each in batch) else batch[0].severity
    if len(batch) == 1:
        return batch[0].title, f"{batch[0].body}\nMessage id: {delivery}", severity
    title = f"{severity.upper()}: {len(batch)} messages at once"
    lines = [f"- {each.title}" for each in batch[:_LISTED]]
    if len(batch) > _LISTED:
        lines.append(f"- and {len(batch) - _LISTED} more")
    lines += ["", "The first of them:", batch[0].body, "", "All that is open: bin/incidents list"]
    return title, _cut("\n".join(lines)) + f"\nMessage id: {delivery}", severity


@cache
def _redactor() -> Redactor:
    return Redactor.of_environment()


def redact(text: str) -> str:
    """The text without the secrets that this process knows or that look like one."""
    return _redactor()(text)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_BODY else text[:_LONGEST_BODY] + "\n(cut)"
