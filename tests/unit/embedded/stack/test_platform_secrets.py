"""Secrets: made once, kept, private; never silently remade beside data that needs the old ones."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from embedded.composition.secrets import GENERATORS
from embedded.stack.secrets import SecretsError, load_or_create, read


def test_secrets_are_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "state" / "secrets.env"
    first = load_or_create(path, GENERATORS, tmp_path / "data")
    assert set(first) == set(GENERATORS)
    assert all(first.values())
    assert load_or_create(path, GENERATORS, tmp_path / "data") == first


def test_commands_that_come_at_once_go_on_with_the_same_secrets(tmp_path: Path) -> None:
    """Two commands on a fresh state: one ended in a traceback, or with passwords that were not kept."""
    path = tmp_path / "state" / "secrets.env"
    together = Barrier(8)

    def come(_: int) -> dict[str, str]:
        together.wait(10)
        return load_or_create(path, GENERATORS, tmp_path / "data")

    with ThreadPoolExecutor(8) as commands:
        made = list(commands.map(come, range(8)))
    assert made == [read(path)] * 8
    assert [each.name for each in path.parent.iterdir()] == ["secrets.env"]


def test_only_the_owner_may_read_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    load_or_create(path, GENERATORS, tmp_path / "data")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_secret_that_a_later_version_needs_is_added_and_the_others_stay(tmp_path: Path) -> None:
    path = tmp_path / "secrets.env"
    first = load_or_create(path, GENERATORS, tmp_path / "data")
    path.write_text("\n".join(f"{k}={v}" for k, v in first.items() if k != "SHOP_API_TOKEN"))
    second = load_or_create(path, GENERATORS, tmp_path / "data")
    assert second["SHOP_API_TOKEN"]
    assert second | {"SHOP_API_TOKEN": ""} == first | {"SHOP_API_TOKEN": ""}
    assert read(path) == second


def test_lost_secrets_of_existing_data_are_an_error_not_a_new_set(tmp_path: Path) -> None:
    data = tmp_path / "postgres"
    data.mkdir()
    with pytest.raises(SecretsError, match="make reset"):
        load_or_create(tmp_path / "secrets.env", GENERATORS, data)
    assert not (tmp_path / "secrets.env").exists()


def test_dremio_accepts_its_password(tmp_path: Path) -> None:
    """Dremio's rule: eight characters or more, at least one letter and one digit."""
    password = load_or_create(tmp_path / "secrets.env", GENERATORS, tmp_path / "data")["DREMIO_PASSWORD"]
    assert len(password) >= 8
    assert any(character.isalpha() for character in password)
    assert any(character.isdigit() for character in password)
