"""The settings file becomes what an Airflow reads, or says what is missing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from airflow.sdk import Connection

from lakehouse.platform.airflow_settings import (
    SETTINGS_FILE,
    SettingsError,
    connections,
    environment_lines,
    load_settings,
    main,
    pools,
)

NAMES = sorted(set(re.findall(r"\$\{([A-Z0-9_]+)", SETTINGS_FILE.read_text())) - {"NAME"})
ENVIRONMENT = {name: "15432" if "PORT" in name else f"value of {name}" for name in NAMES}


def test_every_connection_of_the_design_is_there() -> None:
    converted = connections(load_settings(environment=ENVIRONMENT))
    assert set(converted) >= {
        "airbyte_default",
        "lake_s3",
        "platform_postgres",
        "dremio_default",
        "superset_default",
        "airflow_api",
        "airflow_metadata",
        "alerts_default",
        "elasticsearch_default",
    }
    assert converted["platform_postgres"]["port"] == 15432
    assert converted["airbyte_default"]["schema"] == "v1/applications/token"
    assert converted["lake_s3"]["extra"]["config_kwargs"] == {"s3": {"addressing_style": "path"}}


@pytest.mark.needs_shop
def test_the_shop_is_read_over_three_connections() -> None:
    converted = connections(load_settings(environment=ENVIRONMENT))
    assert set(converted) >= {"shop_postgres", "shop_api", "shop_files"}


def test_the_file_holds_no_secret() -> None:
    for line in SETTINGS_FILE.read_text().splitlines():
        if "conn_password" in line or "conn_login" in line:
            assert re.search(r": \$\{[A-Z0-9_]+\}", line), line


def test_every_missing_variable_is_named() -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings(
            environment={k: v for k, v in ENVIRONMENT.items() if k not in ("AIRBYTE_URL", "DREMIO_HOST")}
        )
    assert "AIRBYTE_URL, DREMIO_HOST" in str(refused.value)
    assert "SUPERSET_URL" not in str(refused.value)


def test_a_default_stands_in_for_a_variable_that_is_not_set() -> None:
    environment = {k: v for k, v in ENVIRONMENT.items() if k != "LAKE_S3_REGION"}
    assert (
        connections(load_settings(environment=environment))["lake_s3"]["extra"]["region_name"] == "us-east-1"
    )


@pytest.mark.needs_shop
def test_a_value_is_not_expanded_again() -> None:
    converted = connections(load_settings(environment=ENVIRONMENT | {"SHOP_PG_PASSWORD": "a${DREMIO_HOST}$"}))
    assert converted["shop_postgres"]["password"] == "a${DREMIO_HOST}$"


@pytest.mark.needs_shop
def test_environment_lines_are_what_airflow_reads() -> None:
    lines = dict(line.split("=", 1) for line in environment_lines(load_settings(environment=ENVIRONMENT)))
    assert json.loads(lines["AIRFLOW_CONN_SHOP_API"])["host"] == "value of SHOP_API_URL"


@pytest.mark.needs_shop
def test_a_connection_given_as_a_uri_stays_one_and_airflow_reads_it() -> None:
    """A folder here, a bucket or an SFTP server elsewhere: one variable says it all."""
    uri = "aws://KEY:a%2Fb@/?bucket=drops&region_name=eu-west-1"
    settings = load_settings(environment=ENVIRONMENT | {"SHOP_FILES_URI": uri})
    assert connections(settings)["shop_files"] == uri
    [line] = [line for line in environment_lines(settings) if line.startswith("AIRFLOW_CONN_SHOP_FILES=")]
    read = Connection.from_uri(line.split("=", 1)[1], "shop_files")
    assert (read.conn_type, read.login, read.password) == ("aws", "KEY", "a/b")
    assert read.extra_dejson == {"bucket": "drops", "region_name": "eu-west-1"}


def test_the_pools() -> None:
    converted = pools(load_settings(environment=ENVIRONMENT))
    assert {name: pool["slots"] for name, pool in converted.items()} == {
        "airbyte": 4,
        "dremio": 4,
        "announcements": 1,
        "stream": 1,
    }
    assert converted["airbyte"]["include_deferred"] is True


@pytest.mark.needs_shop
@pytest.mark.parametrize("port", ["many", "0", "-1", "65536", "5432.5"])
def test_an_invalid_port_is_an_error_and_leaves_out_only_its_connection(port: str) -> None:
    environment = ENVIRONMENT | {"SHOP_PG_PORT": port}
    words = f"the port of shop_postgres is not a number from 1 to 65535: {port!r}"
    with pytest.raises(SettingsError, match=re.escape(words)):
        connections(load_settings(environment=environment))
    told: dict[str, str] = {}
    loaded = connections(load_settings(environment=environment, leave_out=told.__setitem__))
    assert told == {"shop_postgres": words}
    assert loaded == {
        name: each
        for name, each in connections(load_settings(environment=ENVIRONMENT)).items()
        if name != "shop_postgres"
    }


def test_a_malformed_file_is_one_line_and_exit_code_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "airflow_settings.yaml"
    broken.write_text("airflow: [not a mapping]")
    assert main(["environment", "--settings", str(broken)]) == 1
    assert capsys.readouterr().err.strip() == "airflow_settings.yaml has no section `airflow`"


def test_a_written_file_is_for_its_owner_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    out = tmp_path / "connections.json"
    assert main(["connections", "--file", str(out)]) == 0
    assert out.stat().st_mode & 0o077 == 0
    assert "superset_default" in json.loads(out.read_text())


@pytest.mark.needs_shop
def test_a_connection_without_its_values_is_left_out_and_named_and_the_others_stay(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SHOP_API_TOKEN")
    monkeypatch.setenv("SHOP_PG_PASSWORD", "")
    monkeypatch.delenv("SHOP_PG_HOST")
    assert main(["environment", "--leave-out-incomplete"]) == 0
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [
        "shop_postgres: SHOP_PG_HOST, SHOP_PG_PASSWORD have no values",
        "shop_api: SHOP_API_TOKEN has no value",
    ]
    found = {line.split("=")[0] for line in printed.out.splitlines()}
    assert "AIRFLOW_CONN_SHOP_FILES" in found
    assert not {"AIRFLOW_CONN_SHOP_API", "AIRFLOW_CONN_SHOP_POSTGRES"} & found


def test_pools_need_no_values_when_incomplete_connections_are_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    assert main(["pools", "--leave-out-incomplete"]) == 0
    assert json.loads(capsys.readouterr().out)["airbyte"]["slots"] == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("airflow:\n  connections:\n\t- x", "cannot be read: .* line 3, column 1"),
        ("airflow: {connections: [{conn_type: http}]}", "every entry of `connections` needs a `conn_id`"),
        ("airflow: {pools: {a: b}}", "every entry of `pools` needs a `pool_name`"),
    ],
)
def test_what_is_wrong_with_the_file_is_said_in_one_line(tmp_path: Path, text: str, told: str) -> None:
    broken = tmp_path / "airflow_settings.yaml"
    broken.write_text(text)
    with pytest.raises(SettingsError, match=told) as refused:
        load_settings(broken, {})
    assert "\n" not in str(refused.value)
