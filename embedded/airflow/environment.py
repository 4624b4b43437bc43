"""How this platform configures Airflow: everything by environment, nothing in airflow.cfg."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

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


def airflow_environment(
    settings: Settings, secret: Mapping[str, str], wire: Mapping[str, str], database_url: str
) -> dict[str, str]:
    """Airflow's settings and the connections of airflow_settings.yaml as AIRFLOW_CONN_* variables.

    Raises PreparationError when the file cannot be converted.
    """
    environment = airflow_settings(settings, secret, database_url)
    printed = convert(settings, {**wire, **environment}, "environment")
    pairs = (line.partition("=") for line in printed.splitlines() if line.startswith("AIRFLOW_"))
    return environment | {name: value for name, _, value in pairs}


def convert(settings: Settings, environment: Mapping[str, str], *arguments: str) -> str:
    """What the converter of airflow_settings.yaml prints, run in Airflow's own interpreter."""
    try:
        done = subprocess.run(
            [settings.python("airflow"), "-m", "lakehouse.platform.airflow_settings", *arguments],
            cwd=ROOT,
            env=base_environment() | dict(environment),
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
    return done.stdout
