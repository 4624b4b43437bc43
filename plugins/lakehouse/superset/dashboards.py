"""Which tables the dashboards of include/superset show, and so which of them a night makes warm."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lakehouse.platform.repository import INCLUDE
from lakehouse.superset.assets_bundle import read_bundle

DASHBOARDS_FOLDER: Final = INCLUDE / "superset"
GOLD: Final = "gold"
SERVING: Final = "serving"
_TABLE: Final = re.compile(rf"\b(?:{GOLD}|{SERVING})\.[a-z_]\w*", re.IGNORECASE)


@dataclass(frozen=True)
class Dashboard:
    """One dashboard, and the tables that its charts and filters read."""

    slug: str
    title: str
    gold_tables: tuple[str, ...]
    serving_views: tuple[str, ...] = ()
    """Views of hot and cold rows, such as `serving.orders`."""

    @property
    def is_live(self) -> bool:
        """Does it show what no night has audited yet?"""
        return bool(self.serving_views)


def read_dashboards(folder: Path = DASHBOARDS_FOLDER) -> tuple[Dashboard, ...]:
    """Every dashboard of the folder, by slug.

    Raises:
        SupersetImportError: the dashboards' files do not fit together.
    """
    return tuple(sorted(_dashboards(folder), key=lambda each: each.slug))


def night_dashboards(folder: Path = DASHBOARDS_FOLDER) -> tuple[str, ...]:
    """The slugs of the dashboards that show what a night has published.

    Raises:
        SupersetImportError: the dashboards' files do not fit together.
    """
    return tuple(each.slug for each in read_dashboards(folder) if not each.is_live)


def dashboards_listed(folder: Path = DASHBOARDS_FOLDER) -> list[str]:
    """The same dashboards in words, for a DAG's page: title, slug, and the gold tables that they show.

    Raises:
        SupersetImportError: the dashboards' files do not fit together.
    """
    return [
        f"{each.title} (`{each.slug}`) shows {', '.join(f'`{table}`' for table in each.gold_tables)}"
        for each in read_dashboards(folder)
        if not each.is_live
    ]


def tables_of_dataset(dataset: Mapping[str, Any]) -> frozenset[str]:
    """The table that a dataset stands for; of one that is SQL, those that the SQL names."""
    if text := dataset.get("sql"):
        return frozenset(found.lower() for found in _TABLE.findall(text))
    return frozenset({f"{dataset['schema']}.{dataset['table_name']}"})


def _dashboards(folder: Path) -> Iterator[Dashboard]:
    bundle = read_bundle(folder)
    tables = {each["uuid"]: tables_of_dataset(each) for each in bundle.of_kind("datasets").values()}
    read_by_chart = {each["uuid"]: tables[each["dataset_uuid"]] for each in bundle.of_kind("charts").values()}
    filters = {
        each["uuid"]: {table for uuid in _filter_datasets(each) for table in tables.get(uuid, ())}
        for each in bundle.of_kind("dashboards").values()
    }
    for each in bundle.dashboards:
        charted = {table for uuid in each.chart_uuids for table in read_by_chart[uuid]}
        read = sorted(charted | filters[each.uuid])
        yield Dashboard(
            each.slug,
            each.title,
            tuple(table for table in read if table.startswith(f"{GOLD}.")),
            tuple(table for table in read if table.startswith(f"{SERVING}.")),
        )


def _filter_datasets(dashboard: Mapping[str, Any]) -> Iterator[str]:
    for each in (dashboard.get("metadata") or {}).get("native_filter_configuration") or []:
        for target in each.get("targets") or []:
            if "datasetUuid" in target:
                yield target["datasetUuid"]
