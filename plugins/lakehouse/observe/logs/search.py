"""Searching the logs in Elasticsearch: full text, errors by service, all of one stage of one night."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from lakehouse.observe.logs.document import INDEX_PREFIX, level_of
from lakehouse.observe.logs.elastic import address_of, named_errors
from lakehouse.observe.logs.moments import moment_of
from lakehouse.platform.errors import PermanentError

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

INDICES: Final = f"{INDEX_PREFIX}*"
PAGE: Final = 1000
_SPAN: Final = re.compile(r"^(\d+)\s*(s|m|h|d|w)$")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_OLDEST_FIRST: Final[list[dict[str, Any]]] = [
    {"timestamp": "asc"},
    {"log": {"order": "asc", "missing": "_last"}},
    {"offset": "asc"},
]
_NEWEST_FIRST: Final[list[dict[str, Any]]] = [
    {"timestamp": "desc"},
    {"log": {"order": "desc", "missing": "_first"}},
    {"offset": "desc"},
]


class SearchError(PermanentError):
    """The question cannot be asked; the message says what to write instead."""


@dataclass(frozen=True)
class Question:
    """What is looked for; what is left out matches all."""

    text: str = ""
    since: datetime | None = None
    services: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    day: date | None = None
    """A business date; of entries without one, the UTC date on which they were written."""
    fields: dict[str, str | int] = field(default_factory=dict)
    """Exact values: stage, run_id, task, attempt, map_index, job_id."""


@dataclass(frozen=True)
class Errors:
    """The errors of one service."""

    service: str
    count: int
    newest: dict[str, Any]


def since(text: str, now: datetime) -> datetime:
    """The moment that `1h`, `30m`, `2d` or a date or moment in ISO 8601 names.

    Raises:
        SearchError: it is none of these.
    """
    if found := _SPAN.match(text.strip()):
        try:
            return now - timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
        except OverflowError:
            raise SearchError(f"{text!r} is before all logs") from None
    moment = moment_of(text.strip()) or moment_of(f"{text.strip()}T00:00:00")
    if moment is None:
        raise SearchError(f"{text!r} is not a time: write 30m, 1h, 2d, 2025-10-16 or 2025-10-16T03:00:00")
    return moment


def level(text: str) -> str:
    """A level as the documents have it. Raises SearchError for a word that is not one."""
    known = level_of(text)
    if known is None:
        raise SearchError(f"{text!r} is not a level: there are DEBUG, INFO, WARN and ERROR")
    return known


def newest(client: Elasticsearch, question: Question, most: int) -> tuple[list[dict[str, Any]], int]:
    """The newest `most` entries, oldest first, and how many there are in all.

    Raises:
        ElasticsearchAwayError, ElasticsearchRefusedError: no answer.
    """
    with named_errors(address_of(client)):
        answer = client.search(
            index=INDICES,
            query=_query(question),
            sort=_NEWEST_FIRST,
            size=most,
            track_total_hits=True,
            ignore_unavailable=True,
            allow_no_indices=True,
        )
    hits = [dict(hit["_source"]) for hit in reversed(answer["hits"]["hits"])]
    return hits, int(answer["hits"]["total"]["value"])


def everything(client: Elasticsearch, question: Question, most: int) -> Iterator[dict[str, Any]]:
    """Entries from the oldest on, page after page, at most `most`. Raises as `newest`."""
    after: list[Any] | None = None
    while most > 0:
        with named_errors(address_of(client)):
            answer = client.search(
                index=INDICES,
                query=_query(question),
                sort=_OLDEST_FIRST,
                size=min(PAGE, most),
                search_after=after,
                ignore_unavailable=True,
                allow_no_indices=True,
            )
        hits = answer["hits"]["hits"]
        yield from (dict(hit["_source"]) for hit in hits)
        if len(hits) < PAGE:
            return
        most -= len(hits)
        after = hits[-1]["sort"]


def errors_by_service(client: Elasticsearch, question: Question) -> list[Errors]:
    """The specification's query: entries of level ERROR since a moment, in buckets by service."""
    with named_errors(address_of(client)):
        answer = client.search(
            index=INDICES,
            query=_query(question),
            size=0,
            aggs={
                "by_service": {
                    "terms": {"field": "service", "size": 50},
                    "aggs": {"newest": {"top_hits": {"size": 1, "sort": [{"timestamp": "desc"}]}}},
                }
            },
            ignore_unavailable=True,
            allow_no_indices=True,
        )
    buckets = (answer.get("aggregations") or {}).get("by_service", {}).get("buckets", [])
    return [
        Errors(bucket["key"], bucket["doc_count"], bucket["newest"]["hits"]["hits"][0]["_source"])
        for bucket in buckets
    ]


def _query(question: Question) -> dict[str, Any]:
    filters: list[dict[str, Any]] = [{"term": {name: value}} for name, value in question.fields.items()]
    if question.since:
        filters.append({"range": {"timestamp": {"gte": question.since.astimezone(UTC).isoformat()}}})
    if question.services:
        filters.append({"terms": {"service": list(question.services)}})
    if question.levels:
        filters.append({"terms": {"level": list(question.levels)}})
    if question.day:
        day = question.day.isoformat()
        written_then = {"range": {"timestamp": {"gte": day, "lt": f"{day}||+1d"}}}
        undated = {"bool": {"filter": [written_then], "must_not": [{"exists": {"field": "business_date"}}]}}
        filters.append({"bool": {"should": [{"term": {"business_date": day}}, undated]}})
    if question.text.strip():
        # Quotes, - and * as people write them; whatever they write, it is a query.
        words = {"query": question.text, "fields": ["message"], "default_operator": "and"}
        return {"bool": {"must": [{"simple_query_string": words}], "filter": filters}}
    return {"bool": {"filter": filters}}
