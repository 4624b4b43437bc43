"""One platform for all ingestion tests; each test lands under a folder of its own."""

from __future__ import annotations

import io
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.config import Config

from testing.ingestion_stack import AirbyteServer, IngestionStack
from testing.repository import PYTHON

ORDERS = "20000"
NIGHT = "2025-10-16"


@pytest.fixture(scope="session")
def stack() -> Iterator[IngestionStack]:
    if not PYTHON.exists():
        pytest.skip(
            f"PostgreSQL, S3 and the shop are started from {PYTHON}: run `make setup` in the repository"
        )
    platform = IngestionStack(Path(sys.executable))
    try:
        platform.start()
        done = platform.shop("advance", "--to", NIGHT, "--orders", ORDERS)
        assert done.returncode == 0, done.stderr
        yield platform
    finally:
        platform.stop()


@pytest.fixture
def airbyte(stack: IngestionStack) -> AirbyteServer:
    """The server that the tests share, other than those that start their own."""
    return stack.shared_airbyte()


class Landing:
    """What lies under one folder of the bucket."""

    def __init__(self, environ: dict[str, str], folder: str) -> None:
        self.folder = folder
        self._bucket = environ["LAKE_S3_BUCKET"]
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=environ["LAKE_S3_ENDPOINT"],
            aws_access_key_id=environ["LAKE_S3_ACCESS_KEY"],
            aws_secret_access_key=environ["LAKE_S3_SECRET_KEY"],
            region_name=environ["LAKE_S3_REGION"],
            config=Config(s3={"addressing_style": "path"}),
        )

    def keys(self, stream: str = "") -> list[str]:
        listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=self.folder + "/")
        keys = [item["Key"] for item in listed.get("Contents", [])]
        return sorted(key for key in keys if not stream or f"/{stream}/" in key)

    def file(self, key: str) -> pq.ParquetFile:
        body = self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        return pq.ParquetFile(io.BytesIO(body))

    def put(self, key: str, body: bytes) -> None:
        """Store an object anywhere in the bucket."""
        self._client.put_object(Bucket=self._bucket, Key=key, Body=body)

    def read(self, prefix: str) -> dict[str, bytes]:
        """All objects of the bucket under a prefix, by key."""
        listed = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix)
        keys = [item["Key"] for item in listed.get("Contents", [])]
        return {key: self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read() for key in keys}

    def rows(self, stream: str) -> pa.Table:
        """All rows that ever landed of the stream."""
        tables = [self.file(key).read() for key in self.keys(stream)]
        assert tables, f"no files of {stream} under {self.folder}"
        return pa.concat_tables(tables, promote_options="default")


_folders = itertools.count()


@pytest.fixture
def landing(stack: IngestionStack) -> Landing:
    return Landing(stack.environ, f"test-{next(_folders)}")


@pytest.fixture
def query(stack: IngestionStack) -> Callable[..., list[tuple[Any, ...]]]:
    """Run SQL in the shop's database; returns the rows, if it gives any."""

    def run(statement: str, arguments: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with psycopg.connect(**stack.database("SHOP")) as connection:
            cursor = connection.execute(statement, arguments)
            return cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture
def platform_query(stack: IngestionStack) -> Callable[..., list[tuple[Any, ...]]]:
    """Run SQL in the platform's database."""

    def run(statement: str, arguments: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with psycopg.connect(**stack.database("PLATFORM")) as connection:
            return connection.execute(statement, arguments).fetchall()

    return run


@pytest.fixture
def captured(
    airbyte: AirbyteServer, landing: Landing, query: Callable[..., list[tuple[Any, ...]]]
) -> Iterator[Any]:
    """A schema of the shop's database whose changes are captured."""
    from tests.wire.captured import Captured

    own = Captured(airbyte, landing, query)
    try:
        yield own
    finally:
        own.drop()


@pytest.fixture
def tables(stack: IngestionStack, airbyte: AirbyteServer, landing: Landing) -> Iterator[Any]:
    """A schema of the shop's database, read by cursor, in full or from the log."""
    from tests.wire.tables import Tables

    own = Tables(airbyte, landing, stack.database("SHOP"))
    yield own
    own.drop()
