"""The shipped manifest: current, and the same on every machine and at every hour."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lakehouse.dbt import manifest
from lakehouse.dbt.project import MANIFEST_FILE


@pytest.fixture(scope="module")
def current() -> dict[str, Any]:
    return manifest.parsed_manifest()


def test_shipped_manifest_is_what_the_project_says(current: dict[str, Any]) -> None:
    assert MANIFEST_FILE.read_text(encoding="utf-8") == manifest.as_text(current), "run `make manifest`"


def test_manifest_holds_nothing_of_the_machine_or_the_hour(current: dict[str, Any]) -> None:
    text = manifest.as_text(current)
    for word in ("generated_at", "invocation_id", '"created_at": 1', str(Path.cwd())):
        assert word not in text


def test_check_names_the_model_that_changed(
    current: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outdated = tmp_path / "manifest.json"
    changed = {**current, "nodes": {**current["nodes"], "model.lakehouse.orders": {"name": "orders"}}}
    outdated.write_text(manifest.as_text(changed), encoding="utf-8")
    monkeypatch.setattr(manifest, "parsed_manifest", lambda: current)
    with pytest.raises(manifest.ManifestError, match=r"\(model\.lakehouse\.orders\): run `make manifest`"):
        manifest.check(outdated)


def test_absent_dbt_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(manifest.ManifestError, match="run make, or set LAKEHOUSE_DBT_ENVIRONMENT"):
        manifest.parsed_manifest(dbt=tmp_path / "no" / "dbt")


def test_a_dbt_that_takes_too_long_is_given_up_on_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "dbt"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(manifest, "PARSE_SECONDS", 0.1)
    with pytest.raises(manifest.ManifestError, match=r"has not read the project in 0\.1 s: try again"):
        manifest.parsed_manifest(dbt=slow)
