"""What only Dremio, Superset and Airflow know, asked for when a hop needs it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import httpx
import requests

from lakehouse.dremio.client import DremioClient
from lakehouse.dremio.reflection_progress import parse_time
from lakehouse.dremio.reflections import load_reflections
from lakehouse.dremio.states import ReflectionAvailability
from lakehouse.platform.airflow_api import AirflowApi, AirflowApiError
from lakehouse.platform.errors import LakehouseError
from lakehouse.superset.chart_requests import Chart, browser_request, filter_defaults, read_chart
from lakehouse.superset.client import SupersetClient

_SHOWN_CHARACTERS: Final = 200


class UnseenError(Exception):
    """A service does not answer, or not as it should; the message has its words."""


@dataclass(frozen=True)
class ReflectionSeen:
    """A reflection as Dremio has it now."""

    title: str
    table: str
    is_available: bool
    fetched_at: datetime | None
    """When it last read its table, by Dremio's clock."""
    word: str
    """Dremio's own word for its state."""


@dataclass(frozen=True)
class ChartSeen:
    """A chart's answer as a reader would get it now."""

    chart: str
    cached_at: datetime | None
    """When the cached answer was computed, by Superset's clock; None if nothing was in the cache."""
    error: str | None = None


class Serving(Protocol):
    """What readers are served from."""

    def reflections(self, tables: Collection[str]) -> list[ReflectionSeen]:
        """The enabled reflections of those tables. Raises UnseenError."""

    def charts(self, slug: str) -> list[ChartSeen]:
        """The charts of a dashboard. Raises UnseenError."""


class LiveServing:
    """Asks Dremio and Superset themselves.

    Superset tells what its cache holds only in answer to a reader's request, so a chart that is not in the
    cache is computed by it, and is in the cache afterwards.
    """

    def __init__(self, dremio: DremioClient, superset: SupersetClient) -> None:
        self._dremio = dremio
        self._superset = superset

    def reflections(self, tables: Collection[str]) -> list[ReflectionSeen]:
        """The enabled reflections of those tables.

        Raises:
            UnseenError: Dremio does not answer.
        """
        try:
            return [
                self._reflection(spec.title, ".".join(spec.dataset), spec.dataset, spec.name)
                for spec in load_reflections()
                if spec.enabled and ".".join(spec.dataset) in tables
            ]
        except (LakehouseError, requests.RequestException, KeyError, ValueError) as error:
            raise UnseenError(f"Dremio cannot be asked: {_words(error)}") from error

    def charts(self, slug: str) -> list[ChartSeen]:
        """The charts of a dashboard.

        Raises:
            UnseenError: Superset does not answer, or does not have the dashboard.
        """
        try:
            dashboard = self._superset.get(f"dashboard/{slug}")["result"]
            metadata = json.loads(dashboard["json_metadata"] or "{}")
            listed = self._superset.get(f"dashboard/{slug}/charts")["result"]
            charts = [read_chart(self._superset.get(f"chart/{each['id']}")["result"]) for each in listed]
            return [self._chart(chart, metadata) for chart in charts]
        except (LakehouseError, requests.RequestException, KeyError, ValueError) as error:
            raise UnseenError(f"Superset cannot be asked: {_words(error)}") from error

    def _reflection(self, title: str, table: str, dataset: tuple[str, ...], name: str) -> ReflectionSeen:
        entity = self._dremio.find(dataset)
        found = self._dremio.reflections_of(str(entity["id"])) if entity else []
        status: Mapping[str, Any] = next((each["status"] for each in found if each["name"] == name), {})
        if not status:
            return ReflectionSeen(title, table, False, None, "missing")
        fetched = status.get("lastDataFetch")
        return ReflectionSeen(
            title=title,
            table=table,
            is_available=ReflectionAvailability.of(status.get("availability"))
            is ReflectionAvailability.AVAILABLE,
            fetched_at=parse_time(str(fetched)) if fetched else None,
            word=str(status.get("combinedStatus") or status.get("availability")),
        )

    def _chart(self, chart: Chart, metadata: Mapping[str, Any]) -> ChartSeen:
        request = browser_request(chart, filter_defaults(metadata, chart.id))
        answers = self._superset.post("chart/data", request)["result"]
        errors = [str(each["error"]) for each in answers if each.get("error")]
        if errors:
            return ChartSeen(chart.name, None, errors[0][:_SHOWN_CHARACTERS])
        if not all(each.get("is_cached") for each in answers):
            return ChartSeen(chart.name, None)
        # Superset writes UTC, to the second, without saying so.
        cached = [datetime.fromisoformat(each["cached_dttm"]).replace(tzinfo=UTC) for each in answers]
        return ChartSeen(chart.name, min(cached))


class LiveScheduling:
    """Asks Airflow's REST API; one that does not answer is asked once."""

    def __init__(self, api: AirflowApi) -> None:
        self._api = api
        self._paused: Mapping[str, bool] | None = None
        self._asked = False

    def is_paused(self, stage_name: str) -> bool | None:
        """None if Airflow does not answer, or does not know the DAG."""
        if not self._asked:
            self._asked = True
            try:
                self._paused = self._api.paused_by_dag()
            except (AirflowApiError, httpx.HTTPError, OSError):
                self._paused = None
        return None if self._paused is None else self._paused.get(stage_name)

    def is_queued(self, stage_name: str, partition_key: str) -> bool:
        """Is there a run for the date that has not started yet?"""
        try:
            runs = self._api.runs_of_key(stage_name, partition_key)
        except (AirflowApiError, httpx.HTTPError, OSError):
            return False
        return any(run.state == "queued" for run in runs)


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:_SHOWN_CHARACTERS]
