"""Sending what incidents have written, with the counts as they are when it leaves."""

from __future__ import annotations

from datetime import datetime

from lakehouse.observe.incidents.notices import REPEATED
from lakehouse.observe.incidents.reading import UnknownIncidentError, incident
from lakehouse.observe.incidents.words import body, title
from lakehouse.observe.notify.channel import alerts_channel
from lakehouse.observe.notify.outbox import Channel, Waiting, deliver
from lakehouse.platform.database import PostgresConnections


def deliver_alerts(
    postgres: PostgresConnections, channel: Channel | None = None, now: datetime | None = None
) -> int:
    """Send every message that is due; how many have left. Cheap when there is none.

    Args:
        postgres: the platform's database.
        channel: where to; by default what the connection `alerts_default` names.
        now: when.

    Raises:
        NoNotifierError, ConnectionUnknownError: nobody can be told.
        PlatformDatabaseUnavailableError: PostgreSQL is away.
    """

    def as_it_is_now(waiting: Waiting) -> tuple[str, str] | None:
        if waiting.topic != REPEATED or waiting.incident_id is None:
            return waiting.title, waiting.body
        try:
            found = incident(postgres, waiting.incident_id)
        except UnknownIncidentError:
            return None
        if not found.is_open or found.acknowledged_at is not None:
            return None
        return title(found, waiting.topic), body(found)

    return deliver(postgres, channel or alerts_channel(), as_it_is_now, now)
