"""A real engine process, over a real S3 server, both on free ports with state folders of their own."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.config import Config

from testing.embedded_platform import EmbeddedPlatform
from testing.engine_on_the_wire import (
    LAYERS,
    Client,
    EngineProcess,
    ObjectStore,
    s3_source,
)


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    """A Swift of its own, with the bucket `datalake`."""
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


@pytest.fixture(scope="module")
def engine(object_store: ObjectStore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine with one source per layer of the lake and a space `bronze`."""
    process = EngineProcess(tmp_path_factory.mktemp("engine"))
    process.start()
    client = process.client()
    for name, root in LAYERS.items():
        answer = client.create(s3_source(name, root, object_store, "zstd" if name == "gold" else None))
        assert answer.status_code == 200, answer.text
    assert client.create({"entityType": "space", "name": "bronze"}).status_code == 200
    yield process
    if process.process is not None and process.process.poll() is None:
        process.stop()


@pytest.fixture
def client(engine: EngineProcess) -> Client:
    """A logged-in REST client."""
    return engine.client()
