"""The ids of Airflow connections and the names of pools, each said once.

A test compares them with `airflow_settings.yaml`, which declares them.
"""

from __future__ import annotations

from typing import Final

AIRBYTE_CONNECTION: Final = "airbyte_default"
AIRFLOW_CONNECTION: Final = "airflow_api"
ALERTS_CONNECTION: Final = "alerts_default"
AIRFLOW_DATABASE_CONNECTION: Final = "airflow_metadata"
DREMIO_CONNECTION: Final = "dremio_default"
ELASTICSEARCH_CONNECTION: Final = "elasticsearch_default"
LAKE_CONNECTION: Final = "lake_s3"
PLATFORM_CONNECTION: Final = "platform_postgres"
SUPERSET_CONNECTION: Final = "superset_default"

AIRBYTE_POOL: Final = "airbyte"
ANNOUNCEMENTS_POOL: Final = "announcements"
DREMIO_POOL: Final = "dremio"
STREAM_POOL: Final = "stream"
