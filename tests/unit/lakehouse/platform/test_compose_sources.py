"""Compose and its example of variables follow from the connections that are declared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from lakehouse.platform import compose_sources
from lakehouse.platform.airflow_settings import SETTINGS_FILE, SettingsError
from lakehouse.platform.compose_sources import COMPOSE, EXAMPLE, ROOT, main, with_sources

CAFE = """
    - conn_id: tearoom_postgres
      conn_type: postgres
      conn_host: ${TEAROOM_PG_HOST}
      conn_port: ${TEAROOM_PG_PORT:-6543}
      conn_login: ${TEAROOM_PG_USER}
    - conn_id: tearoom_replica
      conn_type: postgres
      conn_host: ${TEAROOM_REPLICA_HOST}
      conn_port: ${TEAROOM_PG_PORT}
      conn_login: ${TEAROOM_PG_USER}
    - conn_id: tearoom_files
      conn_uri: ${TEAROOM_FILES_URI}
"""


def texts() -> tuple[str, str, str]:
    settings, compose, example = (
        path.read_text() for path in (SETTINGS_FILE, ROOT / COMPOSE, ROOT / EXAMPLE)
    )
    return settings, compose, example


def with_cafe(settings: str) -> str:
    assert settings.count("\n  pools:\n") == 1
    return settings.replace("\n  pools:\n", f"{CAFE}\n  pools:\n")


def without(settings: str, business: str) -> str:
    """The settings without the connections of a business."""
    kept = re.sub(rf"    - conn_id: {business}_.*?(?=    - conn_id:|  pools:)", "", settings, flags=re.DOTALL)
    assert f"{business.upper()}_" not in kept
    return kept


def connections(compose: str) -> dict[str, str]:
    found: dict[str, str] = yaml.safe_load(compose)["x-connections"]
    return found


def test_the_shipped_files_are_up_to_date() -> None:
    settings, compose, example = texts()
    assert with_sources(settings, compose, example) == (compose, example)


def test_a_new_source_is_added_once_and_in_both_files() -> None:
    settings, compose, example = texts()
    new_compose, new_example = with_sources(with_cafe(settings), compose, example)
    added = {k: v for k, v in connections(new_compose).items() if k not in connections(compose)}
    assert added == {
        name: f"${{{name}:?}}"
        for name in (
            "TEAROOM_PG_HOST",
            "TEAROOM_PG_PORT",
            "TEAROOM_PG_USER",
            "TEAROOM_REPLICA_HOST",
            "TEAROOM_FILES_URI",
        )
    }
    lines = [line for line in new_example.splitlines() if line.startswith("TEAROOM_")]
    assert lines == [
        "TEAROOM_PG_HOST=",
        "TEAROOM_PG_PORT=6543",
        "TEAROOM_PG_USER=",
        "TEAROOM_REPLICA_HOST=",
        "TEAROOM_FILES_URI=",
    ]
    assert "# tearoom_replica" in new_example
    assert with_sources(with_cafe(settings), new_compose, new_example) == (new_compose, new_example)


def test_a_source_that_is_gone_leaves_nothing_and_the_rest_as_it_was() -> None:
    settings, compose, example = texts()
    added = with_sources(with_cafe(settings), compose, example)
    assert with_sources(settings, *added) == (compose, example)
    bare_compose, bare_example = with_sources(without(with_cafe(settings), "cafe"), *added)
    assert "CAFE" not in bare_compose + bare_example
    nothing_left = without(settings, "shop") if "SHOP_" in settings else settings
    for text in with_sources(nothing_left, compose, example):
        assert "SHOP" not in text


def test_what_compose_gives_by_hand_is_not_a_source() -> None:
    settings, compose, example = texts()
    bare, _ = with_sources("airflow: {}", compose, example)
    assert "PLATFORM_PG_HOST" in connections(bare)
    full, _ = with_sources(settings, bare, example)
    assert connections(full)["PLATFORM_PG_HOST"] == "postgres"
    assert full.count("DREMIO_HOST:") == 1


def test_a_check_changes_nothing_and_names_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings, compose, example = texts()
    (tmp_path / "docker").mkdir()
    for name, text in ((SETTINGS_FILE.name, with_cafe(settings)), (COMPOSE, compose), (EXAMPLE, example)):
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(compose_sources, "ROOT", tmp_path)
    monkeypatch.setattr(compose_sources, "SETTINGS_FILE", tmp_path / SETTINGS_FILE.name)
    assert main(["--check"]) == 1
    assert f"{COMPOSE} is out of date with airflow_settings.yaml: run `bin/compose-sources`" in (
        capsys.readouterr().err
    )
    assert (tmp_path / COMPOSE).read_text() == compose
    assert main([]) == 0
    assert capsys.readouterr().out.splitlines() == [f"wrote {COMPOSE}", f"wrote {EXAMPLE}"]
    assert main(["--check"]) == 0
    assert "TEAROOM_FILES_URI: ${TEAROOM_FILES_URI:?}" in (tmp_path / COMPOSE).read_text()


@pytest.mark.parametrize(
    ("compose", "told"),
    [("services: {}\n", "has no section `x-connections`"), ("x-connections: {}\n", "lacks the lines")],
)
def test_a_file_without_its_marks_is_refused(compose: str, told: str) -> None:
    settings, _, example = texts()
    with pytest.raises(SettingsError, match=told):
        with_sources(settings, compose, example)
