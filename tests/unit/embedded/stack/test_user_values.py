"""Where a user's value is found, what is remembered for the next shell, and what the user is told."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from embedded.composition import user_values as module
from embedded.composition.user_values import UserValues, remember, user_values, variables_asked_for
from embedded.settings import Settings
from embedded.stack.env_file import EnvFileError

SETTINGS = """
# ${NOT_ASKED} is in a comment
airflow:
  connections:
    - conn_id: cafe_postgres
      conn_host: ${CAFE_PG_HOST}        # not ${THIS}
      conn_port: ${CAFE_PG_PORT:-5432}
      conn_password: ${CAFE_PG_PASSWORD}
    - conn_id: shop_postgres
      conn_host: ${SHOP_PG_HOST}
"""
OWN = {"SHOP_PG_HOST": "127.0.0.1", "DREMIO_PORT": "9047"}


class Place:
    """A repository with a settings file, and a state folder."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = folder
        self.settings = Settings.from_environ({"LAKEHOUSE_STATE_DIR": str(folder / "state")})
        self.settings.state_dir.mkdir()
        (folder / "airflow_settings.yaml").write_text(SETTINGS)
        monkeypatch.setattr(module, "ROOT", folder)
        monkeypatch.setattr(module, "SETTINGS_FILE", folder / "airflow_settings.yaml")

    def write(self, text: str, name: str = ".env") -> Path:
        path = self.root / name
        path.touch(mode=0o600)
        path.write_text(text)
        return path

    def found(self, exported: Mapping[str, str] | None = None) -> UserValues:
        return user_values(self.settings, OWN, exported or {})

    def start(self, exported: Mapping[str, str] | None = None) -> UserValues:
        """As `up` does it."""
        found = self.found(exported)
        remember(self.settings, found)
        return found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path, monkeypatch)


def test_what_is_asked_for_is_read_without_comments_from_any_file(place: Place, tmp_path: Path) -> None:
    asked = {"CAFE_PG_HOST", "CAFE_PG_PORT", "CAFE_PG_PASSWORD", "SHOP_PG_HOST"}
    assert variables_asked_for(module.SETTINGS_FILE) == asked
    broken = place.write("airflow: [\n  ${CAFE_PG_HOST}\n\t{", "broken.yaml")
    assert variables_asked_for(broken) == {"CAFE_PG_HOST"}
    assert variables_asked_for(tmp_path / "nowhere.yaml") == set()


def test_an_exported_value_wins_over_the_file_and_the_file_over_nothing(place: Place) -> None:
    place.write("CAFE_PG_HOST=written\nCAFE_PG_PASSWORD='p$w # d'\n")
    found = place.found({"CAFE_PG_HOST": "exported", "OTHER": "x"})
    assert found.values == {"CAFE_PG_HOST": "exported", "CAFE_PG_PASSWORD": "p$w # d"}


def test_an_empty_variable_is_not_a_value(place: Place) -> None:
    place.write("CAFE_PG_HOST=written\nCAFE_PG_PORT=\n")
    assert place.found({"CAFE_PG_HOST": ""}).values == {"CAFE_PG_HOST": "written"}


def test_what_was_exported_at_the_start_is_known_to_a_later_shell(place: Place) -> None:
    """`make up` with the variable exported, then `make night` from cron: no connection may be lost."""
    place.start({"CAFE_PG_PASSWORD": "told once"})
    later = place.start()
    assert later.values == {"CAFE_PG_PASSWORD": "told once"}
    assert place.found().values == later.values, "and to the one after that"
    kept = place.settings.state_dir / module.REMEMBERED
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_the_file_wins_over_what_is_remembered_and_ends_it(place: Place) -> None:
    place.start({"CAFE_PG_PASSWORD": "old"})
    place.write("CAFE_PG_PASSWORD=new\n")
    assert place.start().values == {"CAFE_PG_PASSWORD": "new"}
    place.write("")
    assert place.start().values == {}
    assert not (place.settings.state_dir / module.REMEMBERED).exists()


@pytest.mark.parametrize("exported", [{"CAFE_PG_PASSWORD": ""}, {"CAFE_PG_PASSWORD": "new"}])
def test_an_exported_value_replaces_the_remembered_one_or_ends_it(
    place: Place, exported: dict[str, str]
) -> None:
    place.start({"CAFE_PG_PASSWORD": "old"})
    place.start(exported)
    assert place.found().values == {name: value for name, value in exported.items() if value}


def test_a_variable_that_nothing_asks_for_any_more_is_forgotten(place: Place) -> None:
    place.start({"CAFE_PG_PASSWORD": "secret"})
    module.SETTINGS_FILE.write_text(SETTINGS.replace("${CAFE_PG_PASSWORD}", "none"))
    place.start()
    assert not (place.settings.state_dir / module.REMEMBERED).exists()


def test_values_in_another_shell_leave_the_services_environment_as_it_is(place: Place) -> None:
    """A changed environment restarts Airflow: that must not happen for an unrelated variable."""
    before = place.start({"CAFE_PG_PASSWORD": "one"})
    assert place.start({"SOMETHING": "else", "DREMIO_PORT": "1"}).values == before.values


def test_the_platforms_own_variables_are_replaced_by_the_file_only(place: Place) -> None:
    """A shell that ran `eval "$(make env ...)"` before a reset holds the old platform's values."""
    stale = {"SHOP_PG_HOST": "of the platform before"}
    assert place.found(stale).values == {}
    [remark] = place.found(stale).remarks
    assert "exported and not used: SHOP_PG_HOST" in remark
    assert "unset SHOP_PG_HOST" in remark
    path = place.write("SHOP_PG_HOST=db.example.com\n")
    assert place.found(stale).values == {"SHOP_PG_HOST": "db.example.com"}
    assert place.found(OWN).remarks == ()
    assert place.found().env_file == path


def test_another_file_is_named_by_a_variable_and_remembered(place: Place) -> None:
    place.write("CAFE_PG_HOST=default\n")
    other = place.write("CAFE_PG_HOST=other\n", "other.env")
    assert place.start({"LAKEHOUSE_ENV_FILE": "other.env"}).values == {"CAFE_PG_HOST": "other"}
    later = place.found()
    assert (later.env_file, later.values) == (other, {"CAFE_PG_HOST": "other"})
    assert place.found({"LAKEHOUSE_ENV_FILE": ""}).values == {"CAFE_PG_HOST": "default"}


def test_tests_and_others_can_do_without_any_file(place: Place) -> None:
    place.write("CAFE_PG_HOST=default\n")
    found = place.found({"LAKEHOUSE_ENV_FILE": "/dev/null"})
    assert (found.values, found.remarks) == ({}, ())


def test_a_named_file_that_is_not_there_is_told_with_what_to_do(place: Place) -> None:
    with pytest.raises(
        EnvFileError, match=r"LAKEHOUSE_ENV_FILE names .*/gone.env, which is not there: put it"
    ):
        place.found({"LAKEHOUSE_ENV_FILE": "gone.env"})


def test_a_misspelled_name_and_a_file_open_to_others_are_remarked(place: Place) -> None:
    path = place.write("CAFE_PG_HOTS=x\n")
    path.chmod(0o644)
    remarks = " ".join(place.found().remarks)
    assert f"run `chmod 600 {path}`" in remarks
    assert "sets CAFE_PG_HOTS, which airflow_settings.yaml does not ask for" in remarks
