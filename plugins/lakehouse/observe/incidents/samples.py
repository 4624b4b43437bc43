"""A few of the rows that something failed for, read from where they are. Needs no Airflow."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Collection
from datetime import date
from typing import Any, Final

from lakehouse.dremio.client import DremioClient
from lakehouse.platform.connections import connection
from lakehouse.platform.database import PostgresConnections, transaction
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.names import DREMIO_CONNECTION, LAKE_CONNECTION
from lakehouse.platform.sql_files import read_sql

log = logging.getLogger(__name__)

SAMPLES: Final = 3
_TESTS: Final = 3
"""Failing tests that are asked for their rows."""
_LONGEST_ROW: Final = 240
_QUERY_SECONDS: Final = 4.0
_DREMIO_PORT: Final = 9047


def quarantined_samples(key: str) -> list[str]:
    """Reason and content of the first rows of a quarantine object.

    Raises whatever the store's or Parquet's library raises.
    """
    import boto3
    import pyarrow.parquet as pq
    from botocore.config import Config

    lake = connection(LAKE_CONNECTION)
    limits = Config(
        connect_timeout=2,
        read_timeout=4,
        retries={"total_max_attempts": 1},
        **lake.extra.get("config_kwargs", {}),
    )
    store = boto3.client(
        "s3",
        endpoint_url=lake.extra.get("endpoint_url"),
        region_name=lake.extra.get("region_name"),
        aws_access_key_id=lake.login,
        aws_secret_access_key=lake.password,
        config=limits,
    )
    content = store.get_object(Bucket=lake.extra["bucket"], Key=key)["Body"].read()
    rows = pq.read_table(io.BytesIO(content), columns=["reason", "raw"]).slice(0, SAMPLES).to_pylist()
    return [_cut(f"{row['reason']}: {row['raw']}") for row in rows]


def rows_that_fail(
    postgres: PostgresConnections, dag_id: str, task_id: str, night: date, tests: Collection[str]
) -> list[str]:
    """Rows that the failing dbt tests found, asked again of Dremio by the tests' own statements.

    Raises:
        PlatformDatabaseUnavailableError: the run history cannot be read.
        ConnectionUnknownError: nobody says where Dremio is.
    """
    values = {"dag": dag_id, "task": task_id, "business_date": night.isoformat()}
    with transaction(postgres) as cursor:
        cursor.execute(read_sql("postgres/observe/incidents/select_last_dbt_run.sql"), values)
        row = cursor.fetchone()
    results: list[dict[str, Any]] = [] if row is None else row[0].get("results", [])
    statements = {
        str(each["unique_id"]).split(".")[2]: each["compiled"] for each in results if each.get("compiled")
    }
    asked = [name for name in tests if name in statements][:_TESTS]
    if not asked:
        return []
    where = connection(DREMIO_CONNECTION)
    client = DremioClient(where.url(_DREMIO_PORT), where.login, where.password)
    found = []
    for name in asked:
        try:
            rows = client.query(
                f"select * from ({statements[name]}) as failing limit {SAMPLES}", _QUERY_SECONDS
            )
        except LakehouseError as error:
            log.info("no sample of %s: %s", name, error)
            continue
        found += [_cut(f"{name}: {json.dumps(each, default=str)}") for each in rows[:SAMPLES]]
    return found


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_ROW else f"{text[:_LONGEST_ROW]}..."
