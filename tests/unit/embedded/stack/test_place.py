"""A platform is found where it was started last, by a command that was told nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from embedded.composition.place import REMEMBERED, recalled, remember_place
from embedded.composition.platform import Platform
from embedded.settings import DEFAULT_PORTS, Settings, SettingsError

MOVED = {"LAKEHOUSE_PORT_OFFSET": "700", "LAKEHOUSE_PORT_AIRFLOW": "9999"}


@pytest.fixture
def only_state(tmp_path: Path) -> dict[str, str]:
    """What cron has set."""
    (tmp_path / "state").mkdir()
    return {"LAKEHOUSE_STATE_DIR": str(tmp_path / "state")}


def started(environ: dict[str, str]) -> Settings:
    settings = Settings.from_environ(recalled(environ))
    remember_place(settings)
    return settings


def test_ports_and_receipts_are_those_of_the_last_start(only_state: dict[str, str], tmp_path: Path) -> None:
    before = started(only_state | MOVED | {"LAKEHOUSE_RECEIPTS_DIR": str(tmp_path / "receipts")})
    assert Settings.from_environ(recalled(only_state)) == before
    assert started(only_state) == before, "a start that is told nothing forgets nothing"
    assert Settings.from_environ(recalled(only_state)) == before


def test_one_variable_of_the_ports_replaces_all_of_them(only_state: dict[str, str]) -> None:
    """Not a mixture of two places."""
    started(only_state | MOVED)
    found = Settings.from_environ(recalled(only_state | {"LAKEHOUSE_PORT_OFFSET": "100"}))
    assert dict(found.ports) == {name: port + 100 for name, port in DEFAULT_PORTS.items()}


@pytest.mark.parametrize("default", ["0", ""])
def test_the_documented_ports_come_back_when_they_are_asked_for(
    only_state: dict[str, str], default: str
) -> None:
    started(only_state | MOVED)
    back = started(only_state | {"LAKEHOUSE_PORT_OFFSET": default})
    assert dict(back.ports) == DEFAULT_PORTS
    assert dict(Settings.from_environ(recalled(only_state)).ports) == DEFAULT_PORTS


def test_a_platform_at_the_documented_place_keeps_nothing(only_state: dict[str, str]) -> None:
    settings = started(only_state)
    assert list(settings.state_dir.iterdir()) == []


@pytest.mark.parametrize(
    "text", ["", "[]", "no JSON", '{"HOME": "/elsewhere", "LAKEHOUSE_STATE_DIR": "/other"}']
)
def test_a_file_that_says_something_else_is_no_place(only_state: dict[str, str], text: str) -> None:
    (Path(only_state["LAKEHOUSE_STATE_DIR"]) / REMEMBERED).write_text(text)
    assert recalled(only_state) == only_state


def test_an_invalid_port_is_named_even_if_it_was_remembered(only_state: dict[str, str]) -> None:
    (Path(only_state["LAKEHOUSE_STATE_DIR"]) / REMEMBERED).write_text('{"LAKEHOUSE_PORT_OFFSET": "many"}')
    with pytest.raises(SettingsError, match="LAKEHOUSE_PORT_OFFSET='many' is not a whole number"):
        Settings.from_environ(recalled(only_state))


def test_every_command_opens_the_platform_there(
    only_state: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = started(only_state | MOVED)
    for name in (
        "LAKEHOUSE_RECEIPTS_DIR",
        "OBSERVE",
        *(f"LAKEHOUSE_PORT_{port}" for port in ("OFFSET", *DEFAULT_PORTS)),
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LAKEHOUSE_STATE_DIR", only_state["LAKEHOUSE_STATE_DIR"])
    assert Platform.here().settings == before
