"""Tasks on Superset: bring the dashboards as code into it, and warm a dashboard with proof."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airflow.sdk import BaseOperator, Context

from lakehouse.platform.names import DREMIO_CONNECTION, SUPERSET_CONNECTION
from lakehouse.platform.repository import INCLUDE
from lakehouse.receipts.report import ExternalJob, StageReport, empty_report
from lakehouse.superset.assets_bundle import read_bundle
from lakehouse.superset.hook import SupersetHook, lake_uri
from lakehouse.superset.import_assets import import_assets
from lakehouse.superset.warm_up import WarmDashboard, warm_dashboard

ASSETS_FOLDER = INCLUDE / "superset"


class SupersetImportAssetsOperator(BaseOperator):
    """Makes Superset hold the dashboards of `include/superset`; does nothing when it already does.

    The lake's address and password come from the Airflow connection of Dremio at run time. Returns a
    StageReport whose detail says whether anything was imported. Fails at once on a bundle that is wrong.

    Args:
        assets_folder: dashboards as code, in the layout of Superset's own export.
        force: import although nothing changed, which also undoes edits made in Superset.
    """

    template_fields: Sequence[str] = ("force",)

    def __init__(
        self,
        *,
        assets_folder: Path = ASSETS_FOLDER,
        force: bool | str = False,
        superset_conn_id: str = SUPERSET_CONNECTION,
        dremio_conn_id: str = DREMIO_CONNECTION,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.assets_folder = assets_folder
        self.force = force
        self.superset_conn_id = superset_conn_id
        self.dremio_conn_id = dremio_conn_id

    def execute(self, context: Context) -> StageReport:
        bundle = read_bundle(self.assets_folder)
        forced = str(self.force).lower() == "true"
        with SupersetHook(self.superset_conn_id).get_conn() as client:
            done = import_assets(client, bundle, lake_uri(self.dremio_conn_id), force=forced)
        self.log.info(
            "Superset holds files %s: %s", done.digest, "imported" if done.imported else "unchanged"
        )
        return empty_report(
            imported=done.imported,
            databases_readdressed=done.databases_readdressed,
            digest=done.digest,
            dashboards=list(done.dashboards),
            charts=done.charts,
            datasets=done.datasets,
        )


class SupersetWarmDashboardOperator(BaseOperator):
    """Warms one dashboard and proves that its next reader gets every chart from the cache.

    Returns a StageReport whose detail counts charts and hits and gives the milliseconds of each chart, cold
    and from the cache. Fails at once, naming chart and error, when a chart cannot be drawn.

    Args:
        dashboard: slug or uuid.
    """

    template_fields: Sequence[str] = ("dashboard",)

    def __init__(self, *, dashboard: str, superset_conn_id: str = SUPERSET_CONNECTION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dashboard = dashboard
        self.superset_conn_id = superset_conn_id

    def execute(self, context: Context) -> StageReport:
        with SupersetHook(self.superset_conn_id).get_conn() as client:
            warm = warm_dashboard(client, self.dashboard)
            url = f"{client.base_url}/superset/dashboard/{warm.slug}/"
        self.log.info("%s: %s charts warm in %s ms", warm.title, len(warm.charts), warm.milliseconds)
        return _report(warm, url)


def _report(warm: WarmDashboard, url: str) -> StageReport:
    charts = [
        {
            "chart": each.name,
            "rows": each.rows,
            "cold_ms": each.cold_ms,
            "hit_ms": each.hit_ms,
            "cached_at": each.cached_at.isoformat(),
        }
        for each in warm.charts
    ]
    report = empty_report(
        dashboard=warm.title,
        charts_warmed=len(charts),
        # Every chart is a proven hit here: one that is not has failed the task.
        hits=len(charts),
        milliseconds=warm.milliseconds,
        slowest_hit_ms=max(each.hit_ms for each in warm.charts),
        charts=charts,
    )
    report["external_jobs"] = [ExternalJob(system="superset", id=warm.slug, url=url)]
    return report
