"""A copy of what `bin/source` reads and writes, without a business whose name a test wants to use."""

from __future__ import annotations

import shutil
from pathlib import Path

from lakehouse.onboarding.writing.yaml_items import without_items
from lakehouse.platform.compose_sources import COMPOSE, EXAMPLE, with_sources
from lakehouse.platform.repository import REPOSITORY

_SETTINGS = "airflow_settings.yaml"


def repository_without(business: str, folder: Path) -> Path:
    """The copy, in a folder that is not there yet: who clones this repository may have such a business."""
    names = shutil.ignore_patterns(business, f"{business}_*", f"*_{business}_*", f"{business}.yaml")
    for part in ("include", "docker"):
        shutil.copytree(REPOSITORY / part, folder / part, ignore=names)
    text = (REPOSITORY / _SETTINGS).read_text("utf-8")
    ids = (f"{business}_postgres", f"{business}_files", f"{business}_api")
    settings = without_items(text, lambda key, item: key == "connections" and item.get("conn_id") in ids)
    assert settings is not None
    (folder / _SETTINGS).write_text(settings, "utf-8")
    docker = with_sources(settings, *((folder / name).read_text("utf-8") for name in (COMPOSE, EXAMPLE)))
    for name, changed in zip((COMPOSE, EXAMPLE), docker, strict=True):
        (folder / name).write_text(changed, "utf-8")
    return folder
