"""A real engine process, over a real S3 server, both on free ports with state folders of their own."""

import secrets
import subprocess
import time
from collections.abc import Iterator

import pytest

from tests.integration.embedded.dremio.engine_on_the_wire import (
    LAYERS,
    ROOT,
    START_SECONDS,
    Client,
    EngineProcess,
    ObjectStore,
    free_port,
    s3_source,
)


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """A Swift of its own, with the bucket `datalake`."""
    from embedded.object_store.service import _client, object_store
    from embedded.settings import DEFAULT_PORTS, Settings
    from embedded.stack.wire import S3_ACCESS_KEY

    environ = {f"LAKEHOUSE_PORT_{name}": str(free_port()) for name in DEFAULT_PORTS}
    environ["LAKEHOUSE_STATE_DIR"] = str(tmp_path_factory.mktemp("swift"))
    settings = Settings.from_environ(environ)
    names = ("LAKE_S3_SECRET_KEY", "SWIFT_HASH_PREFIX", "SWIFT_HASH_SUFFIX")
    secret = {name: secrets.token_hex(16) for name in names}
    service = object_store(settings, secret)
    service.prepare()
    running = [
        subprocess.Popen(program.argv, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for program in service.programs
    ]
    try:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                service.check()
                break
            except Exception:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        service.complete()
        client = _client(service.address, secret["LAKE_S3_SECRET_KEY"])
        yield ObjectStore(service.address, S3_ACCESS_KEY, secret["LAKE_S3_SECRET_KEY"], client)
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(10)


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
