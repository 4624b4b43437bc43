"""The variables that every service, Airflow connection and test of this platform reads."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from embedded.declared import shop_is_declared
from embedded.object_store.layout import BUCKET, REGION, S3_ACCESS_KEY
from embedded.settings import HOST, ROOT, Settings


def wire(settings: Settings, secret: Mapping[str, str]) -> dict[str, str]:
    """Addresses, names and credentials of this platform."""
    port = settings.port
    postgres = {"HOST": HOST, "PORT": str(port("POSTGRES"))}
    return {
        "LAKEHOUSE_STATE_DIR": str(settings.state_dir),
        "LAKEHOUSE_RECEIPTS_DIR": str(settings.receipts_dir),
        **settings.port_variables,
        "LAKEHOUSE_DBT_EXECUTABLE": str(ROOT / "plugins" / "lakehouse" / "dbt" / "forked" / "client.py"),
        "LAKEHOUSE_DBT_ENVIRONMENT": str(settings.envs_dir / "dbt"),
        "AIRBYTE_CONNECTORS_BIN": str(settings.envs_dir / "connectors" / "bin"),
        "AIRBYTE_WORKSPACE_ROOT": str(settings.service_dir("airbyte")),
        "AIRBYTE_DATABASE_URL": database_url(settings, secret, "platform", "postgresql"),
        "AIRBYTE_LOG_S3_BUCKET": BUCKET,
        "AIRBYTE_LOG_S3_ENDPOINT": f"http://{HOST}:{port('S3')}",
        "AIRBYTE_LOG_S3_REGION": REGION,
        "AIRBYTE_LOG_S3_ACCESS_KEY": S3_ACCESS_KEY,
        "AIRBYTE_LOG_S3_SECRET_KEY": secret["LAKE_S3_SECRET_KEY"],
        "AIRBYTE_URL": f"http://{HOST}:{port('AIRBYTE')}/api/public/v1",
        "AIRBYTE_CLIENT_ID": secret["AIRBYTE_CLIENT_ID"],
        "AIRBYTE_CLIENT_SECRET": secret["AIRBYTE_CLIENT_SECRET"],
        "LAKE_S3_ENDPOINT": f"http://{HOST}:{port('S3')}",
        "LAKE_S3_ACCESS_KEY": S3_ACCESS_KEY,
        "LAKE_S3_SECRET_KEY": secret["LAKE_S3_SECRET_KEY"],
        "LAKE_S3_BUCKET": BUCKET,
        "LAKE_S3_REGION": REGION,
        **{f"PLATFORM_PG_{key}": value for key, value in postgres.items()},
        "PLATFORM_PG_DATABASE": "platform",
        "PLATFORM_PG_USER": "platform",
        "PLATFORM_PG_PASSWORD": secret["PLATFORM_PG_PASSWORD"],
        **(_shop(settings, secret, postgres) if shop_is_declared() else {}),
        "DREMIO_HOST": HOST,
        "DREMIO_PORT": str(port("DREMIO")),
        "DREMIO_FLIGHT_PORT": str(port("DREMIO_FLIGHT")),
        "DREMIO_USER": "lakehouse",
        "DREMIO_PASSWORD": secret["DREMIO_PASSWORD"],
        "DREMIO_STATE_DIR": str(settings.service_dir("dremio")),
        "OBSERVER_URL": f"http://{HOST}:{port('OBSERVER')}",
        "PROMETHEUS_URL": f"http://{HOST}:{port('PROMETHEUS')}",
        "ALERTMANAGER_URL": f"http://{HOST}:{port('ALERTMANAGER')}",
        "ELASTICSEARCH_URL": f"http://{HOST}:{port('ELASTICSEARCH')}",
        # Elastic's server jars lack its security: nothing asks for these here, in production it does.
        "ELASTICSEARCH_USER": "elastic",
        "ELASTICSEARCH_PASSWORD": secret["ELASTICSEARCH_PASSWORD"],
        "SUPERSET_URL": f"http://{HOST}:{port('SUPERSET')}",
        "SUPERSET_USER": "admin",
        "SUPERSET_PASSWORD": secret["SUPERSET_PASSWORD"],
        "AIRFLOW_URL": f"http://{HOST}:{port('AIRFLOW')}",
        "AIRFLOW_USER": "admin",
        "AIRFLOW_PASSWORD": secret["AIRFLOW_PASSWORD"],
        "ALERTS_URLS": (settings.state_dir / "alerts" / "alerts.jsonl").as_uri(),
        **{f"AIRFLOW_PG_{key}": value for key, value in postgres.items()},
        "AIRFLOW_PG_DATABASE": "airflow",
        "AIRFLOW_PG_USER": "airflow",
        "AIRFLOW_PG_PASSWORD": secret["AIRFLOW_PG_PASSWORD"],
    }


def _shop(settings: Settings, secret: Mapping[str, str], postgres: Mapping[str, str]) -> dict[str, str]:
    """The demo shop: its database in the platform's cluster, its REST API, its folder of files."""
    return {
        **{f"SHOP_PG_{key}": value for key, value in postgres.items()},
        "SHOP_PG_DATABASE": "shop",
        "SHOP_PG_USER": "shop",
        "SHOP_PG_PASSWORD": secret["SHOP_PG_PASSWORD"],
        "SHOP_API_URL": f"http://{HOST}:{settings.port('SHOP')}",
        "SHOP_API_TOKEN": secret["SHOP_API_TOKEN"],
        "SHOP_FILES_URI": f"fs:///?path={quote(str(settings.service_dir('shop') / 'csv'), safe='')}",
    }


def database_url(settings: Settings, secret: Mapping[str, str], database: str, dialect: str) -> str:
    """SQLAlchemy address of one of the cluster's databases, for the role of the same name."""
    password = secret[f"{database.upper()}_PG_PASSWORD"]
    return f"{dialect}://{database}:{password}@{HOST}:{settings.port('POSTGRES')}/{database}"
