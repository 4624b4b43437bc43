"""The chart that shows the newest tracers, asked as a viewer's browser asks it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from lakehouse.platform.errors import PermanentError
from lakehouse.superset.chart_requests import browser_request, filter_defaults, read_chart
from lakehouse.superset.client import SupersetClient
from lakehouse.superset.errors import SupersetNotFoundError

DASHBOARD: Final = "live-orders"
CHART: Final = "Newest tracers"
COLUMN: Final = "tracer_id"


class TracerChartMissingError(PermanentError):
    """The dashboard has no chart that shows tracers; the message names both."""


class TracerChartBrokenError(PermanentError):
    """Superset answers, but without the tracers; the message says what it answered."""


@dataclass(frozen=True)
class Listing:
    """The tracers that the chart shows."""

    tracer_ids: frozenset[int]
    full: bool
    """It shows as many as it can: older ones are not on it for lack of room."""

    def shows(self, tracer_id: int, *, is_hot: bool) -> bool:
        """Would a viewer see this tracer, or has it made room for newer ones?

        Args:
            is_hot: it was found in the hot table, which is what the chart reads.
        """
        if tracer_id in self.tracer_ids:
            return True
        return is_hot and self.full and bool(self.tracer_ids) and tracer_id < min(self.tracer_ids)

    def shown(self, unseen: Iterable[tuple[int, bool]]) -> list[int]:
        """Of those tracers, each with whether it is in the hot table, the ones that are shown."""
        return [tracer_id for tracer_id, is_hot in unseen if self.shows(tracer_id, is_hot=is_hot)]


class NewestTracersChart:
    """Keeps the chart's request, and finds the chart again when it has been replaced."""

    def __init__(self, connect: Callable[[], SupersetClient]) -> None:
        self._connect = connect
        self._client: SupersetClient | None = None
        self._request: dict[str, Any] | None = None

    def close(self) -> None:
        """Give back the connections; a later call opens new ones."""
        if self._client is not None:
            self._client.close()
        self._client = self._request = None

    def read(self) -> Listing:
        """What a viewer's browser gets now, from the cache or not.

        Raises:
            TracerChartMissingError, TracerChartBrokenError: the dashboard is not what it has to be.
            SupersetUnavailableError, SupersetLoginError, SupersetRequestError: as the client says.
        """
        try:
            return self._read()
        except BaseException:
            self.close()
            raise

    def _read(self) -> Listing:
        client = self._client = self._client or self._connect()
        if self._request is None:
            self._request = _find(client)
        answer = client.post("chart/data", self._request)["result"][0]
        if answer.get("error"):
            raise TracerChartBrokenError(f"chart {CHART!r} cannot be drawn: {answer['error']}")
        rows = answer["data"]
        if rows and COLUMN not in rows[0]:
            raise TracerChartBrokenError(
                f"chart {CHART!r} shows {', '.join(rows[0])}, not {COLUMN}: import the dashboards again"
            )
        room = self._request["queries"][0].get("row_limit") or 0
        return Listing(frozenset(int(row[COLUMN]) for row in rows), 0 < room <= len(rows))


def _find(client: SupersetClient) -> dict[str, Any]:
    try:
        dashboard = client.get(f"dashboard/{DASHBOARD}")["result"]
        charts = client.get(f"dashboard/{DASHBOARD}/charts")["result"]
    except SupersetNotFoundError as error:
        raise TracerChartMissingError(
            f"there is no dashboard {DASHBOARD!r}: run provision_platform, which imports it"
        ) from error
    for each in charts:
        chart = read_chart(client.get(f"chart/{each['id']}")["result"])
        if chart.name == CHART and chart.query_context is not None:
            metadata = json.loads(dashboard["json_metadata"] or "{}")
            return browser_request(chart, filter_defaults(metadata, chart.id))
    raise TracerChartMissingError(
        f"dashboard {DASHBOARD!r} has no chart {CHART!r}: run provision_platform, which imports it"
    )
