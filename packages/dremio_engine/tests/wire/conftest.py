"""A real engine process: over folders, and over a real S3 server where object storage is the point."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from botocore.config import Config

from testing.embedded_platform import EmbeddedPlatform
from testing.engine_on_the_wire import (
    LAYERS,
    Client,
    EngineProcess,
    ObjectStore,
    nas_source,
    s3_source,
)
from testing.repository import PYTHON


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """A Swift of its own, with the bucket `datalake`."""
    if not PYTHON.exists():
        pytest.skip(
            f"there is no S3 server: {PYTHON} does not exist (`make setup` of the repository builds it)"
        )
    platform = EmbeddedPlatform("engine")
    try:
        platform.up("object_store")
        endpoint, region = platform.wire["LAKE_S3_ENDPOINT"], platform.wire["LAKE_S3_REGION"]
        keys = platform.wire["LAKE_S3_ACCESS_KEY"], platform.wire["LAKE_S3_SECRET_KEY"]
        path_style = Config(s3={"addressing_style": "path"})
        client = boto3.Session(*keys, region_name=region).client(
            "s3", endpoint_url=endpoint, config=path_style
        )
        yield ObjectStore(endpoint, *keys, client)
    finally:
        platform.down()


@pytest.fixture(scope="session")
def folder_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine with a folder per layer of the lake and a space `bronze`."""
    with _started(tmp_path_factory.mktemp("engine")) as process:
        client = process.client()
        for name, root in LAYERS.items():
            folder = process.nas / "datalake" / root
            _create(client, nas_source(name, folder, "zstd" if name == "gold" else None))
        _create(client, {"entityType": "space", "name": "bronze"})
        yield process


@pytest.fixture(scope="session")
def s3_engine(object_store: ObjectStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """The same, its layers in a bucket."""
    with _started(tmp_path_factory.mktemp("s3-engine")) as process:
        client = process.client()
        for name, root in LAYERS.items():
            _create(client, s3_source(name, root, object_store, "zstd" if name == "gold" else None))
        _create(client, {"entityType": "space", "name": "bronze"})
        yield process


@pytest.fixture(scope="module")
def engine(folder_engine: EngineProcess) -> EngineProcess:
    """The engine that a module's tests share with others; a module about object storage has the other one."""
    return folder_engine


@pytest.fixture(scope="module")
def client(engine: EngineProcess) -> Client:
    """A logged-in REST client."""
    return engine.client()


@contextlib.contextmanager
def _started(folder: Path) -> Iterator[EngineProcess]:
    process = EngineProcess(folder)
    process.start()
    try:
        yield process
    finally:
        if process.process is not None and process.process.poll() is None:
            process.stop()


def _create(client: Client, body: dict[str, object]) -> None:
    answer = client.create(body)
    assert answer.status_code == 200, answer.text
