"""Searching the logs in the lake, for when Elasticsearch is not there: slower, and by plain words only."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from lakehouse.observe.logs.document import SERVICES
from lakehouse.observe.logs.moments import moment_of
from lakehouse.observe.logs.search import Question
from lakehouse.platform.lake_layout import log_folder
from lakehouse.platform.storage import LakeStorage

LONGEST_SPAN: Final = timedelta(days=31)
"""Days further back are looked at only when they are named."""


def in_lake(storage: LakeStorage, question: Question, now: datetime) -> list[dict[str, Any]]:
    """The entries that match, oldest first; one that was stored twice comes once.

    Raises what the storage raises.
    """
    found: dict[str, dict[str, Any]] = {}
    for service in question.services or SERVICES:
        for day in _days(question, now):
            for item in storage.objects(log_folder(service, day)):
                for line in gzip.decompress(storage.get(item.key)).splitlines():
                    entry = json.loads(line)
                    if _matches(entry, question):
                        found[entry["id"]] = entry
    return sorted(
        found.values(), key=lambda entry: (entry["timestamp"], entry.get("log", ""), entry.get("offset", 0))
    )


def _days(question: Question, now: datetime) -> Iterator[date]:
    """UTC dates of the folders to look into. The lines of a business date may be of any later day."""
    first = now - LONGEST_SPAN
    if question.since:
        first = max(question.since, now - 400 * timedelta(days=1))
    day = first.astimezone(UTC).date()
    while day <= now.astimezone(UTC).date():
        yield day
        day += timedelta(days=1)


def _matches(entry: dict[str, Any], question: Question) -> bool:
    moment = moment_of(entry["timestamp"])
    if question.since and (moment is None or moment < question.since):
        return False
    if question.levels and entry["level"] not in question.levels:
        return False
    if any(entry.get(name) != value for name, value in question.fields.items()):
        return False
    if question.day and entry.get("business_date", entry["timestamp"][:10]) != question.day.isoformat():
        return False
    message = entry["message"].lower()
    return all(word in message for word in question.text.replace('"', " ").lower().split())
