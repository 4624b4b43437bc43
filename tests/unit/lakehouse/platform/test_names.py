"""Connections and pools have one name each: in the library, in the settings file, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lakehouse.platform import names
from lakehouse.platform.airflow_settings import SETTINGS_FILE
from lakehouse.platform.repository import REPOSITORY

NAMES = {name: value for name, value in vars(names).items() if name.endswith(("_CONNECTION", "_POOL"))}
CODE = sorted(
    path
    for folder in ("plugins", "dags")
    for path in (REPOSITORY / folder).rglob("*.py")
    if path != Path(names.__file__)
)


def declared(section: str, key: str) -> set[str]:
    settings = yaml.safe_load(SETTINGS_FILE.read_text())["airflow"]
    return {entry[key] for entry in settings[section]}


def test_every_connection_is_declared_in_the_settings() -> None:
    used = {value for name, value in NAMES.items() if name.endswith("_CONNECTION")}
    assert used
    assert used <= declared("connections", "conn_id")


def test_the_pools_are_those_of_the_settings() -> None:
    assert {value for name, value in NAMES.items() if name.endswith("_POOL")} == declared(
        "pools", "pool_name"
    )


@pytest.mark.parametrize("value", [value for name, value in NAMES.items() if name.endswith("_CONNECTION")])
def test_no_other_file_spells_a_connections_id_as_a_value(value: str) -> None:
    assert CODE
    assert [path.name for path in CODE if f'"{value}"' in path.read_text()] == []


@pytest.mark.parametrize("value", [value for name, value in NAMES.items() if name.endswith("_POOL")])
def test_no_other_file_spells_a_pools_name(value: str) -> None:
    assert CODE
    assert [path.name for path in CODE if f'pool="{value}"' in path.read_text()] == []
