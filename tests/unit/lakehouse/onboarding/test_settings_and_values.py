"""The shared files: airflow_settings.yaml keeps its comments, `.env` keeps its secrets to itself."""

from __future__ import annotations

import difflib
import os
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from lakehouse.onboarding.writing.blueprint import Blueprint, BlueprintError, Source
from lakehouse.onboarding.writing.diff import diff_lines
from lakehouse.onboarding.writing.env_file import env_change, read_values
from lakehouse.onboarding.writing.file_changes import write_all
from lakehouse.onboarding.writing.settings_file import settings_change
from lakehouse.platform.airflow_settings import SETTINGS_FILE, connections, load_settings

CAFE = Blueprint(
    "cafe",
    (
        Source("postgres", "cafe_", ()),
        Source("files", "cafe_", ()),
        Source("rest", "cafe_", (), {"has_token": True}),
    ),
)
VALUES = {
    "CAFE_PG_HOST": "db.example.com",
    "CAFE_PG_PASSWORD": 'p@ss $w\'x # "y"',
    "CAFE_FILES_URI": "fs:///?path=%2Fsrv",
    "CAFE_API_TOKEN": "back\\slash $and 'quote\\",
}


SETTINGS = """\
# Every comment stays.
airflow:
  connections:
    - conn_id: lake_s3
      conn_type: aws
      conn_extra:
        endpoint_url: ${LAKE_S3_ENDPOINT}

    - conn_id: platform_postgres                  # a comment of one of them
      conn_type: postgres
      conn_host: ${PLATFORM_PG_HOST}
      conn_password: ${PLATFORM_PG_PASSWORD}      # the last value of the last one

  pools:
    # A comment of the next section.
    - pool_name: dremio
      pool_slot: 4

  variables: []
"""
"""As airflow_settings.yaml, whose businesses are its user's: one of them may be called cafe."""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ["LAKEHOUSE_ENV_FILE", *(name for name in os.environ if name.startswith("CAFE_"))]:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / SETTINGS_FILE.name).write_text(SETTINGS)
    return tmp_path


def test_connections_are_added_and_nothing_else_changes(root: Path) -> None:
    change = settings_change(CAFE, root)
    assert change is not None
    lines = list(difflib.ndiff((change.before or "").splitlines(), (change.after or "").splitlines()))
    added = [line[2:] for line in lines if line.startswith("+ ")]
    assert [line for line in lines if line.startswith("- ")] == []
    assert yaml.safe_load("\n".join(added)) == [
        {
            "conn_id": "cafe_postgres",
            "conn_type": "postgres",
            "conn_host": "${CAFE_PG_HOST}",
            "conn_port": "${CAFE_PG_PORT}",
            "conn_schema": "${CAFE_PG_DATABASE}",
            "conn_login": "${CAFE_PG_USER}",
            "conn_password": "${CAFE_PG_PASSWORD}",
        },
        {"conn_id": "cafe_files", "conn_uri": "${CAFE_FILES_URI}"},
        {
            "conn_id": "cafe_api",
            "conn_type": "http",
            "conn_host": "${CAFE_API_URL}",
            "conn_password": "${CAFE_API_TOKEN}",
        },
    ]


def test_airflow_reads_the_connections_that_were_added(root: Path) -> None:
    change = settings_change(CAFE, root)
    assert change is not None
    write_all([change], root)
    names = ("HOST", "PORT", "DATABASE", "USER", "PASSWORD")
    values = {f"CAFE_PG_{name}": "5432" for name in names} | {
        "CAFE_FILES_URI": "fs:///?path=%2Fsrv",
        "CAFE_API_URL": "https://api",
        "CAFE_API_TOKEN": "t",
    }
    settings = load_settings(root / SETTINGS_FILE.name, values, leave_out=lambda *_: None)
    found = connections(settings)
    assert found["cafe_files"] == "fs:///?path=%2Fsrv"
    assert found["cafe_api"] == {"conn_type": "http", "host": "https://api", "password": "t"}
    assert found["cafe_postgres"]["port"] == 5432  # type: ignore[index]


def test_connections_that_are_there_are_left_alone(root: Path) -> None:
    change = settings_change(CAFE, root)
    assert change is not None
    write_all([change], root)
    assert settings_change(CAFE, root) is None


VERIFIED = {"ssl_mode": "verify-full", "ssl_files": ["sslrootcert"]}
EXTRA = """\
      conn_extra:
        sslmode: verify-full
        sslrootcert: ${CAFE_PG_SSLROOTCERT}
"""


def with_settings(**settings: object) -> Blueprint:
    return CAFE.with_source(replace(CAFE.sources[0], settings=settings))


def written(blueprint: Blueprint, root: Path) -> str:
    if (change := settings_change(blueprint, root)) is not None:
        write_all([change], root)
    return (root / SETTINGS_FILE.name).read_text()


def test_certificates_come_and_go_with_the_address_and_nothing_else_changes(root: Path) -> None:
    plain = written(CAFE, root)
    password = "      conn_password: ${CAFE_PG_PASSWORD}\n"
    assert written(with_settings(**VERIFIED), root) == plain.replace(password, password + EXTRA)
    assert settings_change(with_settings(**VERIFIED), root) is None
    more = VERIFIED | {"ssl_mode": "verify-ca", "ssl_files": ["sslrootcert", "sslcert", "sslkey"]}
    assert yaml.safe_load(written(with_settings(**more), root))["airflow"]["connections"][2][
        "conn_extra"
    ] == {
        "sslmode": "verify-ca",
        "sslrootcert": "${CAFE_PG_SSLROOTCERT}",
        "sslcert": "${CAFE_PG_SSLCERT}",
        "sslkey": "${CAFE_PG_SSLKEY}",
    }
    assert written(with_settings(ssl_mode="require"), root) == plain


def test_an_extra_of_ones_own_is_left_alone(root: Path) -> None:
    text = written(CAFE, root)
    password = "      conn_password: ${CAFE_PG_PASSWORD}\n"
    own = text.replace(password, password + "      conn_extra: {keepalives_idle: 30}\n")
    (root / SETTINGS_FILE.name).write_text(own)
    assert settings_change(CAFE, root) is None
    with pytest.raises(BlueprintError, match="cafe_postgres has a conn_extra of your own"):
        settings_change(with_settings(**VERIFIED), root)


@pytest.mark.parametrize("text", ["airflow: {}\n", "airflow: [\n", "airflow:\n  connections: []\n"])
def test_a_settings_file_of_another_form_is_refused(root: Path, text: str) -> None:
    (root / SETTINGS_FILE.name).write_text(text)
    with pytest.raises(BlueprintError, match=r"airflow_settings.yaml"):
        settings_change(CAFE, root)


def test_values_are_read_as_they_were_written(root: Path) -> None:
    change = env_change(VALUES, root)
    assert change is not None
    write_all([change], root)
    assert (root / ".env").stat().st_mode & 0o777 == 0o600
    read = read_values(root)
    assert {name: read[name] for name in VALUES} == VALUES
    assert env_change(VALUES, root) is None


def test_lines_of_other_variables_stay_and_old_values_are_replaced(root: Path) -> None:
    (root / ".env").write_text("# mine\nexport OTHER=1\nCAFE_PG_HOST = old\n")
    change = env_change({"CAFE_PG_HOST": "new", "CAFE_PG_PORT": "5432"}, root)
    assert change is not None
    assert change.after == "# mine\nexport OTHER=1\nCAFE_PG_HOST=new\nCAFE_PG_PORT=5432\n"


def test_the_diff_shows_which_values_change_and_none_of_them(root: Path) -> None:
    (root / ".env").write_text("OTHER=secret0\nCAFE_PG_PASSWORD=secret1\n")
    change = env_change({"CAFE_PG_PASSWORD": "secret2", "CAFE_API_TOKEN": "secret3"}, root)
    assert change is not None
    shown = "\n".join(diff_lines(change))
    assert "secret" not in shown
    assert "-CAFE_PG_PASSWORD=****\n+CAFE_PG_PASSWORD=****  (new value)\n+CAFE_API_TOKEN=****" in shown


def test_what_the_shell_exports_wins(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".env").write_text("CAFE_PG_HOST=written\nCAFE_PG_PORT=1\n")
    monkeypatch.setenv("CAFE_PG_HOST", "exported")
    values = read_values(root)
    assert (values["CAFE_PG_HOST"], values["CAFE_PG_PORT"]) == ("exported", "1")


def test_another_file_can_hold_the_values(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_ENV_FILE", str(root / "elsewhere.env"))
    change = env_change({"CAFE_PG_HOST": "db"}, root)
    assert change is not None
    assert change.path == "elsewhere.env"
    write_all([change], root)
    assert read_values(root)["CAFE_PG_HOST"] == "db"


def test_a_value_with_a_line_break_is_refused_without_being_shown(root: Path) -> None:
    with pytest.raises(BlueprintError, match="CAFE_API_TOKEN") as refused:
        env_change({"CAFE_API_TOKEN": "secret\nsecret"}, root)
    assert "secret" not in str(refused.value)
