"""The task that makes reflections accelerate tonight's data."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import BaseOperator

from lakehouse.dremio.errors import ReflectionError
from lakehouse.dremio.hook import DremioHook
from lakehouse.dremio.operators import SHORT_WAIT
from lakehouse.dremio.reflection_progress import Awaited, Ready, awaited, give_up, look
from lakehouse.dremio.reflections import ensure_reflection, load_reflections
from lakehouse.dremio.triggers import DremioReflectionsTrigger
from lakehouse.platform.names import DREMIO_CONNECTION, DREMIO_POOL
from lakehouse.receipts import ExternalJob, StageReport, empty_report

if TYPE_CHECKING:
    from airflow.sdk import Context

    from lakehouse.dremio.client import DremioClient

_REQUEST_KEY: Final = "reflection_refresh"
_PAUSE_SECONDS: Final = 0.5


class DremioRefreshReflectionsOperator(BaseOperator):
    """Bring the reflections in line with `include/dremio/reflections.yaml`, refresh them, wait until usable.

    The request is stored before the first look: a retry goes on waiting for it instead of asking Dremio to
    build everything again. Only a reflection whose data was fetched after the request counts as refreshed.

    Args:
        timeout: from the request until all are usable.
        conn_id: Dremio's Airflow connection.

    Raises (from execute):
        ReflectionInvalidError: a definition does not fit its dataset, or the dataset is missing.
        ReflectionFailedError: Dremio could not build one; the message holds its lastFailureMessage.
        ReflectionTimeoutError: not ready in time.
    """

    ui_color = "#a8dadc"

    def __init__(
        self,
        *,
        timeout: timedelta = timedelta(minutes=20),
        conn_id: str = DREMIO_CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"pool": DREMIO_POOL, **kwargs})
        self.timeout = timeout
        self.conn_id = conn_id

    def execute(self, context: Context) -> StageReport:
        """Request the refresh, or take up the request of an earlier attempt."""
        client = self._client()
        store = context["task_state_store"]
        request = _standing(store.get(_REQUEST_KEY), context)
        if request is None:
            request = self._request(client, context)
            store.set(_REQUEST_KEY, request)
        waiting = [Awaited.from_json(each) for each in request["waiting"]]
        with _closing_request(store, request):
            if not self._wait(client, waiting, min(self.timeout, SHORT_WAIT)) and self.timeout > SHORT_WAIT:
                deadline = datetime.now(UTC) + self.timeout - SHORT_WAIT
                self.defer(
                    trigger=DremioReflectionsTrigger(self.conn_id, deadline.isoformat(), request["waiting"]),
                    method_name="finish",
                    kwargs={"request": request},
                )
            return self._report(client, request)

    def finish(self, context: Context, event: Mapping[str, Any], request: dict[str, Any]) -> StageReport:
        """Judge the reflections after a deferral."""
        with _closing_request(context["task_state_store"], request):
            return self._report(self._client(), request)

    def _request(self, client: DremioClient, context: Context) -> dict[str, Any]:
        ensured = [ensure_reflection(client, spec) for spec in load_reflections()]
        for each in ensured:
            self.log.info("reflection %s (%s): %s", each.spec.title, each.id, each.change or "as defined")
        datasets = dict.fromkeys(each.dataset_id for each in ensured if each.spec.enabled)
        requested = [client.refresh_reflections(dataset_id) for dataset_id in datasets]
        requested_at = min(requested, default=datetime.now(UTC))
        return {
            "clear_number": context["dag_run"].clear_number,
            "over": False,
            "waiting": [each.to_json() for each in awaited(ensured, requested_at)],
            "changes": {each.spec.title: each.change for each in ensured if each.change},
        }

    def _wait(self, client: DremioClient, waiting: list[Awaited], longest: timedelta) -> bool:
        deadline = time.monotonic() + longest.total_seconds()
        while not all(look(client, each) for each in waiting):
            if time.monotonic() >= deadline:
                return False
            time.sleep(_PAUSE_SECONDS)
        return True

    def _report(self, client: DremioClient, request: Mapping[str, Any]) -> StageReport:
        waiting = [Awaited.from_json(each) for each in request["waiting"]]
        found = [(each, look(client, each)) for each in waiting]
        late = [each for each, ready in found if ready is None]
        if late:
            raise give_up(client, late, self.timeout.total_seconds())
        ready = [each for _, each in found if each is not None]
        for each in ready:
            self.log.info("reflection %s is ready: data of %s", each.title, each.last_data_fetch)
        return _report_of(client, ready, request["changes"])

    def _client(self) -> DremioClient:
        return DremioHook(self.conn_id).get_conn()


def _standing(stored: Any, context: Context) -> dict[str, Any] | None:
    """The request of an earlier attempt, if a retry may go on waiting for it.

    After the run was cleared, gold may have been published again: an older request says nothing about it.
    """
    if not stored or stored["over"] or stored["clear_number"] != context["dag_run"].clear_number:
        return None
    request: dict[str, Any] = stored
    return request


@contextmanager
def _closing_request(store: Any, request: dict[str, Any]) -> Iterator[None]:
    """Mark the request as over once its outcome is known; Dremio being away is no outcome."""
    try:
        yield
    except ReflectionError:
        store.set(_REQUEST_KEY, request | {"over": True})
        raise
    store.set(_REQUEST_KEY, request | {"over": True})


def _report_of(client: DremioClient, ready: list[Ready], changes: Mapping[str, str]) -> StageReport:
    report = empty_report(
        reflections_refreshed=len(ready),
        reflections=[each.to_json() for each in ready],
        reflections_changed=dict(changes),
    )
    report["bytes"] = sum(each.bytes for each in ready)
    report["external_jobs"] += [
        ExternalJob(system="dremio", id=each.id, url=f"{client.base_url}/api/v3/reflection/{each.id}")
        for each in ready
    ]
    return report
