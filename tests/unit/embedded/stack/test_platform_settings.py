"""Settings: state folder and ports of one platform, read from the environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded.settings import DEFAULT_PORTS, ROOT, Settings, SettingsError


def test_defaults_are_the_documented_ports_and_folders() -> None:
    settings = Settings.from_environ({})
    assert settings.port("AIRFLOW") == 8080
    assert settings.port("DREMIO_FLIGHT") == 32010
    assert settings.state_dir == ROOT / ".local" / "state"
    assert settings.receipts_dir == ROOT / ".local" / "receipts"


def test_offset_moves_every_port() -> None:
    moved = Settings.from_environ({"LAKEHOUSE_PORT_OFFSET": "700"})
    assert dict(moved.ports) == {name: port + 700 for name, port in DEFAULT_PORTS.items()}
    assert len(DEFAULT_PORTS) > 5


def test_one_port_moves_by_its_own_variable_whatever_the_offset() -> None:
    moved = Settings.from_environ({"LAKEHOUSE_PORT_OFFSET": "700", "LAKEHOUSE_PORT_AIRFLOW": "9999"})
    assert moved.port("AIRFLOW") == 9999
    assert moved.port("SUPERSET") == DEFAULT_PORTS["SUPERSET"] + 700


def test_a_child_process_finds_the_same_ports() -> None:
    moved = Settings.from_environ({"LAKEHOUSE_PORT_OFFSET": "700", "LAKEHOUSE_PORT_AIRFLOW": "9999"})
    assert dict(Settings.from_environ(moved.port_variables).ports) == dict(moved.ports)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"LAKEHOUSE_PORT_OFFSET": "many"}, "LAKEHOUSE_PORT_OFFSET='many' is not a whole number"),
        ({"LAKEHOUSE_PORT_OFFSET": "60000"}, "is outside 1024-65535"),
        ({"LAKEHOUSE_PORT_SHOP": "80"}, "change LAKEHOUSE_PORT_SHOP"),
        ({"LAKEHOUSE_PORT_SHOP": "8080"}, "given to both AIRFLOW and SHOP"),
    ],
)
def test_an_unusable_port_is_named(environ: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said.replace("(", r"\(")):
        Settings.from_environ(environ)


def test_a_relative_state_folder_becomes_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Settings.from_environ({"LAKEHOUSE_STATE_DIR": "mine"}).state_dir == tmp_path / "mine"


@pytest.mark.parametrize(("value", "observed"), [("1", True), ("0", False), ("", False), (" 1 ", True)])
def test_observe_is_a_switch(value: str, observed: bool) -> None:
    assert Settings.from_environ({"OBSERVE": value}).observe is observed


def test_another_word_for_observe_is_refused() -> None:
    with pytest.raises(SettingsError, match="OBSERVE='yes' is neither 1 nor 0"):
        Settings.from_environ({"OBSERVE": "yes"})
