"""A platform whose settings are incomplete or broken can still be looked at, used and stopped.

It runs in a copy of the checkout in a folder whose name has a blank, a quote and a dollar sign, for a user
with an empty home.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from embedded.settings import DEFAULT_PORTS
from testing.checkout_platform import copy_checkout
from testing.ports import free_platform_ports, port_variables
from testing.shell_variables import read_shell_variables

TEAHOUSE = """
    - conn_id: teahouse_postgres
      conn_type: postgres
      conn_host: ${TEAHOUSE_PG_HOST}
      conn_port: ${TEAHOUSE_PG_PORT:-5432}
      conn_password: ${TEAHOUSE_PG_PASSWORD}

    - conn_id: dremio_default
"""
COMMAND_SECONDS = 180
NOT_OF_THIS_TEST = ("LAKEHOUSE_", "TEAHOUSE_", "AIRFLOW", "MAKE", "MFLAGS", "PYTHONPATH")


class Clone:
    """A copy of the checkout, and its user's shell."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "it's a $HOME"
        self.home = folder / "home"
        for each in (self.root, self.home):
            each.mkdir()
        copy_checkout(self.root)
        self.settings = self.root / "airflow_settings.yaml"
        text = self.settings.read_text()
        assert text.count("\n    - conn_id: dremio_default\n") == 1
        self.sound = text.replace("\n    - conn_id: dremio_default\n", TEAHOUSE)
        self.settings.write_text(self.sound)
        self.env_file = self.root / ".env"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(NOT_OF_THIS_TEST)}
        self.ports = port_variables(free_platform_ports())
        self.environment = kept | self.ports | {"HOME": str(self.home)}

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """A command in the checkout's folder."""
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.environment | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def up(self, **variables: str) -> str:
        """`up` of PostgreSQL, which does not set anything up; what it printed."""
        done = self.run("bin/platform", "up", "postgres", **variables)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def airflow(self, **variables: str) -> dict[str, str]:
        """What a process of Airflow is given."""
        done = self.run("bin/platform", "env", "--airflow", **variables)
        assert done.returncode == 0, done.stderr
        return read_shell_variables(done.stdout)

    def restore(self) -> None:
        """The sound settings file, and no values of the user's."""
        self.settings.write_text(self.sound)
        self.env_file.unlink(missing_ok=True)

    def processes(self) -> list[psutil.Process]:
        """Those of the platform that run."""
        state = str(self.root / ".local" / "state")
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("LAKEHOUSE_STATE_DIR") == state:
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
                continue
        return found


@pytest.fixture(scope="module")
def running() -> Iterator[Clone]:
    """With PostgreSQL up; the connection of the café has no values."""
    # Not a folder of pytest's: PostgreSQL gives up root's rights and could not enter one of mode 700.
    with tempfile.TemporaryDirectory(prefix="lakehouse-locked-") as folder:
        Path(folder).chmod(0o755)
        clone = Clone(Path(folder))
        clone.up()
        yield clone
        clone.restore()
        assert clone.run("bin/platform", "down").returncode == 0


@pytest.fixture(autouse=True)
def restored(running: Clone) -> Iterator[None]:
    """Each test finds the sound files, and a running PostgreSQL."""
    if not running.processes():
        running.up()
    yield
    running.restore()


def break_settings(clone: Clone) -> dict[str, str]:
    clone.settings.write_text(f"{clone.sound}\n\t- not: [yaml\n")
    return {}


def break_env_file(clone: Clone) -> dict[str, str]:
    clone.env_file.write_text("TEAHOUSE_PG_HOST='never closed\n")
    return {}


def lose_env_file(clone: Clone) -> dict[str, str]:
    return {"LAKEHOUSE_ENV_FILE": "gone.env"}


def lack_values(clone: Clone) -> dict[str, str]:
    return {}


FAULTS = (lack_values, break_settings, break_env_file, lose_env_file)
COMMANDS = (
    ("bin/platform", "status"),
    ("bin/platform", "env"),
    ("bin/platform", "logs", "postgres"),
    ("bin/psql", "platform", "-tAc", "select 'psql answers'"),
    ("bin/airflow", "version"),
)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_only_looks_works_whatever_the_settings_say(running: Clone, fault: object) -> None:
    assert callable(fault)
    variables = fault(running)
    for command in COMMANDS:
        done = running.run(*command, **variables)
        assert "Traceback" not in done.stderr, command
        assert "error:" not in done.stderr, command
        # 1: not all services of the platform are up.
        assert done.returncode == (1 if command[1] == "status" else 0), (command, done.stderr)
        assert done.stdout.strip(), command
    assert "postgres" in running.run("bin/platform", "status", **variables).stdout


@pytest.mark.parametrize("fault", FAULTS)
def test_a_running_platform_can_be_stopped_whatever_the_settings_say(running: Clone, fault: object) -> None:
    """It once could not: a variable was missing, and `down` refused as `up` did."""
    assert callable(fault)
    before = running.processes()
    variables = fault(running)
    done = running.run("bin/platform", "down", **variables)
    assert done.returncode == 0, done.stderr
    assert len(before) >= 2
    assert not [p for p in before if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize("fault", [break_settings, break_env_file, lose_env_file])
def test_a_start_with_broken_files_is_refused_in_one_line_and_changes_nothing(
    running: Clone, fault: object
) -> None:
    assert callable(fault)
    before = {p.pid for p in running.processes()}
    done = running.run("bin/platform", "up", "postgres", **fault(running))
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1
    assert "never closed" not in done.stderr, "it may be a secret"
    assert {p.pid for p in running.processes()} == before


def test_connections_of_the_last_start_serve_while_the_file_is_broken(running: Clone) -> None:
    sound = running.airflow()
    break_settings(running)
    done = running.run("bin/platform", "env", "--airflow")
    assert "warning: airflow_settings.yaml cannot be loaded" in done.stderr
    assert "going on with the connections of the last `make up`" in done.stderr
    assert read_shell_variables(done.stdout) == sound
    assert "AIRFLOW_CONN_PLATFORM_POSTGRES" in sound


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ("", "TEAHOUSE_PG_HOST, TEAHOUSE_PG_PASSWORD have no values"),
        (
            "TEAHOUSE_PG_HOST=db\nTEAHOUSE_PG_PASSWORD=p\nTEAHOUSE_PG_PORT=5432x\n",
            "the port of teahouse_postgres is not a number from 1 to 65535: '5432x'",
        ),
    ],
    ids=["no-values", "wrong-port"],
)
def test_a_connection_that_cannot_be_made_is_left_out_by_name_and_nothing_else_is(
    running: Clone, values: str, why: str
) -> None:
    running.env_file.touch(mode=0o600)
    running.env_file.write_text(values)
    [told] = [line for line in running.up().splitlines() if "left out" in line]
    assert told == (
        f"note: connection teahouse_postgres is left out: {why}. Correct {running.env_file} and run `make up`"
    )
    found = running.airflow()
    assert "AIRFLOW_CONN_TEAHOUSE_POSTGRES" not in found
    assert "AIRFLOW_CONN_DREMIO_DEFAULT" in found


def test_values_in_the_file_make_the_connection(running: Clone) -> None:
    running.env_file.touch(mode=0o600)
    running.env_file.write_text(
        "TEAHOUSE_PG_HOST=db.example.com\nTEAHOUSE_PG_PASSWORD='p$HOME \"w\" #1'  # a comment\n"
    )
    assert "note:" not in running.up()
    made = json.loads(running.airflow()["AIRFLOW_CONN_TEAHOUSE_POSTGRES"])
    password = 'p$HOME "w" #1'
    assert made == {"conn_type": "postgres", "host": "db.example.com", "port": 5432, "password": password}


def test_what_was_exported_at_the_start_is_there_for_a_shell_without_it(running: Clone) -> None:
    """Cron runs `make night` without the variables of the shell that started the platform."""
    exported = {"TEAHOUSE_PG_HOST": "db.example.com", "TEAHOUSE_PG_PASSWORD": "told once"}
    running.up(**exported)
    specification = running.root / ".local/state/run/programs/airflow.json"
    started = specification.read_text()
    assert json.loads(running.airflow()["AIRFLOW_CONN_TEAHOUSE_POSTGRES"])["password"] == "told once"
    pids = {p.pid for p in running.processes()}
    assert "note:" not in running.up()
    assert specification.read_text() == started, "or Airflow would be restarted in the middle of a night"
    assert {p.pid for p in running.processes()} == pids
    assert running.up(TEAHOUSE_PG_HOST="", TEAHOUSE_PG_PASSWORD="").count("left out") == 1


def test_a_shell_without_the_ports_finds_the_platform_where_it_was_started(running: Clone) -> None:
    """Otherwise `make status` looks at the documented ports, and `make night` of cron starts it all there."""
    untold = ["env", *(word for name in running.ports for word in ("-u", name))]
    assert len(running.ports) > len(DEFAULT_PORTS) / 2
    told = running.airflow()
    pids = {p.pid for p in running.processes()}
    again = running.run(*untold, "bin/platform", "up", "postgres")
    assert again.returncode == 0, again.stdout + again.stderr
    assert {p.pid for p in running.processes()} == pids
    found = running.run(*untold, "bin/platform", "env", "--airflow")
    assert read_shell_variables(found.stdout) == told


def test_make_env_is_read_by_a_shell_in_a_folder_with_a_blank_a_quote_and_a_dollar(running: Clone) -> None:
    """Documented so; it ended with exit code 0 and half of the folder's name."""
    script = """eval "$(make env | sed 's/^/export /')" && env -0"""
    done = running.run("bash", "-euc", script)
    assert done.stderr == ""
    seen = dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)
    assert seen["LAKEHOUSE_STATE_DIR"] == str(running.root / ".local" / "state")
    printed = read_shell_variables(running.run("make", "env").stdout)
    assert len(printed) > 40
    assert {name: seen[name] for name in printed} == printed
    assert shlex.quote(printed["LAKEHOUSE_STATE_DIR"]) != printed["LAKEHOUSE_STATE_DIR"]


def test_nothing_is_written_to_the_users_home(running: Clone) -> None:
    """`~/airflow` came from commands that import Airflow, `~/.gunicorn` and `~/.duckdb` from services."""
    done = running.run("bin/airflow", "config", "get-value", "core", "executor")
    assert "CalmLocalExecutor" in done.stdout
    running.run("bin/logs", "--help")
    assert {p.environ()["HOME"] for p in running.processes()} == {str(running.root / ".local/state/home")}
    assert list(running.home.iterdir()) == []


def test_reset_works_with_broken_settings(running: Clone) -> None:
    break_settings(running)
    done = running.run("bin/platform", "reset", "--yes")
    assert done.returncode == 0, done.stderr
    assert not (running.root / ".local" / "state").exists()
    assert running.processes() == []
