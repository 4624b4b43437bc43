"""Superset's log of who looked at what, without the ticks of dashboards that refresh themselves.

Superset writes three rows for each answer of a chart, and the reader's browser adds two. A hundred people in
front of a live dashboard would write hundreds of rows a second forever. Of a live chart, this log keeps one
request a minute of each reader, and of each visit only the first load: enough for the rate of cache hits and
the loading time.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Any, Final

from superset.utils.log import DBEventLogger

LIVE_SECONDS: Final = 60
"""A chart or dataset whose answers are kept for less is live."""
REQUEST_SECONDS: Final = 60.0
"""One request of a live chart in that time is logged, by reader, chart and step."""
VISIT_SECONDS: Final = 24 * 3600.0
REMEMBERED: Final = 20_000
"""Requests and visits that are remembered, the oldest go first: a reader's row more does no harm."""
LOADS: Final = frozenset({"load_chart", "render_chart"})
TICKS: Final = frozenset({"periodic_render_dashboard"})
"""Names that browsers give to what they tell."""


class LiveEventLogger(DBEventLogger):
    """Superset's own logger into its database, `EVENT_LOGGER`."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._seen: OrderedDict[Hashable, float] = OrderedDict()
        self._timeouts: dict[tuple[str, int], tuple[float, int | None]] = {}

    def log(self, user_id: int | None, action: str, *args: Any, **kwargs: Any) -> None:
        """Logs what is not the repetition of something live."""
        records = kwargs.get("records") or []
        kept = [each for each in records if not self._repeats(user_id, action, each)]
        if kept or not records:
            super().log(user_id, action, *args, **{**kwargs, "records": kept})

    def _repeats(self, user_id: int | None, action: str, record: Mapping[str, Any]) -> bool:
        name, visit = record.get("event_name"), record.get("impression_id")
        if name in TICKS:
            return self._seen_within(VISIT_SECONDS, (visit, name))
        if name in LOADS:
            chart = _number(record.get("slice_id"))
            return self._is_live("chart", chart) and self._seen_within(VISIT_SECONDS, (visit, name, chart))
        dataset = _dataset_id(record.get("datasource"))
        form = record.get("form_data")
        chart = _number(form.get("slice_id")) if isinstance(form, Mapping) else None
        asked = (user_id, action, str(record.get("object_ref")), dataset, chart)
        return self._is_live("dataset", dataset) and self._seen_within(REQUEST_SECONDS, asked)

    def _seen_within(self, seconds: float, what: Hashable) -> bool:
        """Whether it was logged so short a time ago; if not, it is now."""
        now = time.monotonic()
        with self._lock:
            last = self._seen.get(what)
            if last is not None and now - last < seconds:
                return True
            self._seen[what] = now
            self._seen.move_to_end(what)
            if len(self._seen) > REMEMBERED:
                self._seen.popitem(last=False)
            return False

    def _is_live(self, kind: str, number: int | None) -> bool:
        if number is None:
            return False
        now = time.monotonic()
        found = self._timeouts.get((kind, number))
        if found is None or now - found[0] > LIVE_SECONDS:
            found = self._timeouts[kind, number] = (now, _cache_timeout(kind, number))
        return is_live(found[1])


def is_live(cache_timeout: int | None) -> bool:
    """Whether answers that are kept for so many seconds are of something live; 0 means forever."""
    return cache_timeout is not None and 0 < cache_timeout < LIVE_SECONDS


def _cache_timeout(kind: str, number: int) -> int | None:
    from superset import db
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.slice import Slice

    found = db.session.get(Slice if kind == "chart" else SqlaTable, number)
    timeout: int | None = found.cache_timeout if found else None
    return timeout


def _dataset_id(source: Any) -> int | None:
    """Of a request's body, or of the dataset itself: the step that answers names that."""
    return _number(source.get("id") if isinstance(source, Mapping) else getattr(source, "id", None))


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, int) or (isinstance(value, str) and value.isdigit()) else None
