"""Superset's own log: requests, answers from the cache, and how long readers waited for a dashboard."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from lakehouse.observe.metrics.observation import Found, Increment, Observation, Reading
from lakehouse.observe.metrics.sources.kept_client import KeptClient
from lakehouse.observe.metrics.sources.superset_readers import Readers
from lakehouse.superset.client import SupersetClient

PAGE: Final = 100
PAGES_AT_A_LOOK: Final = 20
OVERLAP: Final = timedelta(seconds=30)
"""An entry may be committed after one that is younger."""
HOURS: Final = 24
LOGGED: Final = "logged"
"""The code of a request that Superset's log tells of: it keeps none."""
NO_DASHBOARD: Final = "none"
_REQUEST: Final = re.compile(r"\w+(RestApi|Api)\.(?!json_dumps$)\w+")
"""`object_ref` of what answers a request; Superset logs its own steps too."""
_DATA: Final = "ChartDataRestApi.data"

Entry = tuple[int, datetime, Mapping[str, Any], dict[str, Any]]


class SupersetLog:
    """Everything the log has had since the position, by the log's own ids and Superset's clock."""

    name = "superset"

    def __init__(self, connect: Callable[[], SupersetClient]) -> None:
        self._client = KeptClient(connect)
        self._titles: dict[int, str] = {}
        self._by_dataset: dict[int, str] = {}

    def look(self, position: Mapping[str, Any]) -> Found:
        """New entries; raises what the client raises. The user needs `can read on Log`."""
        seen = set(position.get("seen", []))
        with self._client.open() as client:
            entries, more = _entries(client, position)
            if any(
                _needs_names(entry, self._titles) for number, _, entry, _ in entries if number not in seen
            ):
                self._titles = _titles(client)
                self._by_dataset = _dashboards_of_datasets(client, self._titles)
        found = Found(more=more)
        readers = Readers.of(position.get("readers", {}))
        hours: dict[str, dict[str, list[int]]] = {k: dict(v) for k, v in position.get("hours", {}).items()}
        for entry_id, at, entry, content in entries:
            if entry_id in seen:
                continue
            reference = str(content.get("object_ref") or "")
            if _REQUEST.fullmatch(reference):
                labels = {"service": "superset", "endpoint": reference, "code": LOGGED}
                found.increments.append(Increment("api_requests_total", labels, 1))
            dashboard = _dashboard(entry, content, self._titles, self._by_dataset)
            if entry["action"] == _DATA and reference == _DATA:
                _count_queries(found, hours, dashboard, at, content)
            readers.take(dashboard, at, content)
        newest = max((at for _, at, _, _ in entries), default=None)
        found.observations += [
            Observation(
                "superset_dashboard_load_time",
                load.impression,
                {"dashboard": load.dashboard, "seen_by": "reader"},
                load.seconds,
                load.at,
            )
            for load in readers.finished(newest)
        ]
        kept = _last_hours(hours, newest)
        found.readings = [
            Reading("superset_query_cache_hit_rate", {"dashboard": name}, hits / asked)
            for name, (hits, asked) in _rates(kept).items()
        ]
        found.position = _next(position, entries, more) | {"hours": kept, "readers": readers.kept()}
        return found


def _entries(client: SupersetClient, position: Mapping[str, Any]) -> tuple[list[Entry], bool]:
    since = position.get("since")
    after = f"filters:!((col:dttm,opr:gt,value:'{since}'))," if since else ""
    entries: list[Entry] = []
    for page in range(PAGES_AT_A_LOOK):
        query = f"({after}order_column:dttm,order_direction:asc,page:{page},page_size:{PAGE})"
        answer = client.get("log/", {"q": query})
        for entry_id, entry in zip(answer["ids"], answer["result"], strict=True):
            entries.append((int(entry_id), _moment(entry["dttm"]), entry, _content(entry.get("json"))))
        if len(answer["result"]) < PAGE:
            return entries, False
    return entries, True


def _next(position: Mapping[str, Any], entries: list[Entry], more: bool) -> dict[str, Any]:
    if not entries:
        return {name: position[name] for name in ("since", "seen") if name in position}
    newest = max(at for _, at, _, _ in entries)
    since = newest if more else newest - OVERLAP
    seen = sorted(entry_id for entry_id, at, _, _ in entries if at > since)
    return {"since": since.replace(tzinfo=None).isoformat(), "seen": seen}


def _count_queries(
    found: Found,
    hours: dict[str, dict[str, list[int]]],
    dashboard: str,
    at: datetime,
    content: Mapping[str, Any],
) -> None:
    told = content.get("is_cached")
    answers = told if isinstance(told, list) else [told]
    for answer in answers:
        if answer is None:
            continue
        cached = "yes" if answer else "no"
        labels = {"dashboard": dashboard, "cached": cached}
        found.increments.append(Increment("superset_queries_total", labels, 1))
        hour = hours.setdefault(at.strftime("%Y-%m-%dT%H"), {})
        hits, asked = hour.get(dashboard, [0, 0])
        hour[dashboard] = [hits + (cached == "yes"), asked + 1]


def _last_hours(
    hours: Mapping[str, dict[str, list[int]]], newest: datetime | None
) -> dict[str, dict[str, list[int]]]:
    if newest is None:
        return dict(hours)
    first = (newest - timedelta(hours=HOURS)).strftime("%Y-%m-%dT%H")
    return {hour: counts for hour, counts in hours.items() if hour > first}


def _rates(hours: Mapping[str, Mapping[str, list[int]]]) -> dict[str, tuple[int, int]]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for counts in hours.values():
        for dashboard, (hits, asked) in counts.items():
            sums[dashboard][0] += hits
            sums[dashboard][1] += asked
    return {dashboard: (hits, asked) for dashboard, (hits, asked) in sums.items()}


def _titles(client: SupersetClient) -> dict[int, str]:
    answer = client.get("dashboard/", {"q": "(columns:!(id,dashboard_title),page:0,page_size:100)"})
    return {int(each["id"]): str(each["dashboard_title"]) for each in answer["result"]}


def _dashboards_of_datasets(client: SupersetClient, titles: Mapping[int, str]) -> dict[int, str]:
    """The dashboard of each dataset that only one dashboard reads."""
    readers: dict[int, set[str]] = defaultdict(set)
    for dashboard_id, title in titles.items():
        for dataset in client.get(f"dashboard/{dashboard_id}/datasets")["result"]:
            readers[int(dataset["id"])].add(title)
    return {dataset: next(iter(found)) for dataset, found in readers.items() if len(found) == 1}


def _needs_names(entry: Mapping[str, Any], titles: Mapping[int, str]) -> bool:
    """Whether an entry speaks of a dashboard whose name is not known yet, or which it does not name."""
    if entry["dashboard_id"] is not None:
        return int(entry["dashboard_id"]) not in titles
    return bool(entry["action"] == _DATA)


def _dashboard(
    entry: Mapping[str, Any],
    content: Mapping[str, Any],
    titles: Mapping[int, str],
    by_dataset: Mapping[int, str],
) -> str:
    """By the entry's own id or, of a request that named none, by the dataset."""
    if entry.get("dashboard_id") is not None:
        return titles.get(int(entry["dashboard_id"]), NO_DASHBOARD)
    dataset = content.get("datasource")
    number = dataset.get("id") if isinstance(dataset, dict) else None
    return by_dataset.get(number, NO_DASHBOARD) if isinstance(number, int) else NO_DASHBOARD


def _content(text: str | None) -> dict[str, Any]:
    try:
        content = json.loads(text) if text else {}
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _moment(text: str) -> datetime:
    """Superset's log is in UTC, without saying so."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
