"""Old logs: which daily indices are past the days that a policy gives them, and their end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from lakehouse.observe.logs.document import INDEX_PREFIX
from lakehouse.observe.logs.elastic import address_of, day_of, named_errors, service_of
from lakehouse.platform.errors import PermanentError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch


class RetentionError(PermanentError):
    """The number of days is not one that logs can be kept for."""


@dataclass(frozen=True)
class ExpiredIndex:
    """A daily index that is to go."""

    name: str
    service: str
    day: date
    documents: int
    bytes: int


def expired_indices(
    client: Elasticsearch, days: int, today: date, days_of_service: Mapping[str, int] | None = None
) -> list[ExpiredIndex]:
    """The indices of days that are more than `days` before `today`, oldest first.

    Args:
        client: Elasticsearch.
        days: how many days are kept, beside today.
        today: the UTC date.
        days_of_service: other numbers of days for some services, such as `{"audit": 90}`.

    Raises:
        RetentionError: a number of days is below one.
        ElasticsearchAwayError, ElasticsearchRefusedError: nothing could be listed.
    """
    kept = dict(days_of_service or {})
    for number in (days, *kept.values()):
        if number < 1:
            raise RetentionError(f"logs cannot be kept for {number} days: give at least 1")
    with named_errors(address_of(client)):
        answer = client.cat.indices(
            index=f"{INDEX_PREFIX}*", format="json", bytes="b", h="index,docs.count,store.size"
        )
    rows: list[dict[str, Any]] = list(answer)  # type: ignore[arg-type]
    found = [
        ExpiredIndex(name, service, day, int(row.get("docs.count") or 0), int(row.get("store.size") or 0))
        for row in rows
        if (day := day_of(name := str(row["index"])))
        and (service := service_of(name))
        and day < today - timedelta(days=kept.get(service, days))
    ]
    return sorted(found, key=lambda index: (index.day, index.name))


def delete_indices(client: Elasticsearch, indices: list[ExpiredIndex]) -> Iterator[ExpiredIndex]:
    """Delete them one by one, and yield each that is gone, also one that was gone before."""
    for index in indices:
        if day_of(index.name) is None:  # never anything but a day of logs
            continue
        with named_errors(address_of(client)):
            client.indices.delete(index=index.name, ignore_unavailable=True)
        yield index
