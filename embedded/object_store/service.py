"""Swift as a service of the platform, checked the way its users use it: over S3."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from embedded.object_store.layout import BUCKET, REGION, S3_ACCESS_KEY, STORES, Layout
from embedded.settings import HOST, ROOT, Settings
from embedded.stack.http_check import answers
from embedded.stack.service import NotReadyError, Program, Service

ANSWER_SECONDS = 5
CREATE_RETRIES = 5
"""On a busy machine one server may answer another late, which the proxy passes on as ServiceUnavailable."""


def object_store(settings: Settings, secret: Mapping[str, str]) -> Service:
    layout = Layout.of(settings)
    endpoint = f"http://{HOST}:{settings.port('S3')}"

    @cache
    def client(retries: int) -> Any:
        return _client(endpoint, secret["LAKE_S3_SECRET_KEY"], retries)

    # The proxy answers, and lists buckets, before the servers behind it listen.
    listening = [
        answers(f"http://{HOST}:{settings.port(f'SWIFT_{store.upper()}')}/healthcheck") for store in STORES
    ]

    def check() -> None:
        for server in listening:
            server()
        _check(client(retries=0))

    def complete() -> None:
        _ensure_bucket(client(retries=CREATE_RETRIES))

    return Service(
        name="object_store",
        title="Swift 2.38 (S3)",
        address=endpoint,
        ports=("S3", *(f"SWIFT_{store.upper()}" for store in STORES)),
        programs=_programs(layout),
        obstacles=lambda: _lacks_attributes(layout.folder),
        prepare=lambda: layout.write(S3_ACCESS_KEY, secret),
        check=check,
        complete=complete,
        start_seconds=120,
    )


def _programs(layout: Layout) -> tuple[Program, ...]:
    scripts = Path(sys.executable).parent
    servers = [
        Program(
            f"object_store-{server}",
            # --verbose logs to standard error instead of to a syslog that may not be there.
            (str(scripts / f"swift-{server}-server"), str(layout.configuration(server)), "--verbose"),
            # For the filter that the proxy's configuration names.
            environment=lambda: {"PYTHONPATH": str(ROOT)},
        )
        for server in (*STORES, "proxy")
    ]
    module = (sys.executable, "-m", "embedded.object_store.updater")
    arguments = (str(layout.folder), str(layout.configuration("object")), "--verbose")
    return (Program("object_store-updater", (*module, *arguments)), *servers)


def _lacks_attributes(folder: Path) -> list[str]:
    """Swift keeps an object's metadata in extended attributes; some tmpfs and network folders have none."""
    probe = folder / ".attributes"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.touch()
        os.setxattr(probe, "user.swift.probe", b"1")
    except OSError as error:
        return [
            f"{folder} cannot hold the object store ({error.strerror}): "
            "set LAKEHOUSE_STATE_DIR to a local disk"
        ]
    finally:
        probe.unlink(missing_ok=True)
    return []


def _client(endpoint: str, secret_key: str, retries: int) -> Any:
    import boto3
    from botocore.config import Config

    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=S3_ACCESS_KEY,
        aws_secret_access_key=secret_key,
        region_name=REGION,
        config=Config(
            s3={"addressing_style": "path"},
            connect_timeout=ANSWER_SECONDS,
            read_timeout=ANSWER_SECONDS,
            retries={"max_attempts": retries, "mode": "standard"},
        ),
    )


def _check(client: Any) -> None:
    """A signed listing: proxy, keys and disk have to work too."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        names = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
        if BUCKET in names:
            client.list_objects_v2(Bucket=BUCKET, MaxKeys=1)
    except (BotoCoreError, ClientError) as error:
        raise NotReadyError(str(error)) from error


def _ensure_bucket(client: Any) -> None:
    if BUCKET in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
        return
    # A retry may find what the attempt before it has made, although it was told that it had not.
    with contextlib.suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=BUCKET)
