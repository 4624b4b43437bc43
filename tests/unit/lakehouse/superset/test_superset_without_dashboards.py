"""A lake that nobody reads yet: its bundle has a database and no dashboard, and is imported once."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any, cast

import pytest

from lakehouse.platform.repository import INCLUDE
from lakehouse.superset.assets_bundle import AssetsBundle, read_bundle
from lakehouse.superset.client import SupersetClient
from lakehouse.superset.dashboards import night_dashboards
from lakehouse.superset.import_assets import import_assets

URI = "dremio+flight://reader:pw@lake:32010/dremio"


class EmptySuperset:
    """Superset without a dashboard; it has the database once a bundle was uploaded."""

    def __init__(self) -> None:
        self.uploads = 0

    def get(self, path: str, query: dict[str, str] | None = None) -> dict[str, Any]:
        if path == "database/":
            return {"result": [{"id": 7}] if self.uploads else []}
        if path == "database/7/connection":
            return {"result": {"sqlalchemy_uri": URI}}
        assert path == "database/7/schemas/"
        return {"result": ["gold"]}

    def upload(self, path: str, files: dict[str, Any], fields: dict[str, str]) -> None:
        self.uploads += 1


@pytest.fixture
def bundle(tmp_path: Path) -> AssetsBundle:
    folder = tmp_path / "superset"
    shutil.copytree(INCLUDE / "superset" / "databases", folder / "databases")
    shutil.copy(INCLUDE / "superset" / "metadata.yaml", folder)
    assert night_dashboards(folder) == ()
    return read_bundle(folder)


def test_a_bundle_without_a_dashboard_is_imported_once(bundle: AssetsBundle) -> None:
    server = EmptySuperset()
    client = cast(SupersetClient, server)
    first = import_assets(client, bundle, URI)
    assert (first.imported, first.dashboards, first.charts) == (True, (), 0)
    second = import_assets(client, bundle, URI)
    assert (second.imported, second.databases_readdressed) == (False, 0)
    assert server.uploads == 1
