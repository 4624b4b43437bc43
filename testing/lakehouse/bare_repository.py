"""A copy of this repository as it is before its first business: no source, no model, no dashboard."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Final

from lakehouse.platform.repository import REPOSITORY

_COPIED: Final = ("plugins", "dags", "include")
_OF_A_BUSINESS: Final = (
    "airbyte/*.yaml",
    "airbyte/manifests/*",
    "contracts/*",
    "dbt/models/*/*",
    "dbt/tests/*",
    "dremio/reflections/*.yaml",
    "superset/charts/*",
    "superset/dashboards/*",
    "superset/datasets/*/*",
)
"""Below include/."""


def bare_repository(folder: Path) -> Path:
    """The copy, below a folder that must be empty or absent; its root."""
    for name in _COPIED:
        shutil.copytree(REPOSITORY / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "airflow_settings.yaml", folder)
    for pattern in _OF_A_BUSINESS:
        for path in sorted((folder / "include").glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    manifest = folder / "include" / "dbt" / "manifest.json"
    manifest.write_text(json.dumps({"metadata": {}, "nodes": {}, "sources": {}, "exposures": {}}))
    return folder
