"""Superset's list of cache keys, by which a dataset's answers are found and dropped, without live charts.

Superset adds a row for each answer that it stores, and removes it only when the answer is dropped. A live
chart stores one every few seconds: millions of rows in time, for answers that are gone in seconds anyway.
"""

from __future__ import annotations

from typing import Any

from lakehouse_superset.event_log import is_live
from sqlalchemy import event
from sqlalchemy.orm import Session


def leave_out_live_keys(app: Any) -> None:
    """`FLASK_APP_MUTATOR` of Superset: called with the application before the first request."""
    if not event.contains(Session, "before_flush", _leave_out):
        event.listen(Session, "before_flush", _leave_out)


def _leave_out(session: Session, *_: Any) -> None:
    from superset.models.cache import CacheKey

    for each in list(session.new):
        if isinstance(each, CacheKey) and is_live(each.cache_timeout):
            session.expunge(each)
