"""Which messages an incident sends, and when: once, again when it is worse, and when it is over.

What says the same as a message of the last half hour waits until that is over: it is sent with its count, or
not at all if there is nothing left to tell.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from lakehouse.observe.incidents.finding import Incident
from lakehouse.observe.incidents.home import WINDOW
from lakehouse.observe.incidents.words import body, title
from lakehouse.observe.notify.outbox import Notice, drop_waiting, last_told, write

OPENED: Final = "opened"
REPEATED: Final = "repeated"


def tell_opened(cursor: Any, incident: Incident, at: datetime) -> None:
    """A new incident; held back if the same was told within the last half hour."""
    before = last_told(cursor, incident.fingerprint, at - WINDOW)
    _write(cursor, incident, OPENED, "", at, at if before is None else before + WINDOW)


def tell_worse(cursor: Any, incident: Incident, at: datetime) -> None:
    """It only warned, and now somebody has to get up."""
    _write(cursor, incident, "worse", "", at, at)


def tell_root(cursor: Any, incident: Incident, member_key: str, at: datetime) -> None:
    """The cause of what was told before is known now, and with it another command."""
    _write(cursor, incident, "cause found", member_key, at, at)


def tell_repeats(cursor: Any, incident: Incident, at: datetime) -> None:
    """It goes on: one message when the half hour is over, with the count that it then has."""
    number = max(0, (at - incident.opened_at) // WINDOW)
    due = incident.opened_at + (number + 1) * WINDOW
    _write(cursor, incident, REPEATED, str(number), at, due)


def tell_resolved(cursor: Any, incident: Incident, at: datetime) -> None:
    """It is over. Nobody hears of the end who has not heard of the beginning."""
    if OPENED not in drop_waiting(cursor, incident.incident_id, (OPENED, REPEATED), at):
        _write(cursor, incident, "resolved", "", at, at)


def drop_repeats(cursor: Any, incident_id: int, at: datetime) -> None:
    """Somebody has taken it on."""
    drop_waiting(cursor, incident_id, (REPEATED,), at)


def _write(
    cursor: Any, incident: Incident, topic: str, which: str, at: datetime, not_before: datetime
) -> None:
    key = f"incident/{incident.incident_id}/{topic}" + (f"/{which}" if which else "")
    notice = Notice(
        key=key,
        topic=topic,
        severity=incident.severity,
        title=title(incident, topic),
        body=body(incident),
        incident_id=incident.incident_id,
        fingerprint=incident.fingerprint,
    )
    write(cursor, notice, at, not_before)
