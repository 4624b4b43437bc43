"""One shop, PostgreSQL, object store and Airbyte for the folder, and Airflow's connections to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lakehouse.platform.airflow_settings import environment_lines, load_settings
from lakehouse.platform.database import platform_postgres
from lakehouse.platform.metadata_tables import create_metadata_tables
from lakehouse.platform.storage import LakeStorage
from testing.ingestion_stack import AirbyteServer, IngestionStack
from testing.lakehouse.extract_task import ABSENT, ATTEMPTS, FIRST_NIGHT, ORDERS


@pytest.fixture(scope="package")
def stack() -> Iterator[IngestionStack]:
    platform = IngestionStack()
    try:
        platform.start()
        done = platform.shop("advance", "--to", FIRST_NIGHT, "--orders", ORDERS)
        assert done.returncode == 0, done.stderr
        yield platform
    finally:
        platform.stop()


@pytest.fixture(scope="package")
def airbyte(stack: IngestionStack) -> Iterator[AirbyteServer]:
    with pytest.MonkeyPatch.context() as patch, stack.airbyte(**ATTEMPTS) as server:
        for line in environment_lines(load_settings(environment=stack.environ | ABSENT)):
            patch.setenv(*line.split("=", 1))
        LakeStorage.from_connection().create_bucket()
        create_metadata_tables(platform_postgres())
        yield server
