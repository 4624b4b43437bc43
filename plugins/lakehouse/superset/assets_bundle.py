"""The dashboards as code of a folder, as the ZIP bundle Superset imports.

The folder is what Superset's own export unpacks to, so a dashboard is changed by editing it in Superset,
exporting it, and committing the files. Two things are added while zipping: the address of the lake (from an
Airflow connection, never in a file) and, in every dashboard's certification details, the folder's digest.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from lakehouse.platform.yaml_files import parse_yaml
from lakehouse.superset.bundle_checks import faults
from lakehouse.superset.errors import SupersetImportError

DIGEST_CHARACTERS: Final = 16
_ROOT: Final = "assets"
_OLDEST_ZIP_DATE: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class DashboardAsset:
    """A dashboard of the folder and the charts laid out on it, all by uuid."""

    uuid: str
    slug: str
    title: str
    chart_uuids: frozenset[str]


@dataclass(frozen=True)
class AssetsBundle:
    """Files of one folder by their path in it (``charts/revenue.yaml``), parsed."""

    files: Mapping[str, Mapping[str, Any]]
    digest: str

    @property
    def mark(self) -> str:
        """What a dashboard imported from these files carries in its certification details.

        Superset has no field for it: a key of our own in the dashboard's metadata is accepted by the import
        but makes every later save in the browser fail with "Unknown field".
        """
        return f"[files {self.digest}]"

    @property
    def dashboards(self) -> tuple[DashboardAsset, ...]:
        return tuple(_dashboard(each) for each in self.of_kind("dashboards").values())

    @property
    def database_uuids(self) -> tuple[str, ...]:
        return tuple(each["uuid"] for each in self.of_kind("databases").values())

    def of_kind(self, folder: str) -> dict[str, Mapping[str, Any]]:
        """The files under that folder: databases, datasets, charts or dashboards."""
        return {path: content for path, content in self.files.items() if path.startswith(f"{folder}/")}

    def zipped(self, database_uri: str) -> bytes:
        """The bundle with every database at that address; the same bytes for the same files and address."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
            for path, content in self.files.items():
                text = yaml.safe_dump(self._completed(path, content, database_uri), sort_keys=False)
                bundle.writestr(zipfile.ZipInfo(f"{_ROOT}/{path}", _OLDEST_ZIP_DATE), text)
        return buffer.getvalue()

    def _completed(self, path: str, content: Mapping[str, Any], database_uri: str) -> dict[str, Any]:
        if path.startswith("databases/"):
            return {**content, "sqlalchemy_uri": database_uri}
        if path.startswith("dashboards/"):
            details = f"{content.get('certification_details') or ''} {self.mark}"
            return {**content, "certification_details": details.strip()}
        return dict(content)


def read_bundle(folder: Path) -> AssetsBundle:
    """The bundle of a folder of dashboards as code.

    Raises:
        SupersetImportError: no file there, or files that cannot be imported; each fault is named.
    """
    paths = sorted(folder.rglob("*.yaml"))
    sha256 = hashlib.sha256()
    files: dict[str, Mapping[str, Any]] = {}
    for path in paths:
        name = path.relative_to(folder).as_posix()
        raw = path.read_bytes()
        sha256.update(f"{name}\0{len(raw)}\0".encode())
        sha256.update(raw)
        try:
            content = parse_yaml(raw)
        except yaml.YAMLError as error:
            raise SupersetImportError(f"{path} is not YAML: {error}") from error
        if not isinstance(content, dict):
            raise SupersetImportError(f"{path} is not a mapping")
        files[name] = content
    if found := list(faults(files)):
        raise SupersetImportError(f"{folder} cannot be imported. {'; '.join(found)}")
    if not files:
        raise SupersetImportError(f"nothing under {folder}: expected databases/*.yaml and dashboards/*.yaml")
    return AssetsBundle(files, sha256.hexdigest()[:DIGEST_CHARACTERS])


def _dashboard(content: Mapping[str, Any]) -> DashboardAsset:
    placed = (each for each in content["position"].values() if isinstance(each, dict))
    charts = frozenset(each["meta"]["uuid"] for each in placed if each["type"] == "CHART")
    return DashboardAsset(content["uuid"], content["slug"], content["dashboard_title"], charts)
