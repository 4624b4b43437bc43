"""The lake as a sink: gzip JSON, one object for what a batch has of one service and day."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

from lakehouse.observe.logs.batch import Batch
from lakehouse.observe.logs.sinks import Refused, SinkAwayError
from lakehouse.platform.connections import connection
from lakehouse.platform.errors import LakehouseError
from lakehouse.platform.lake_layout import log_object_key
from lakehouse.platform.names import LAKE_CONNECTION
from lakehouse.platform.storage import LakeStorage


def lake_of(environment: Mapping[str, str]) -> LakeStorage:
    """The lake's bucket, for a process without Airflow. Raises ConnectionUnknownError."""
    import boto3
    from botocore.config import Config

    where = connection(LAKE_CONNECTION, environment)
    options = Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"max_attempts": 1},
        **dict(where.extra.get("config_kwargs") or {}),
    )
    client = boto3.session.Session().client(
        "s3",
        endpoint_url=where.extra.get("endpoint_url"),
        region_name=where.extra.get("region_name") or "us-east-1",
        aws_access_key_id=where.login,
        aws_secret_access_key=where.password,
        config=options,
    )
    return LakeStorage(client, str(where.extra.get("bucket") or "datalake"))


class LakeSink:
    """Stores batches as objects. The same batch has the same name and the same bytes."""

    name = "lake"

    def __init__(self, storage: LakeStorage, patience_seconds: float = 60.0) -> None:
        self._storage = storage
        self.patience_seconds = patience_seconds

    def send(self, batches: Sequence[Batch]) -> list[Refused]:
        """As `Sink.send`; an object store refuses no document."""
        for batch in batches:
            for (service, day), lines in _by_day(batch).items():
                # Without a time in its header: the same lines are the same bytes.
                content = gzip.compress(b"".join(lines), compresslevel=6, mtime=0)
                try:
                    self._storage.put(content, log_object_key(service, day, batch.name))
                except LakehouseError as error:
                    raise SinkAwayError(str(error)) from error
        return []


def _by_day(batch: Batch) -> dict[tuple[str, date], list[bytes]]:
    """The lines of each service and UTC day: an object never spans midnight."""
    lines: defaultdict[tuple[str, date], list[bytes]] = defaultdict(list)
    for document in batch.documents:
        lines[document.service, document.day].append(document.whole() + b"\n")
    return lines
