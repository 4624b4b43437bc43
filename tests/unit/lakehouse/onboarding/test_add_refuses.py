"""Bad input of `bin/source add`: one sentence, exit code 2, nothing written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from lakehouse.onboarding import __main__, add
from lakehouse.platform.repository import INCLUDE, REPOSITORY


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with what `add` reads before it looks at a source."""
    folder = tmp_path / "repository"
    # Whoever clones this repository may have a café of her own.
    own = shutil.ignore_patterns("cafe_*")
    shutil.copytree(INCLUDE / "airbyte", folder / "include" / "airbyte", ignore=own)
    (folder / "include" / "airbyte" / "bistro_files_to_lake.yaml").write_text("name: bistro_files_to_lake\n")
    shutil.copy(REPOSITORY / "airflow_settings.yaml", folder)
    monkeypatch.setattr(add, "REPOSITORY", folder)
    monkeypatch.delenv("LAKEHOUSE_ENV_FILE", raising=False)
    for name in [name for name in os.environ if name.startswith(("PG", "CAFE_"))]:
        monkeypatch.delenv(name, raising=False)
    return folder


def files(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def refused(root: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What is said; nothing may have been written."""
    before = files(root)
    assert __main__.main(["add", *arguments]) == 2
    assert files(root) == before
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert said.count("\n") == 1
    return said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["Cafe", "--yes"], "'Cafe' is not a name for a business"),
        (["1st", "--yes"], "a letter first"),
        (["dremio", "--yes"], "'dremio' is the platform's own word"),
        (
            ["bistro", "--files", "/x/*.csv", "--yes"],
            "bistro is taken: include/airbyte/bistro_files_to_lake.yaml",
        ),
        (
            ["cafe", "--yes"],
            "cafe is new: give its source with --postgres DSN, --files PATTERN or --rest MANIFEST",
        ),
        (["cafe"], "cafe is new: give its source with --postgres DSN"),
        (
            ["cafe", "--files", "/x/*.csv"],
            "there is no terminal to ask on: give --yes to write, or --dry-run to look",
        ),
        (["cafe", "--files", "/x/*.csv", "--prefix", "Cafe", "--yes"], "--prefix 'Cafe'"),
        (["cafe", "--postgres", "postgresql://reader@db/cafe", "--yes"], "no password for reader at db"),
        (["cafe", "--rest", "nowhere.yaml", "--yes"], "nowhere.yaml cannot be read"),
        (["cafe", "--rename", "cost=price", "--files", "/x/*.csv", "--yes"], "write TABLE.OLD=NEW"),
    ],
)
def test_what_is_refused_before_a_source_is_looked_at(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert words in refused(root, capsys, *arguments)


def test_a_server_that_does_not_answer(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(root, capsys, "cafe", "--postgres", "postgresql://reader:secret@127.0.0.1:1/cafe", "--yes")
    assert "127.0.0.1:1/cafe" in said
    assert "secret" not in said


def test_files_that_match_nothing(root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert str(tmp_path) in refused(root, capsys, "cafe", "--files", f"{tmp_path}/*.csv", "--yes")


@pytest.mark.parametrize("text", ["name: cafe\n", "- a list\n", "a: [\n"])
def test_a_manifest_that_is_not_one(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str
) -> None:
    (tmp_path / "api.yaml").write_text(text)
    arguments = ("--rest", str(tmp_path / "api.yaml"), "--url", "http://127.0.0.1:1", "--yes")
    assert "api.yaml" in refused(root, capsys, "cafe", *arguments)


@pytest.mark.needs_shop
def test_a_manifest_without_its_address_its_settings_or_its_token(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = ("cafe", "--rest", str(INCLUDE / "airbyte/manifests/shop_api.yaml"), "--yes")
    assert "give --url" in refused(root, capsys, *manifest)
    manifest += ("--url", "http://127.0.0.1:1")
    assert "give --setting start_date=VALUE" in refused(root, capsys, *manifest)
    manifest += ("--setting", "start_date=2025-01-01T00:00:00.000000")
    assert "--token-variable NAME" in refused(root, capsys, *manifest)
    assert "CAFE_TOKEN has no value" in refused(root, capsys, *manifest, "--token-variable", "CAFE_TOKEN")


def test_what_a_killed_run_has_written_is_not_taken_for_somebody_elses(
    root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The next run goes on: it is the file that it would write itself."""
    (root / "include/airbyte/cafe_files_to_lake.yaml").write_text("# From cafe's files to the lake.\n")
    said = refused(root, capsys, "cafe", "--files", f"{tmp_path}/*.csv", "--yes")
    assert "taken" not in said
