"""What a business owns: whole files, and its entries in files that it shares with others."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from lakehouse.airbyte.connection_file import ConnectionFile, read_all_connection_files
from lakehouse.onboarding.removing.dbt_ownership import DbtParts, Shared, dbt_parts
from lakehouse.onboarding.removing.superset_ownership import SupersetParts, superset_parts
from lakehouse.onboarding.writing.blueprint import FOLDER as BLUEPRINTS
from lakehouse.onboarding.writing.blueprint import BlueprintError
from lakehouse.onboarding.writing.derived_files import DBT, MANIFEST
from lakehouse.onboarding.writing.env_file import env_path, without_variables
from lakehouse.onboarding.writing.plan import FileChange
from lakehouse.onboarding.writing.settings_file import SETTINGS
from lakehouse.onboarding.writing.yaml_items import without_items
from lakehouse.platform.repository import REPOSITORY

CONNECTIONS: Final = "include/airbyte"
CONTRACTS: Final = "include/contracts"
REFLECTIONS: Final = "include/dremio/reflections"
SHEDDING: Final = "include/observe/shedding.yaml"
SUPERSET: Final = "include/superset"
_STREAMED: Final = "stream"
_PLACEHOLDER: Final = re.compile(r"\$\{([A-Z][A-Z0-9_]*)")


class UnknownBusinessError(BlueprintError):
    """There is no business of that name; the message lists those there are."""


@dataclass(frozen=True)
class Owned:
    """All that goes with a business."""

    business: str
    connections: tuple[ConnectionFile, ...]
    streams: tuple[str, ...]
    """As the lake names them, without those that are only read all day."""
    airflow_connections: tuple[str, ...]
    variables: tuple[str, ...]
    """Whose placeholders nothing else in airflow_settings.yaml has."""
    dbt: DbtParts
    superset: SupersetParts
    changes: tuple[FileChange, ...]
    """Every file that goes or changes, by path; without what is generated from the others."""
    shared: tuple[Shared, ...] = field(default=())
    """What reads another business as well: nothing goes while there is any."""

    @property
    def has_stream(self) -> bool:
        """Is the connection that is read all day this business's?"""
        return any(each.cadence == _STREAMED for each in self.connections)

    @property
    def gone(self) -> tuple[str, ...]:
        """Paths of the files that are deleted."""
        return tuple(each.path for each in self.changes if each.after is None)


def businesses(connections: Sequence[ConnectionFile]) -> tuple[str, ...]:
    """Every business that has a connection, by name."""
    return tuple(sorted({each.business for each in connections}))


def require_known(business: str, root: Path = REPOSITORY) -> list[ConnectionFile]:
    """Every connection there is, if something belongs to that business.

    Raises:
        UnknownBusinessError: nothing does.
        ConnectionFileError: a connection's file is faulty.
    """
    every = read_all_connection_files()
    known = businesses(every)
    if business not in known and not (root / BLUEPRINTS / f"{business}.yaml").is_file():
        raise UnknownBusinessError(
            f"no connection in {CONNECTIONS}/ has the business {business}; "
            f"there are: {', '.join(known) or 'none'}"
        )
    return every


def owned_by(
    business: str,
    also: Collection[str] = (),
    root: Path = REPOSITORY,
    manifest: Mapping[str, Any] | None = None,
) -> Owned:
    """What goes with a business.

    Args:
        business: its name.
        also: models, tests, datasets and dashboards (by slug) that go although they read others too.
        root: the repository, of which include/airbyte/ is read by `lakehouse.airbyte.connection_file`.
        manifest: dbt's graph; by default the shipped one, which must not be stale.

    Raises:
        UnknownBusinessError: nothing belongs to that name.
        BlueprintError: a file cannot be read, or its entries cannot be taken out.
        ConnectionFileError: a connection's file is faulty.
    """
    every = require_known(business, root)
    ours = tuple(each for each in every if each.business == business)
    others = [each for each in every if each.business != business]
    blueprint = (BLUEPRINTS / f"{business}.yaml").as_posix()
    streams = _streams(ours)
    dbt = dbt_parts(manifest or _json(root / MANIFEST), streams, also)
    tables = {
        table.lower() for table in (*dbt.relations, *(f"bronze.{each}" for each in (*streams, *dbt.sources)))
    }
    streamed = any(each.cadence == _STREAMED for each in ours)

    def is_gone(table: str) -> bool:
        return table in tables or (streamed and table.startswith(("serving.", "hot.")))

    superset = superset_parts(dict(_yaml_files(root / SUPERSET)), is_gone, also)
    conn_ids = _airflow_connections(ours, others)
    settings, variables = _without_connections(root, conn_ids)
    reflections, shared_reflections = _reflections(root, business, is_gone, also)
    whole = [
        *(f"{CONNECTIONS}/{each.name}.yaml" for each in ours),
        *_manifests(ours, others),
        *_contracts(root, ours),
        *([blueprint] if (root / blueprint).is_file() else []),
        *(f"{DBT}/{path}" for path in dbt.files),
        *(f"{SUPERSET}/{path}" for path in superset.files),
        *reflections,
    ]
    changes = [FileChange(path, (root / path).read_text(encoding="utf-8"), None) for path in whole]
    changes += [*_described(root, dbt), *_shedding(root, dbt, streams), *settings, *_env(root, variables)]
    return Owned(
        business=business,
        connections=ours,
        streams=streams,
        airflow_connections=conn_ids,
        variables=variables,
        dbt=dbt,
        superset=superset,
        changes=tuple(sorted(changes, key=lambda change: change.path)),
        shared=(*dbt.shared, *superset.shared, *shared_reflections),
    )


def _streams(connections: Sequence[ConnectionFile]) -> tuple[str, ...]:
    names = (each.lake_streams for each in connections if each.cadence != _STREAMED)
    return tuple(sorted({name for listed in names for name in listed}))


def _manifests(ours: Sequence[ConnectionFile], others: Sequence[ConnectionFile]) -> list[str]:
    """The low-code sources that no other connection uses."""
    used = {each.source.manifest for each in others}
    own = {each.source.manifest for each in ours if each.source.manifest}
    return sorted(f"{CONNECTIONS}/manifests/{name}" for name in own - used)


def _contracts(root: Path, ours: Sequence[ConnectionFile]) -> list[str]:
    """Those of the connections' landing folders, of the night and of the stream."""
    folders = {each.source_folder for each in ours}
    files = sorted((root / CONTRACTS).rglob("*.yaml"))
    return [path.relative_to(root).as_posix() for path in files if _yaml(path).get("source") in folders]


def _airflow_connections(ours: Sequence[ConnectionFile], others: Sequence[ConnectionFile]) -> tuple[str, ...]:
    used = {each.source.airflow_connection for each in others}
    return tuple(sorted({each.source.airflow_connection for each in ours} - used))


def _without_connections(root: Path, conn_ids: Sequence[str]) -> tuple[list[FileChange], tuple[str, ...]]:
    """airflow_settings.yaml without these connections, and the variables that nothing in it needs then."""
    before = (root / SETTINGS).read_text(encoding="utf-8")
    after = without_items(before, lambda key, item: key == "connections" and item.get("conn_id") in conn_ids)
    if after is None or after == before:
        return [], ()
    variables = sorted(_placeholders(before) - _placeholders(after))
    return [FileChange(SETTINGS, before, after)], tuple(variables)


def _placeholders(text: str) -> set[str]:
    """The variables that the file's values name; comments do not count."""
    values = json.dumps(yaml.safe_load(text))
    return set(_PLACEHOLDER.findall(values))


def _env(root: Path, variables: Sequence[str]) -> list[FileChange]:
    """The user's own values without these variables. The file may be outside of the repository."""
    path = env_path(root)
    if not path.is_file():
        return []
    before = path.read_text(encoding="utf-8")
    after = without_variables(before, variables)
    name = os.path.relpath(path, root) if path.is_relative_to(root) else str(path)
    return [] if after == before else [FileChange(name, before, after, is_private=True)]


def _described(root: Path, dbt: DbtParts) -> list[FileChange]:
    """The .yml files that describe and test what goes: without these entries, or gone with the last one."""

    def goes(key: str, item: Mapping[str, str]) -> bool:
        if key == "models":
            return item.get("name") in dbt.models
        if key == "unit_tests":
            return item.get("model") in dbt.models
        return key == "tables" and item.get("name") in dbt.sources

    changes = []
    for path in sorted((root / DBT / "models").rglob("*.yml")):
        before = path.read_text(encoding="utf-8")
        name = path.relative_to(root).as_posix()
        try:
            after = without_items(before, goes)
        except BlueprintError as error:
            raise BlueprintError(f"{name}: {error}") from error
        if after != before:
            changes.append(FileChange(name, before, after))
    return changes


def _shedding(root: Path, dbt: DbtParts, streams: Sequence[str]) -> list[FileChange]:
    """What a late night may leave out, without the tasks that are gone then."""
    path = root / SHEDDING
    if not path.is_file():
        return []
    tasks = {f"load_{stream}" for stream in streams}
    tasks |= {f"{layer}.build_{model}" for layer, model in (each.split(".") for each in dbt.relations)}
    tasks |= {f"gold.publish_{model}" for model in dbt.models}
    before = path.read_text(encoding="utf-8")
    after = without_items(before, lambda key, item: key == "shedding" and item.get("task") in tasks)
    if after is None:
        # The list stays, for the night reads it: empty, under the comments that explain it.
        after = before[: yaml.compose(before).value[0][0].start_mark.index] + "shedding: []\n"
    return [] if after == before else [FileChange(SHEDDING, before, after)]


def _reflections(
    root: Path, business: str, is_gone: Callable[[str], bool], also: Collection[str]
) -> tuple[list[str], list[Shared]]:
    """The business's own file, and the reflections of other files whose tables would be gone."""
    own = f"{REFLECTIONS}/{business}.yaml"
    shared: list[Shared] = []
    for path in sorted((root / REFLECTIONS).glob("*.yaml")):
        name = path.relative_to(root).as_posix()
        for each in _yaml(path).get("reflections") or []:
            gone = is_gone(str(each["dataset"]).lower())
            if each["name"] in also:
                continue
            if gone and name != own:
                shared.append(
                    Shared("reflection", each["name"], f"in {name} is of {each['dataset']}, which goes")
                )
            elif not gone and name == own:
                shared.append(
                    Shared("reflection", each["name"], f"in {own} is of {each['dataset']}, which stays")
                )
    return [own] if (root / own).is_file() else [], shared


def _yaml_files(folder: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in sorted(folder.rglob("*.yaml")):
        yield path.relative_to(folder).as_posix(), _yaml(path)


def _yaml(path: Path) -> dict[str, Any]:
    try:
        return dict(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except (OSError, ValueError, TypeError, yaml.YAMLError) as error:
        raise BlueprintError(f"{path.name} cannot be read: {error}") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise BlueprintError(f"{path.name} cannot be read ({error}): run make manifest") from error
