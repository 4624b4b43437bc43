"""A night of which everything went well, and what may be different about it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from lakehouse.bronze.unloaded_claims import UnloadedClaim
from lakehouse.night.plan import NIGHT
from lakehouse.observe.facts.freshness import ModelBuild
from lakehouse.observe.facts.lineage import Lineage, Model, StreamOrigin
from lakehouse.observe.facts.nights import RunState, StageRun
from lakehouse.observe.why_stale.data_hops import DataHops
from lakehouse.observe.why_stale.evidence import Evidence, StreamOfDate
from lakehouse.observe.why_stale.hops import Verdict
from lakehouse.observe.why_stale.services import ChartSeen, ReflectionSeen, UnseenError
from lakehouse.observe.why_stale.serving_hops import ServingHops
from lakehouse.superset.dashboards import Dashboard

DAY = date(2026, 3, 2)
T0 = datetime(2026, 3, 2, 1, tzinfo=UTC)
STEP = timedelta(minutes=10)
ORDER = {stage.name: number for number, stage in enumerate(NIGHT)}

PARENTS: dict[str, tuple[str, ...]] = {
    "sales": ("fct_sales",),
    "stock": ("fct_stock",),
    "fct_sales": ("int_sales",),
    "fct_stock": ("stg_stock",),
    "int_sales": ("stg_sales",),
    "stg_sales": ("raw_sales",),
    "stg_stock": ("raw_stock",),
}

LINEAGE = Lineage(
    [Dashboard("money", "Money", ("gold.sales", "gold.stock"))],
    {
        "sales": Model("sales", "gold", "test_data_quality"),
        "stock": Model("stock", "gold", "test_data_quality"),
        "fct_sales": Model("fct_sales", "marts", "transform_marts"),
        "fct_stock": Model("fct_stock", "marts", "transform_marts"),
        "int_sales": Model("int_sales", "intermediate", "transform_intermediate"),
        "stg_sales": Model("stg_sales", "staging", "transform_staging"),
        "stg_stock": Model("stg_stock", "staging", "transform_staging"),
    },
    PARENTS,
    [
        StreamOrigin("sales", "postgres", "shop_to_lake", "extract_postgres"),
        StreamOrigin("stock", "api", "api_to_lake", "extract_apis"),
    ],
)


def started(stage: str) -> datetime:
    return T0 + ORDER[stage] * STEP


def ended(stage: str) -> datetime:
    return started(stage) + STEP / 2


@dataclass
class World:
    """The fresh night; a test changes what it is about and asks for the verdict."""

    runs: dict[str, StageRun] = field(default_factory=dict)
    streams: dict[str, StreamOfDate] = field(default_factory=dict)
    builds: dict[str, ModelBuild] = field(default_factory=dict)
    other_builds: list[ModelBuild] = field(default_factory=list)
    claims: list[UnloadedClaim] = field(default_factory=list)
    other_runs: dict[date, dict[str, StageRun]] = field(default_factory=dict)
    tasks: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    paused: dict[str, bool] | None = field(default_factory=dict)
    queued: set[str] = field(default_factory=set)
    seen_reflections: list[ReflectionSeen] | None = None
    seen_charts: list[ChartSeen] | None = None
    now: datetime = T0 + timedelta(hours=5)

    def stop(self, stage: str, state: RunState | None, **task: Any) -> None:
        """As if the stage were in that state, or had not started, and nothing behind it had run."""
        for later in NIGHT[ORDER[stage] :]:
            if later.name == "extract_apis" and stage == "extract_postgres":
                continue
            run = self.runs.pop(later.name)
            for name in [n for n, m in LINEAGE_MODELS.items() if m.stage == later.name]:
                self.builds.pop(name, None)
            if later.name == stage and state is not None:
                self.runs[stage] = replace(run, state=state, ended_at=None)
                self.tasks[stage] = [_task(state=str(state), **task)]
        if ORDER[stage] <= ORDER["load_bronze"]:
            for name, each in self.streams.items():
                self.streams[name] = replace(
                    each, load_state=None, loaded_at=None, rows_read=0, rows_loaded=0
                )

    def evidence(self) -> Evidence:
        stages = {stage.name: {"tasks": self.tasks.get(stage.name, [])} for stage in NIGHT}
        return Evidence(
            DAY,
            {"stages": stages},
            self.runs,
            self.streams,
            tuple(self.claims),
            (*self.builds.values(), *self.other_builds),
            self.other_runs,
        )

    def verdict(
        self,
        tables: tuple[str, ...] = ("gold.sales", "gold.stock"),
        slug: str | None = "money",
        lineage: Lineage = LINEAGE,
    ) -> Verdict:
        evidence = self.evidence()
        upstreams = [lineage.upstream(table) for table in tables]
        data = DataHops(evidence, upstreams, lineage, self, self.now)
        served = ServingHops(evidence, tables, self, self, self.now)
        hops = [*data.judge(), served.reflections()]
        if slug:
            hops.append(served.cache(slug))
        return Verdict("dashboard Money (money)", DAY, tuple(hops))

    # What Airflow, Dremio and Superset say

    def is_paused(self, stage_name: str) -> bool | None:
        return None if self.paused is None else self.paused.get(stage_name, False)

    def is_queued(self, stage_name: str, partition_key: str) -> bool:
        assert partition_key == DAY.isoformat()
        return stage_name in self.queued

    def reflections(self, tables: Collection[str]) -> list[ReflectionSeen]:
        if self.seen_reflections is None:
            raise UnseenError("Dremio cannot be asked: connection refused")
        return [each for each in self.seen_reflections if each.table in tables]

    def charts(self, slug: str) -> list[ChartSeen]:
        assert slug == "money"
        if self.seen_charts is None:
            raise UnseenError("Superset cannot be asked: connection refused")
        return self.seen_charts


LINEAGE_MODELS = {model.name: model for model in LINEAGE.models()}


def _task(state: str, task: str = "work", error: str | None = None, **detail: Any) -> dict[str, Any]:
    return {"task": task, "state": state, "attempts": 1, "error": error, "report": {"detail": detail}}


def stream(source: str, name: str) -> StreamOfDate:
    return StreamOfDate(
        source, name, ended("extract_apis"), 100, ended("extract_apis"), "loaded", 100, 100, 0,
        ended("load_bronze"), None, True,
    )  # fmt: skip


def fresh_night() -> World:
    """Everything went well."""
    fresh = World()
    for planned in NIGHT:
        fresh.runs[planned.name] = StageRun(
            DAY, planned.name, "scheduled__1", RunState.SUCCESS, started(planned.name), ended(planned.name),
            1, False, 0, 0, 0,
        )  # fmt: skip
    fresh.streams = {"sales": stream("postgres", "sales"), "stock": stream("api", "stock")}
    for name, model in LINEAGE_MODELS.items():
        at = ended(model.stage)
        fresh.builds[name] = ModelBuild(name, DAY, at, at, 10)
    fresh.tasks["test_data_quality"] = [
        _task("success", task="audit_marts", tests={"run": 8, "passed": 8, "warned": 0})
    ]
    fetched = ended("refresh_reflections") - timedelta(seconds=1)
    fresh.seen_reflections = [
        ReflectionSeen("agg on gold.sales", "gold.sales", True, fetched, "CAN_ACCELERATE")
    ]
    fresh.seen_charts = [
        ChartSeen("Revenue", ended("warm_dashboards")),
        ChartSeen("Stock", ended("warm_dashboards")),
    ]
    return fresh
