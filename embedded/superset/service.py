"""Superset as a service of the platform: its metadata in PostgreSQL, its caches on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from embedded.settings import HOST, ROOT, Settings
from embedded.stack.http_check import answers
from embedded.stack.processes import mark
from embedded.stack.service import Program, Service
from embedded.stack.stamps import done_once
from embedded.stack.steps import run_step

HERE = Path(__file__).resolve().parent
FIRST_START = HERE / "first_start.py"
THREADS = 8


def superset(
    settings: Settings,
    secret: Mapping[str, str],
    wire: Mapping[str, str],
    database_url: str,
    cluster_identifier: Callable[[], str],
) -> Service:
    """Superset with its metadata at `database_url`, prepared once per cluster of that identifier."""
    environment = _environment(settings, secret, database_url)

    def prepare() -> None:
        _prepare(settings, secret, cluster_identifier(), dict(wire) | environment)

    address = f"http://{HOST}:{settings.port('SUPERSET')}"
    return Service(
        name="superset",
        title="Superset 6.1",
        address=address,
        ports=("SUPERSET",),
        programs=(_server(settings, environment),),
        needs=("postgres",),
        prepare=prepare,
        check=answers(f"{address}/health"),
        start_seconds=300,
    )


def _environment(settings: Settings, secret: Mapping[str, str], database_url: str) -> dict[str, str]:
    home = settings.service_dir("superset")
    return {
        "FLASK_APP": "superset.app:create_app()",
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py"),
        "SUPERSET_SECRET_KEY": secret["SUPERSET_SECRET_KEY"],
        "SUPERSET_DATABASE_URI": database_url,
        "SUPERSET_CACHE_DIR": str(home / "cache"),
    }


def _server(settings: Settings, environment: Mapping[str, str]) -> Program:
    options = ["--workers", "1", "--worker-class", "gthread", "--threads", str(THREADS)]
    options += [
        "--bind",
        f"{HOST}:{settings.port('SUPERSET')}",
        "--timeout",
        "120",
        "--graceful-timeout",
        "5",
    ]
    # A dashboard's filters travel in the address, which may be longer than gunicorn's default allows.
    options += ["--limit-request-line", "0", "--limit-request-field_size", "0"]
    options += ["--worker-tmp-dir", str(settings.service_dir("superset"))]
    gunicorn = str(settings.envs_dir / "superset" / "bin" / "gunicorn")
    return Program(
        "superset", (gunicorn, *options, "superset.app:create_app()"), lambda: environment, stop_seconds=15
    )


def _prepare(
    settings: Settings, secret: Mapping[str, str], cluster_identifier: str, environment: Mapping[str, str]
) -> None:
    """Migrate the metadata, create the roles and the administrator: once per database and version."""
    home = settings.service_dir("superset")
    (home / "cache").mkdir(parents=True, exist_ok=True, mode=0o700)
    made_from = (
        cluster_identifier,
        ROOT / "requirements" / "superset.lock",
        FIRST_START,
        secret["SUPERSET_PASSWORD"],
    )
    done_once(home / "first-start.stamp", made_from, lambda: _first_start(settings, environment))


def _first_start(settings: Settings, environment: Mapping[str, str]) -> None:
    log = settings.logs_dir / "superset-first-start.log"
    own = dict(environment) | mark("superset", settings.state_dir)
    run_step("superset: first start", [settings.python("superset"), FIRST_START], own, settings, log)
