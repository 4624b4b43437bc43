"""Which datasets, charts and dashboards show only a business's tables."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lakehouse.onboarding.removing.dbt_ownership import Shared

_TABLE: Final = re.compile(r"\b(?:staging|intermediate|marts|gold|serving|hot)\.[a-z_]\w*", re.IGNORECASE)


@dataclass(frozen=True)
class SupersetParts:
    """Files under include/superset/ that go with a business."""

    datasets: tuple[str, ...]
    charts: tuple[str, ...]
    dashboards: tuple[str, ...]
    slugs: tuple[str, ...]
    """Of the dashboards: their addresses in Superset."""
    shared: tuple[Shared, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """All of them, by path in the folder."""
        return (*self.datasets, *self.charts, *self.dashboards)


def superset_parts(
    files: Mapping[str, Mapping[str, Any]], is_gone: Callable[[str], bool], also: Collection[str] = ()
) -> SupersetParts:
    """The parts of the folder that read only tables that go.

    Args:
        files: parsed, by path in include/superset/.
        is_gone: does a table go, by its lower-case name such as `gold.orders`?
        also: slugs of dashboards, and names of charts and datasets, that go although they show others too.
    """
    shared: list[Shared] = []

    def goes(kind: str, name: str, reads: Mapping[str, bool]) -> bool:
        """Of what it reads, True is what goes."""
        if not any(reads.values()):
            return False
        others = sorted(each for each, gone in reads.items() if not gone)
        if others and name not in also:
            shared.append(Shared(kind, name, f"also shows {', '.join(others)}"))
        return not others or name in also

    datasets: dict[str, str] = {}
    names: dict[str, str] = {}
    for path, content in _of(files, "datasets"):
        names[content["uuid"]] = content["table_name"]
        if goes("dataset", content["table_name"], {table: is_gone(table) for table in _tables(content)}):
            datasets[content["uuid"]] = path
    charts: dict[str, str] = {}
    for path, content in _of(files, "charts"):
        names[content["uuid"]] = content["slice_name"]
        if content["dataset_uuid"] in datasets:
            charts[content["uuid"]] = path
    dashboards: list[str] = []
    slugs: list[str] = []
    for path, content in _of(files, "dashboards"):
        shown = {names.get(each, each): each in charts or each in datasets for each in _shown(content)}
        slug = str(content.get("slug") or content["dashboard_title"])
        if goes("dashboard", slug, shown):
            dashboards.append(path)
            slugs.append(slug)
    return SupersetParts(
        datasets=tuple(sorted(datasets.values())),
        charts=tuple(sorted(charts.values())),
        dashboards=tuple(sorted(dashboards)),
        slugs=tuple(sorted(slugs)),
        shared=tuple(shared),
    )


def _of(files: Mapping[str, Mapping[str, Any]], folder: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    return ((path, content) for path, content in sorted(files.items()) if path.startswith(f"{folder}/"))


def _tables(dataset: Mapping[str, Any]) -> set[str]:
    """A table's own name, or those in the query of a virtual dataset."""
    if dataset.get("sql"):
        return {found.lower() for found in _TABLE.findall(dataset["sql"])}
    return {f"{dataset.get('schema')}.{dataset['table_name']}".lower()}


def _shown(dashboard: Mapping[str, Any]) -> set[str]:
    """The uuids of the charts laid out on a dashboard, and of the datasets its filters read."""
    placed = (each for each in (dashboard.get("position") or {}).values() if isinstance(each, dict))
    found = {str(each["meta"]["uuid"]) for each in placed if each.get("type") == "CHART"}
    for each in (dashboard.get("metadata") or {}).get("native_filter_configuration") or []:
        for target in each.get("targets") or []:
            if uuid := target.get("datasetUuid"):
                found.add(str(uuid))
    return found
