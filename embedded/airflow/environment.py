"""How this platform configures Airflow: everything by environment, nothing in airflow.cfg."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from embedded.settings import HOST, ROOT, Settings
from embedded.stack.environment import base_environment
from embedded.stack.service import PreparationError

CONVERTER = ROOT / "plugins" / "lakehouse" / "platform" / "airflow_settings.py"
CONVERTER_SECONDS = 180

PARALLEL_TASKS = 6
"""Task processes at a time: most wait for another service, and two cores do the rest."""


def airflow_settings(settings: Settings, secret: Mapping[str, str], database_url: str) -> dict[str, str]:
    """Airflow's own settings, without the connections."""
    home = settings.service_dir("airflow")
    address = f"http://{HOST}:{settings.port('AIRFLOW')}"
    options: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": ROOT / "dags",
            "plugins_folder": ROOT / "plugins",
            "load_examples": False,
            "executor": "embedded.airflow.executor.CalmLocalExecutor",
            "parallelism": PARALLEL_TASKS,
            "dags_are_paused_at_creation": False,
            "fernet_key": secret["AIRFLOW_FERNET_KEY"],
            "simple_auth_manager_users": "admin:admin",
            "simple_auth_manager_passwords_file": home / "passwords.json",
            "execution_api_server_url": f"{address}/execution/",
            # A machine without DNS would wait for the fully qualified name at every task.
            "hostname_callable": "socket.gethostname",
            "dagbag_import_timeout": 90,
            "min_serialized_dag_update_interval": 5,
        },
        "database": {"sql_alchemy_conn": database_url},
        "logging": {"base_log_folder": home / "logs", "colored_console_log": False},
        "api": {
            "host": HOST,
            "port": settings.port("AIRFLOW"),
            "base_url": address,
            "workers": 1,
            "secret_key": secret["AIRFLOW_API_SECRET_KEY"],
        },
        # dbt's parse cache. The default is one folder in /tmp for every user and every checkout.
        "cosmos": {"cache_dir": home / "cosmos", "enable_telemetry": False},
        "usage_data_collection": {"enabled": False},
        "api_auth": {"jwt_secret": secret["AIRFLOW_JWT_SECRET"]},
        # A busy two-core machine answers late; a task must not fail for that.
        "workers": {"execution_api_timeout": 30},
        # The pace while something happens; while nothing does, the executor slows it down.
        "scheduler": {
            "scheduler_idle_sleep_time": 0.05,
            "parsing_cleanup_interval": 30,
            # A night takes minutes here: a task that was killed is tried again within one, not five.
            "task_instance_heartbeat_timeout": 60,
            # Only a scheduler's own tasks are missed by that. Those of one that was killed are found by its
            # successor when it looks for them, and at its start it is too early: the dead one counts as alive
            # for `scheduler_health_check_threshold`, 30 s.
            "orphaned_tasks_check_interval": 30,
        },
        "dag_processor": {
            # A changed file is seen within seconds, a new one too; an unchanged one is parsed again only for
            # what it reads beside itself: include/ and the dbt manifest.
            "refresh_interval": 10,
            "min_file_process_interval": 300,
            "dag_file_processor_timeout": 120,
            "parsing_processes": 2,
        },
    }
    variables = {
        f"AIRFLOW__{section.upper()}__{name.upper()}": str(value)
        for section, values in options.items()
        for name, value in values.items()
    }
    path = f"{ROOT}:{ROOT / 'plugins'}"
    return variables | {
        "AIRFLOW_HOME": str(home),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        # The embedded services restart within seconds: so may their callers.
        "LAKEHOUSE_RETRY_DELAY_SECONDS": os.environ.get("LAKEHOUSE_RETRY_DELAY_SECONDS") or "5",
        "PYTHONPATH": path,
    }


@dataclass(frozen=True)
class AirflowVariables:
    """What a process of the airflow environment needs beside the wire."""

    variables: Mapping[str, str]
    left_out: Mapping[str, str]
    """The connections that were left out, by id, each with why."""


def airflow_variables(
    settings: Settings, secret: Mapping[str, str], values: Mapping[str, str], database_url: str
) -> AirflowVariables:
    """Airflow's settings and the connections of airflow_settings.yaml as AIRFLOW_CONN_* variables, its
    placeholders filled with `values`.

    Raises PreparationError when the file cannot be converted.
    """
    own = airflow_settings(settings, secret, database_url)
    done = _convert(settings, {**values, **own}, "environment")
    pairs = (line.partition("=") for line in done.stdout.splitlines() if line.startswith("AIRFLOW_"))
    lines = (line.partition(": ") for line in done.stderr.splitlines())
    left_out = {conn_id: why for conn_id, colon, why in lines if colon}
    return AirflowVariables(own | {name: value for name, _, value in pairs}, left_out)


def recorded_connections(settings: Settings) -> dict[str, str]:
    """The AIRFLOW_CONN_* and AIRFLOW_VAR_* variables that Airflow was last started with, if it ever was."""
    try:
        started = json.loads((settings.run_dir / "programs" / "airflow.json").read_text())["environment"]
    except (OSError, ValueError, KeyError):
        return {}
    return {n: v for n, v in started.items() if n.startswith(("AIRFLOW_CONN_", "AIRFLOW_VAR_"))}


def apply_pools(settings: Settings, environment: Mapping[str, str]) -> None:
    """Write the pools of airflow_settings.yaml to Airflow's database. Raises PreparationError."""
    _convert(settings, environment, "apply")


def _convert(
    settings: Settings, environment: Mapping[str, str], command: str
) -> subprocess.CompletedProcess[str]:
    """A command of the converter of airflow_settings.yaml, run in Airflow's own interpreter."""
    try:
        done = subprocess.run(
            [
                settings.python("airflow"),
                "-m",
                "lakehouse.platform.airflow_settings",
                command,
                "--leave-out-incomplete",
            ],
            cwd=ROOT,
            env=base_environment(settings) | dict(environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=CONVERTER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise PreparationError(
            f"airflow_settings.yaml was not read in {CONVERTER_SECONDS} s: is this machine very busy?"
        ) from None
    except OSError as error:
        raise PreparationError(f"the environment airflow cannot be run ({error}): run `make setup`") from None
    if done.returncode != 0:
        last = "".join(done.stderr.strip().splitlines()[-1:])
        raise PreparationError(f"airflow_settings.yaml cannot be loaded: {last}")
    return done
