"""The shop is a service, a database and variables of the platform only if airflow_settings.yaml reads it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from embedded import night as night_module
from embedded.composition import catalogue as catalogue_module
from embedded.composition import first_night as first_night_module
from embedded.composition import wire as wire_module
from embedded.composition.secrets import GENERATORS
from embedded.night import default_date
from embedded.settings import Settings
from embedded.shop import __main__ as shop_command

SECRET = dict.fromkeys(GENERATORS, "secret")


@pytest.fixture(params=[True, False], ids=["with", "without"])
def has_shop(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Both repositories in turn."""
    for module in (catalogue_module, first_night_module, wire_module, shop_command, night_module):
        monkeypatch.setattr(module, "shop_is_declared", lambda: request.param)
    return bool(request.param)


def test_its_addresses_and_its_token_are_variables_of_the_platform(has_shop: bool, tmp_path: Path) -> None:
    settings = Settings.from_environ({"LAKEHOUSE_STATE_DIR": str(tmp_path)})
    variables = wire_module.wire(settings, SECRET)
    mentions = [name for name, value in variables.items() if "shop" in f"{name} {value}".lower()]
    assert bool(mentions) is has_shop
    assert "AIRFLOW_URL" in variables


def test_its_first_night_is_a_variable_of_airflow(has_shop: bool, tmp_path: Path) -> None:
    settings = Settings.from_environ({"LAKEHOUSE_STATE_DIR": str(tmp_path)})
    found = first_night_module.first_night(settings)
    assert bool(found) is has_shop
    if has_shop:
        assert found["LAKEHOUSE_FIRST_NIGHT"] == str(default_date()) == "2025-10-16"
        opens = shlex.split(found["LAKEHOUSE_FIRST_NIGHT_COMMAND"])
        assert opens == [
            str(settings.python("embedded")),
            "-m",
            "embedded.shop",
            "advance",
            "--to",
            "2025-10-16",
        ]


def test_it_is_a_service_with_a_database(
    has_shop: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    databases: list[Any] = []
    own_cluster = catalogue_module.cluster

    def seen(*given: Any) -> Any:
        databases.append(own_cluster(*given))
        return databases[-1]

    monkeypatch.setattr(catalogue_module, "cluster", seen)
    settings = Settings.from_environ({"LAKEHOUSE_STATE_DIR": str(tmp_path)})
    services = catalogue_module.catalogue(
        settings,
        SECRET,
        wire_module.wire(settings, SECRET),
        airflow_environment=dict,
        user_values=dict,
    )
    assert ("shop" in services) is has_shop
    assert ("shop" in databases[0].databases) is has_shop
    shown = " ".join(f"{each.name} {each.title}" for each in services.values()).lower()
    assert ("shop" in shown) is has_shop
    assert {"postgres", "airbyte", "airflow"} <= set(services)


def test_its_command_says_why_there_is_none(
    has_shop: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("HOST", "PORT", "DATABASE", "USER", "PASSWORD"):
        monkeypatch.delenv(f"SHOP_PG_{name}", raising=False)
    assert shop_command.main(["status"]) == 2
    told = capsys.readouterr().err
    assert ("the shop is not part of this platform" in told) is not has_shop
    assert ("SHOP_PG_HOST" in told) is has_shop
