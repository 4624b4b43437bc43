"""supervisord's configuration: read back by supervisord's own reader, secrets kept out of it."""

from __future__ import annotations

import json
import os
import shlex
import time
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from embedded.composition.catalogue import catalogue
from embedded.composition.secrets import GENERATORS
from embedded.composition.wire import wire
from embedded.declared import shop_is_declared
from embedded.settings import Settings
from embedded.stack.service import Program
from embedded.stack.supervisor import SOCKET_PATH_LIMIT, render, socket_path, specification
from embedded.stack.supervisord import Poller

SECRET = {name: f"secret-of-{name}" for name in GENERATORS}


def read_back(settings: Settings, programs: list[Program], monkeypatch: pytest.MonkeyPatch) -> ServerOptions:
    settings.run_dir.mkdir(parents=True)
    settings.logs_dir.mkdir(parents=True)
    path = settings.run_dir / "supervisord.conf"
    prints = {program.name: "0" * 16 for program in programs}
    path.write_text(render(settings, programs, prints, socket_path(settings)))
    monkeypatch.chdir(settings.run_dir)  # as supervisord is started
    options = ServerOptions()
    options.realize(["-c", str(path)], doc="")
    return options


PROGRAMS = {
    "postgres",
    *(f"object_store-{part}" for part in ("account", "container", "object", "proxy", "updater")),
    *(("shop",) if shop_is_declared() else ()),
    "airbyte",
    "dremio",
    "superset",
    "airflow",
    "prometheus",
    "alertmanager",
    "observer",
    "elasticsearch",
    "log_shipper",
}
"""Everything that runs, by the name of its log. Airflow's four components are children of one program."""


def platform_in(folder: Path) -> Settings:
    return Settings.from_environ({"LAKEHOUSE_STATE_DIR": str(folder)})


def test_a_pipe_that_nobody_reads_any_more_is_not_asked_for_again_and_again() -> None:
    """A stale number, registered for reading, is given to the pipe of a program that closes its end."""
    poller = Poller(None)
    reader, writer = os.pipe()
    try:
        poller.register_readable(writer)
        os.close(reader)
        assert poller.poll(0) == ([], [])
        assert writer not in poller.readables
        began = time.monotonic()
        assert poller.poll(0.2) == ([], [])
        assert time.monotonic() - began >= 0.15, "it waits, as there is nothing to do"
    finally:
        os.close(writer)


def test_supervisord_reads_every_program_of_the_platform(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = platform_in(tmp_path)
    services = catalogue(settings, SECRET, wire(settings, SECRET), airflow_environment=dict, user_values=dict)
    programs = [p for s in services.values() for p in s.programs]
    groups = {group.name: group for group in read_back(settings, programs, monkeypatch).process_group_configs}
    assert set(groups) == {program.name for program in programs}
    assert set(groups) == PROGRAMS
    for group in groups.values():
        [process] = group.process_configs
        assert process.autorestart
        assert not process.autostart, "started by the stack, in order"
        log = (settings.run_dir / process.stdout_logfile).resolve()
        assert log == settings.logs_dir / f"{process.name}.log"


def test_every_program_has_its_home_in_the_state_folder_and_nothing_of_the_callers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """gunicorn made `~/.gunicorn`, DuckDB `~/.duckdb`, Airflow `~/airflow`."""
    monkeypatch.setenv("HOME", str(tmp_path / "users"))
    settings = platform_in(tmp_path / "place")
    services = catalogue(
        settings, SECRET, wire(settings, SECRET), airflow_environment=dict, user_values=lambda: {"MINE": "1"}
    )
    environments = {
        program.name: json.loads(specification(program, {}, settings))["environment"]
        for service in services.values()
        for program in service.programs
    }
    assert set(environments) == PROGRAMS
    assert {each["HOME"] for each in environments.values()} == {str(settings.state_dir / "home")}
    assert str(tmp_path / "users") not in json.dumps(environments)
    told = {name for name, each in environments.items() if "MINE" in each}
    assert told == {"observer", "log_shipper"}, "and Airflow, by its own environment"


def test_a_folder_with_spaces_and_percent_signs_is_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = platform_in(tmp_path / "100%sure folder")
    [group] = read_back(settings, [Program("one", ("true",))], monkeypatch).process_group_configs
    [process] = group.process_configs
    assert shlex.split(process.command)[3] == str(settings.run_dir / "programs" / "one.json")
    assert (settings.run_dir / process.stdout_logfile).resolve() == settings.logs_dir / "one.log"


def test_secrets_stay_out_of_the_configuration_and_out_of_the_command_line(tmp_path: Path) -> None:
    settings = platform_in(tmp_path)
    program = Program("one", ("serve",), lambda: {"PASSWORD": "hunter2"})
    assert "hunter2" not in render(settings, [program], {"one": "0"}, tmp_path / "socket")
    assert json.loads(specification(program, {}, settings))["environment"]["PASSWORD"] == "hunter2"


def test_values_that_supervisords_own_environment_cannot_hold_arrive_whole(tmp_path: Path) -> None:
    """Airflow's connections are JSON: quotes, commas and percent signs at once."""
    value = '{"extra": "it\'s 100% \\"quoted\\", with\\nlines"}'
    text = specification(Program("one", ("serve",), lambda: {"CONNECTION": value}), {}, platform_in(tmp_path))
    assert json.loads(text)["environment"]["CONNECTION"] == value


def test_callers_environment_does_not_leak_into_a_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGHOST", "elsewhere")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere")
    monkeypatch.setenv("HTTP_PROXY", "http://elsewhere")
    environment = json.loads(specification(Program("one", ("serve",)), {}, platform_in(tmp_path)))[
        "environment"
    ]
    assert "elsewhere" not in json.dumps(environment)
    assert environment["TZ"] == "UTC"


def test_a_state_folder_too_deep_for_a_socket_gets_a_short_private_one(tmp_path: Path) -> None:
    near, far = platform_in(tmp_path), platform_in(tmp_path / ("deep" * 30))
    assert len(str(socket_path(far))) <= SOCKET_PATH_LIMIT
    assert socket_path(far).parent.stat().st_mode & 0o077 == 0
    assert socket_path(far) == socket_path(far)
    assert socket_path(far) != socket_path(near)
