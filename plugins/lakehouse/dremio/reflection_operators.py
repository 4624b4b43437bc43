"""The task that makes reflections accelerate tonight's data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from lakehouse.dremio.errors import ReflectionInvalidError, ReflectionTimeoutError
from lakehouse.dremio.hook import DremioHook
from lakehouse.dremio.reflection_progress import Awaited, Ready, awaited, give_up
from lakehouse.dremio.reflection_refresh import ReflectionRefreshes, Refresh
from lakehouse.dremio.reflections import ensure_reflection, load_reflections
from lakehouse.dremio.triggers import DremioReflectionsTrigger
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.external_job.kept import KeptJobs
from lakehouse.platform.external_job.operators import ExternalJobOperator
from lakehouse.platform.names import DREMIO_CONNECTION, DREMIO_POOL
from lakehouse.receipts import ExternalJob, StageReport, empty_report


def reflections_listed() -> list[str]:
    """The declared reflections in words, for a DAG's page. A faulty file fails the task, not the page."""
    try:
        specs = load_reflections()
    except ReflectionInvalidError as error:
        return [f"not readable: {error}"]
    return [f"`{spec.name}` on `{'.'.join(spec.dataset)}`" for spec in specs]


class DremioRefreshReflectionsOperator(ExternalJobOperator[Refresh]):
    """Bring the reflections in line with `include/dremio/reflections/`, refresh them, wait until usable.

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

    trigger_class = DremioReflectionsTrigger
    # Gold may have been published again since: an older request says nothing about that.
    outlives_clearing = False
    ui_color = "#a8dadc"

    def __init__(
        self,
        *,
        timeout: timedelta = timedelta(minutes=20),
        conn_id: str = DREMIO_CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **{"pool": DREMIO_POOL, **kwargs})
        self.timeout = timeout

    @cached_property
    def client(self) -> ReflectionRefreshes:
        """The refreshes of the connection's coordinator."""
        return ReflectionRefreshes(DremioHook(self.conn_id).get_conn())

    @property
    def job_timeout(self) -> timedelta:
        """As given."""
        return self.timeout

    def submit(self, context: Mapping[str, Any], kept: KeptJobs) -> tuple[Refresh, bool]:
        """Bring the definitions in line, and ask for a refresh of every dataset that has one."""
        dremio = self.client.dremio
        ensured = [ensure_reflection(dremio, spec) for spec in load_reflections()]
        for each in ensured:
            self.log.info("reflection %s (%s): %s", each.spec.title, each.id, each.change or "as defined")
        datasets = dict.fromkeys(each.dataset_id for each in ensured if each.spec.enabled)
        requested = [dremio.refresh_reflections(dataset_id) for dataset_id in datasets]
        requested_at = min(requested, default=datetime.now(UTC))
        waiting = awaited(ensured, requested_at)
        request = {
            "waiting": [each.to_json() for each in waiting],
            "changes": {each.spec.title: each.change for each in ensured if each.change},
        }
        return Refresh(request, (), tuple(waiting), None), True

    def report(self, context: Mapping[str, Any], job: Refresh, owned: bool) -> StageReport:
        """What each reflection holds now."""
        for each in job.ready:
            self.log.info("reflection %s is ready: data of %s", each.title, each.last_data_fetch)
        return _report_of(self.client.dremio.base_url, job.ready, job.handle["changes"])

    def failure(self, job: Refresh) -> LakehouseError:
        """Dremio's own word for the reflection that cannot be had."""
        return job.error or self.late(job.handle, job.progress, False)

    def late(self, handle: dict[str, Any], progress: str, cancelled: bool) -> ReflectionTimeoutError:
        """Dremio's own word for each reflection that is not ready."""
        waiting = self.client.job(handle).late or tuple(map(Awaited.from_json, handle["waiting"]))
        return give_up(self.client.dremio, waiting, self.timeout.total_seconds())


def _report_of(base_url: str, ready: tuple[Ready, ...], changes: Mapping[str, str]) -> StageReport:
    report = empty_report(
        reflections_refreshed=len(ready),
        reflections=[each.to_json() for each in ready],
        reflections_changed=dict(changes),
    )
    report["bytes"] = sum(each.bytes for each in ready)
    report["external_jobs"] += [
        ExternalJob(system="dremio", id=each.id, url=f"{base_url}/api/v3/reflection/{each.id}")
        for each in ready
    ]
    return report
