"""Airflow as a service of the platform: API server, scheduler, DAG processor, triggerer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import httpx

from embedded.airflow.environment import CONVERTER, apply_pools
from embedded.settings import HOST, ROOT, Settings
from embedded.stack.http_check import answers
from embedded.stack.processes import mark
from embedded.stack.service import Program, Service
from embedded.stack.stamps import done_once
from embedded.stack.steps import run_step

START_SECONDS = 300
"""13 s on an idle machine; ten times that was seen on two cores with a load of 25. A component that ends
is noticed at once, so a long limit costs nothing."""


def airflow(
    settings: Settings,
    secret: Mapping[str, str],
    environment: Callable[[], Mapping[str, str]],
    cluster_identifier: Callable[[], str],
) -> Service:
    """Airflow in this environment, which is asked for only by what starts something; its metadata is migrated
    once per cluster of that identifier."""

    def prepare() -> None:
        _prepare(settings, secret, cluster_identifier(), environment())

    address = f"http://{HOST}:{settings.port('AIRFLOW')}"
    python = str(settings.python("airflow"))
    return Service(
        name="airflow",
        title="Airflow 3.3",
        address=address,
        ports=("AIRFLOW",),
        programs=(
            Program("airflow", (python, "-m", "embedded.airflow.components"), environment, stop_seconds=20),
        ),
        needs=("postgres",),
        prepare=prepare,
        check=answers(f"{address}/api/v2/monitor/health", _unhealthy_component),
        start_seconds=START_SECONDS,
    )


def _unhealthy_component(response: httpx.Response) -> str | None:
    """The health page answers 200 whatever it says: every component has to be there and healthy."""
    health = response.json()
    for component in ("metadatabase", "scheduler", "triggerer", "dag_processor"):
        status = (health.get(component) or {}).get("status")
        if status != "healthy":
            return f"{component} is {status or 'not there'}"
    return None


def _prepare(
    settings: Settings, secret: Mapping[str, str], identifier: str, environment: Mapping[str, str]
) -> None:
    home = settings.service_dir("airflow")
    home.mkdir(parents=True, exist_ok=True)
    _write_password(settings, secret)
    migration = (identifier, ROOT / "requirements" / "airflow.lock")
    done_once(home / "migrated.stamp", migration, lambda: _migrate(settings, environment))
    pools = (identifier, ROOT / "airflow_settings.yaml", CONVERTER)
    done_once(home / "pools.stamp", pools, lambda: apply_pools(settings, environment))


def _write_password(settings: Settings, secret: Mapping[str, str]) -> None:
    path = settings.service_dir("airflow") / "passwords.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({"admin": secret["AIRFLOW_PASSWORD"]}))


def _migrate(settings: Settings, environment: Mapping[str, str]) -> None:
    command = [str(settings.python("airflow")), "-m", "airflow", "db", "migrate"]
    own = dict(environment) | mark("airflow", settings.state_dir)
    run_step("airflow db migrate", command, own, settings, settings.logs_dir / "airflow-migrate.log")
