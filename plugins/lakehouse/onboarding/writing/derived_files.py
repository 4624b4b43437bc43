"""Files that follow from others: dbt's manifest from its project, Compose's variables from the settings."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lakehouse.dbt.manifest import as_text, parsed_manifest
from lakehouse.onboarding.writing.blueprint import BlueprintError
from lakehouse.onboarding.writing.file_changes import write_all
from lakehouse.onboarding.writing.plan import FileChange
from lakehouse.platform.airflow_settings import SettingsError
from lakehouse.platform.compose_sources import COMPOSE, EXAMPLE, with_sources

DBT: Final = "include/dbt"
MANIFEST: Final = f"{DBT}/manifest.json"


def manifest_change(changes: Sequence[FileChange], root: Path) -> FileChange:
    """The manifest after these changes; dbt reads a copy of the project: what it refuses is never written.

    Raises:
        ManifestError: dbt refuses the project, or is not there.
    """
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch)
        shutil.copytree(root / DBT, copy / DBT, ignore=shutil.ignore_patterns("target", "logs"))
        write_all([change for change in changes if change.path.startswith(f"{DBT}/")], copy)
        after = as_text(parsed_manifest(copy / DBT))
    path = root / MANIFEST
    before = path.read_text(encoding="utf-8") if path.is_file() else None
    return FileChange(MANIFEST, before, after, is_generated=True)


def compose_changes(settings: str, root: Path) -> list[FileChange]:
    """The sources' variables for the platform with the real products, by the text of airflow_settings.yaml.

    Raises:
        BlueprintError: the settings are malformed, or a file lacks the marks between which its sources stand.
    """
    texts = [(root / path).read_text(encoding="utf-8") for path in (COMPOSE, EXAMPLE)]
    try:
        made = with_sources(settings, *texts)
    except SettingsError as error:
        raise BlueprintError(str(error)) from error
    named = zip((COMPOSE, EXAMPLE), texts, made, strict=True)
    return [
        FileChange(path, before, after, is_generated=True) for path, before, after in named if before != after
    ]
