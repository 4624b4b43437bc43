"""The services of the platform, as data, in the order they are shown."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from embedded.airflow.service import airflow
from embedded.composition.wire import database_url
from embedded.declared import shop_is_declared
from embedded.elasticsearch.service import elasticsearch
from embedded.log_shipper.service import log_shipper
from embedded.object_store.service import object_store
from embedded.postgres.service import cluster, postgres
from embedded.prometheus.service import alertmanager, observer, prometheus
from embedded.settings import HOST, Settings
from embedded.stack.http_check import answers
from embedded.stack.service import Program, Service
from embedded.superset.service import superset


def catalogue(
    settings: Settings,
    secret: Mapping[str, str],
    wire: Mapping[str, str],
    *,
    airflow_environment: Callable[[], Mapping[str, str]],
    user_values: Callable[[], Mapping[str, str]],
) -> dict[str, Service]:
    """Every service by name; the shop only if airflow_settings.yaml has a connection to it.

    What reads the user's connections is told their values; the others, which are the platform's own, are not.
    """
    has_shop = shop_is_declared()
    databases = cluster(settings, secret, ("shop",) if has_shop else ())

    def metadata(database: str) -> str:
        return database_url(settings, secret, database, "postgresql+psycopg2")

    shop = _ours(
        settings, "shop", "embedded.shop", "Shop (source)", "/health", ("SHOP",), ("postgres",), "serve"
    )
    services = (
        postgres(settings, databases),
        object_store(settings, secret),
        *((shop,) if has_shop else ()),
        _ours(
            settings,
            "airbyte",
            "airbyte_engine",
            "Airbyte APIs",
            "/health",
            ("AIRBYTE",),
            ("postgres", "object_store"),
        ),
        _ours(
            settings,
            "dremio",
            "dremio_engine",
            "Embedded engine",
            "/health",
            ("DREMIO", "DREMIO_FLIGHT"),
            ("object_store",),
        ),
        superset(settings, secret, wire, metadata("superset"), databases.system_identifier),
        airflow(settings, secret, airflow_environment, databases.system_identifier),
        observer(settings, user_values),
        prometheus(settings),
        alertmanager(settings),
        elasticsearch(settings),
        log_shipper(settings, secret, user_values),
    )
    return {service.name: service for service in services}


def _ours(
    settings: Settings,
    name: str,
    module: str,
    title: str,
    health: str,
    ports: tuple[str, ...],
    needs: tuple[str, ...],
    *arguments: str,
) -> Service:
    """A service that is a Python module of this environment and reads its place from the environment."""
    base = f"http://{HOST}:{settings.port(ports[0])}"
    return Service(
        name=name,
        title=title,
        address=base,
        ports=ports,
        programs=(Program(name, (sys.executable, "-m", module, *arguments)),),
        check=answers(base + health),
        needs=needs,
        start_seconds=120,
    )
