"""Reflections as code: their definitions, and how a definition becomes a reflection in Dremio."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from lakehouse.dremio.client import DremioClient, Json
from lakehouse.dremio.errors import ReflectionInvalidError
from lakehouse.dremio.states import ReflectionCombinedStatus, ReflectionRefreshState
from lakehouse.platform.repository import INCLUDE

REFLECTIONS: Final = INCLUDE / "dremio" / "reflections"
"""One file for each business; README.md there explains the keys."""

_COMPARED: Final = ("type", "enabled", "displayFields", "dimensionFields", "measureFields", "partitionFields")
_GRANULARITY: Final = "NORMAL"


@dataclass(frozen=True)
class ReflectionSpec:
    """One reflection: `columns` are displayed (RAW); dimensions and measures make an AGGREGATION."""

    name: str
    dataset: tuple[str, ...]
    enabled: bool
    display: tuple[str, ...] = ()
    dimensions: tuple[tuple[str, str], ...] = ()
    """Column and granularity: DATE truncates a timestamp to its day, NORMAL takes it as it is."""
    measures: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def title(self) -> str:
        """How messages name it: `agg_daily_revenue on gold.orders`."""
        return f"{self.name} on {'.'.join(self.dataset)}"

    def body(self, dataset_id: str) -> Json:
        """The reflection as Dremio's REST API takes it."""
        body: Json = {
            "entityType": "reflection",
            "type": "RAW" if self.display else "AGGREGATION",
            "name": self.name,
            "datasetId": dataset_id,
            "enabled": self.enabled,
            "arrowCachingEnabled": False,
            "partitionDistributionStrategy": "CONSOLIDATED",
        }
        if self.display:
            return body | {"displayFields": [{"name": name} for name in self.display]}
        return body | {
            "dimensionFields": [{"name": name, "granularity": grain} for name, grain in self.dimensions],
            "measureFields": [
                {"name": name, "measureTypeList": list(measures)} for name, measures in self.measures
            ],
        }


@dataclass(frozen=True)
class EnsuredReflection:
    """A reflection that is in Dremio as its definition wants it."""

    spec: ReflectionSpec
    id: str
    dataset_id: str
    change: str | None
    """created, updated, or None when nothing differed. Dremio builds a changed reflection by itself."""
    failures: int = 0
    """Failed refreshes in a row when it was looked at: more of them later are new."""
    fetched_at: str | None = None
    """`lastDataFetch` when it was looked at."""


def load_reflections(folder: Path = REFLECTIONS) -> tuple[ReflectionSpec, ...]:
    """The definitions of every file of the folder, by file and in the file's order; none if there is no file.

    Raises:
        ReflectionInvalidError: a file does not say what it must; the message names it or the reflection.
    """
    specs = tuple(spec for path in sorted(folder.glob("*.yaml")) for spec in _read(path))
    twice = {spec.title for spec in specs if [other.title for other in specs].count(spec.title) > 1}
    if twice:
        raise ReflectionInvalidError(f"{folder.name}/ defines twice: {', '.join(sorted(twice))}")
    return specs


def _read(path: Path) -> list[ReflectionSpec]:
    shown = f"include/dremio/reflections/{path.name}"
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ReflectionInvalidError(f"{shown} is not YAML: {error}") from error
    entries = document.get("reflections") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ReflectionInvalidError(f"{shown} has no list `reflections`")
    return [_parse(entry) for entry in entries]


def _parse(entry: Mapping[str, Any]) -> ReflectionSpec:
    name = entry.get("name", "a reflection without a name")
    known = {"name", "dataset", "enabled", "display", "dimensions", "measures"}
    if unknown := set(entry) - known:
        raise ReflectionInvalidError(f"reflection {name}: unknown settings {', '.join(sorted(unknown))}")
    if "name" not in entry or "dataset" not in entry or ("display" in entry) == ("measures" in entry):
        raise ReflectionInvalidError(
            f"reflection {name}: give name, dataset, and either display (raw) or dimensions and measures"
        )
    return ReflectionSpec(
        name=entry["name"],
        dataset=tuple(entry["dataset"].split(".")),
        enabled=bool(entry.get("enabled", True)),
        display=tuple(entry.get("display", ())),
        dimensions=tuple(
            (column, grain or _GRANULARITY) for column, grain in entry.get("dimensions", {}).items()
        ),
        measures=tuple((column, tuple(kinds)) for column, kinds in entry.get("measures", {}).items()),
    )


def ensure_reflection(client: DremioClient, spec: ReflectionSpec) -> EnsuredReflection:
    """Find the reflection by dataset and name; create it, or update it where it differs or has given up.

    Raises:
        ReflectionInvalidError: the dataset does not exist.
    """
    dataset = client.find(spec.dataset)
    if dataset is None or dataset.get("entityType") != "dataset":  # a dropped table's folder may remain
        raise ReflectionInvalidError(
            f"reflection {spec.title}: there is no such dataset; run the stage that builds it first"
        )
    dataset_id = str(dataset["id"])
    wanted = spec.body(dataset_id)
    existing = next((each for each in client.reflections_of(dataset_id) if each["name"] == spec.name), None)
    if existing is None:
        created = client.create_reflection(wanted)
        return EnsuredReflection(spec, str(created["id"]), dataset_id, "created")
    change = None
    if _differing(existing, wanted) or _is_stuck(existing):
        change = "updated"
        existing = client.update_reflection(str(existing["id"]), wanted | {"tag": existing.get("tag")})
    status = existing.get("status", {})
    return EnsuredReflection(
        spec=spec,
        id=str(existing["id"]),
        dataset_id=dataset_id,
        change=change,
        failures=int(status.get("failureCount") or 0),
        fetched_at=status.get("lastDataFetch"),
    )


def reflection_drift(client: DremioClient, spec: ReflectionSpec) -> str | None:
    """How the reflection in Dremio is not what its definition wants; None if it is. Nothing is changed."""
    dataset = client.find(spec.dataset)
    if dataset is None or dataset.get("entityType") != "dataset":
        return f"its dataset {'.'.join(spec.dataset)} is not there"
    dataset_id = str(dataset["id"])
    existing = next((each for each in client.reflections_of(dataset_id) if each["name"] == spec.name), None)
    if existing is None:
        return "it is missing"
    wanted = spec.body(dataset_id)
    if names := _differing(existing, wanted):
        return f"it differs: {', '.join(names)}"
    status = existing.get("status", {})
    if _is_stuck(existing):
        return f"it was given up: {status.get('lastFailureMessage') or status.get('combinedStatus')}"
    return None


def _differing(existing: Json, wanted: Json) -> list[str]:
    return [name for name in _COMPARED if _comparable(existing.get(name)) != _comparable(wanted.get(name))]


def _comparable(value: Any) -> Any:
    """Fields in a comparable form: order does not matter, and Dremio adds defaults of its own."""
    if not isinstance(value, list):
        return value or None if value is not False else False
    return (
        sorted(
            (
                str(each["name"]),
                str(each.get("granularity") or _GRANULARITY),
                tuple(sorted(each.get("measureTypeList") or ())),
            )
            for each in value
        )
        or None
    )


def _is_stuck(existing: Json) -> bool:
    """After repeated failures Dremio gives a reflection up until its definition is sent again."""
    status = existing.get("status", {})
    return (
        ReflectionRefreshState.of(status.get("refresh")) is ReflectionRefreshState.GIVEN_UP
        or ReflectionCombinedStatus.of(status.get("combinedStatus")) is ReflectionCombinedStatus.FAILED
    )
