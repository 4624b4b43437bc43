"""A dashboard's file, and the place of a chart on it.

Numbers stand side by side in rows of their own, lines and bars in pairs, a table alone. A row always fills
the twelve columns. A row that a person has laid out otherwise is left alone; the chart gets a row of its own.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from lakehouse.superset.scaffold.asset_files import (
    ASSETS,
    ScaffoldError,
    as_text,
    changed_text,
    read,
    title_of,
    uuid_of,
)
from lakehouse.superset.scaffold.chart_file import PlannedChart
from lakehouse.superset.scaffold.chart_settings import Kind

COLUMNS: Final = 12
_MOST_IN_A_ROW: Final = {Kind.BIG_NUMBER: 6, Kind.LINE: 2, Kind.BAR: 2, Kind.TABLE: 1}
_ROW_OF: Final = {Kind.BIG_NUMBER: "numbers", Kind.LINE: "charts", Kind.BAR: "charts", Kind.TABLE: "table"}
_HEIGHT: Final = {Kind.BIG_NUMBER: 17, Kind.LINE: 48, Kind.BAR: 48, Kind.TABLE: 66}
_GRID: Final = ["ROOT_ID", "GRID_ID"]
_NOTE: Final = (
    "**Audited.** All figures come from the `gold` layer, which changes once a night, and only after the "
    "data-quality tests have passed. Days are UTC."
)


def dashboard_path(name: str, assets: Path = ASSETS) -> Path:
    """Where the dashboard with that slug is.

    Raises:
        ScaffoldError: the name cannot be a slug.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        raise ScaffoldError(
            f"{name!r} cannot be a dashboard's address: use small letters, digits and hyphens"
        )
    for path in sorted((assets / "dashboards").glob("*.yaml")):
        if read(path).get("slug") == name.replace("_", "-"):
            return path
    return assets / "dashboards" / f"{name.replace('-', '_')}.yaml"


def plan_dashboard(name: str, charts: list[PlannedChart], assets: Path = ASSETS) -> dict[Path, str]:
    """The dashboard's file with these charts on it; nothing if it has them already. Writes nothing.

    Raises:
        ScaffoldError: the file cannot be written again as it is, or the name cannot be a slug.
    """
    path = dashboard_path(name, assets)
    is_new = not path.exists()
    content = _dashboard(path, assets) if is_new else read(path)
    missing = [chart for chart in charts if chart.uuid not in _placed(content["position"])]
    if not missing and not is_new:
        return {}
    for chart in missing:
        _place(content, chart)
    return {path: as_text(content) if is_new else changed_text(path, content)}


def _placed(position: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The charts of a layout by uuid."""
    elements = [each for each in position.values() if isinstance(each, dict)]
    return {each["meta"]["uuid"]: each for each in elements if each["type"] == "CHART"}


def _place(content: dict[str, Any], chart: PlannedChart) -> None:
    position, metadata = content["position"], content["metadata"]
    number = 1 + max((each["meta"]["chartId"] for each in _placed(position).values()), default=0)
    row = _row_with_room(position, chart.kind) or _new_row(position, chart.kind)
    name = f"CHART-{chart.path.stem}"
    position[name] = {
        "type": "CHART",
        "id": name,
        "children": [],
        "parents": [*_GRID, row["id"]],
        "meta": {
            "chartId": number,
            "uuid": chart.uuid,
            "sliceName": chart.title,
            "width": COLUMNS,
            "height": _HEIGHT[chart.kind],
        },
    }
    row["children"].append(name)
    for child, width in zip(row["children"], _widths(len(row["children"])), strict=True):
        position[child]["meta"]["width"] = width
    configuration = metadata.setdefault("global_chart_configuration", {})
    configuration.setdefault("scope", {"rootPath": ["ROOT_ID"], "excluded": []})
    configuration["chartsInScope"] = [*configuration.get("chartsInScope", []), number]


def _widths(number: int) -> list[int]:
    """So many widths, as equal as can be, that fill a row."""
    return [COLUMNS // number + (place < COLUMNS % number) for place in range(number)]


def _row_with_room(position: dict[str, Any], kind: Kind) -> dict[str, Any] | None:
    """The last row of such charts, if it takes another and has the widths that it was given here."""
    rows: list[dict[str, Any]] = [
        position[name] for name in position["GRID_ID"]["children"] if name.startswith(f"ROW-{_ROW_OF[kind]}-")
    ]
    if not rows:
        return None
    children = rows[-1]["children"]
    widths = [position[child]["meta"].get("width") for child in children]
    has_room = len(children) < _MOST_IN_A_ROW[kind] and widths == _widths(len(children))
    return rows[-1] if has_room else None


def _new_row(position: dict[str, Any], kind: Kind) -> dict[str, Any]:
    taken = {name for name in position if name.startswith("ROW-")}
    number = next(n for n in range(1, len(taken) + 2) if f"ROW-{_ROW_OF[kind]}-{n}" not in taken)
    name = f"ROW-{_ROW_OF[kind]}-{number}"
    row = {
        "type": "ROW",
        "id": name,
        "children": [],
        "parents": list(_GRID),
        "meta": {"background": "BACKGROUND_TRANSPARENT"},
    }
    position[name] = row
    position["GRID_ID"]["children"].append(name)
    return row


def _dashboard(path: Path, assets: Path) -> dict[str, Any]:
    """A new dashboard: a row that says that its figures are audited, and no chart."""
    title = title_of(path.stem)
    note = {"width": COLUMNS, "height": 10, "code": _NOTE}
    background = {"background": "BACKGROUND_TRANSPARENT"}
    return {
        "dashboard_title": title,
        "description": f"{title}, from gold.",
        "css": "",
        "slug": path.stem.replace("_", "-"),
        "certified_by": "Lakehouse",
        "certification_details": "Built from gold after the night's data-quality tests; defined as code in "
        "include/superset.",
        "published": True,
        "uuid": uuid_of(path.relative_to(assets).as_posix()),
        "position": {
            "DASHBOARD_VERSION_KEY": "v2",
            "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
            "GRID_ID": {
                "type": "GRID",
                "id": "GRID_ID",
                "children": ["ROW-notes"],
                "parents": ["ROOT_ID"],
            },
            "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": title}},
            "ROW-notes": {
                "type": "ROW",
                "id": "ROW-notes",
                "children": ["MARKDOWN-notes"],
                "parents": list(_GRID),
                "meta": background,
            },
            "MARKDOWN-notes": {
                "type": "MARKDOWN",
                "id": "MARKDOWN-notes",
                "children": [],
                "parents": [*_GRID, "ROW-notes"],
                "meta": note,
            },
        },
        "metadata": {
            "timed_refresh_immune_slices": [],
            "expanded_slices": {},
            "refresh_frequency": 0,
            "default_filters": "{}",
            "color_scheme": "supersetColors",
            "label_colors": {},
            "shared_label_colors": [],
            "color_scheme_domain": [],
            "cross_filters_enabled": True,
            "native_filter_configuration": [],
            "chart_configuration": {},
            "global_chart_configuration": {
                "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
                "chartsInScope": [],
            },
        },
        "version": "1.0.0",
    }
