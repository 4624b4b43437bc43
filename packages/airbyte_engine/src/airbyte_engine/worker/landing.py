"""Airbyte's S3 destination: where files go, what Airbyte adds to each row, and how a file appears whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from airbyte_engine.bucket import s3_client
from airbyte_engine.worker.growing_upload import GrowingUpload
from airbyte_engine.worker.protocol import Order, Outbox, WorkerError
from airbyte_engine.worker.redelivery import delivered_again

DEFAULT_PATH_FORMAT = "${NAMESPACE}/${STREAM_NAME}/${YEAR}_${MONTH}_${DAY}_${EPOCH}_"
"""The S3 destination's own default; the file's number and extension follow."""

_MULTIPART_MB = 64
_CONFIG_ERRORS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "NoSuchBucket", "403", "404"}


def key_of(
    destination: Mapping[str, Any], namespace: str, stream: str, started: dt.datetime, number: int
) -> str:
    """The key of a stream's `number`-th file of a sync that started then (UTC; EPOCH is in milliseconds)."""
    variables = {
        "NAMESPACE": namespace,
        "STREAM_NAME": stream,
        "YEAR": f"{started:%Y}",
        "MONTH": f"{started:%m}",
        "DAY": f"{started:%d}",
        "HOUR": f"{started:%H}",
        "MINUTE": f"{started:%M}",
        "SECOND": f"{started:%S}",
        "MILLISECOND": f"{started.microsecond // 1000:03d}",
        "EPOCH": str(int(started.timestamp() * 1000)),
    }
    path = str(destination.get("s3_path_format") or DEFAULT_PATH_FORMAT)
    for name, value in variables.items():
        path = path.replace(f"${{{name}}}", value)
    folder = str(destination["s3_bucket_path"]).strip("/")
    return f"{folder}/{path}{number}.parquet".replace("//", "/").lstrip("/")


def compression_of(destination: Mapping[str, Any]) -> str:
    """The Parquet codec, as DuckDB and pyarrow both spell it. Airbyte's default is UNCOMPRESSED."""
    codec = str(destination.get("format", {}).get("compression_codec", "UNCOMPRESSED")).lower()
    return "none" if codec == "uncompressed" else codec


@dataclass(frozen=True)
class Stored:
    """What was uploaded."""

    keys: list[str]
    bytes: int
    rows: int


@dataclass
class Landing:
    """Stores finished files of one attempt."""

    order: Order
    outbox: Outbox
    started: dt.datetime
    _numbers: dict[str, int] = field(default_factory=dict)
    _growing: dict[Path, GrowingUpload] = field(default_factory=dict)

    def __post_init__(self) -> None:
        destination = self.order.destination
        self._bucket = destination["s3_bucket_name"]
        self._client = s3_client(
            destination.get("s3_endpoint"),
            destination.get("s3_bucket_region"),
            destination.get("access_key_id"),
            destination.get("secret_access_key"),
        )

    def check(self) -> None:
        """Fail before the source is read when the bucket cannot be written. Raises WorkerError."""
        try:
            self._client.head_bucket(Bucket=self._bucket)
        except (BotoCoreError, ClientError) as error:
            raise _storage_error(f"The bucket {self._bucket!r} cannot be reached", error) from error

    def delete_orphans(self) -> None:
        """Remove what an earlier attempt stored without saving the state after it: it is read again now."""
        for key in self.order.orphans:
            try:
                self._client.delete_object(Bucket=self._bucket, Key=key)
            except (BotoCoreError, ClientError) as error:
                raise _storage_error(f"{key} of an earlier attempt cannot be deleted", error) from error
            self.outbox.log(f"deleted {key}: an earlier attempt stored it without saving its state")

    def follow(self, stream: str, file: Path) -> None:
        """Send a file while it is written from its first byte on; `store` makes it appear.

        Call it again for a file that is written again.
        """
        if self.order.redelivery:
            return
        earlier = self._growing.pop(file, None)
        if earlier is not None:
            earlier.abort()
        key = earlier.key if earlier is not None else self._next_key(stream)
        file.unlink(missing_ok=True)
        self._growing[file] = GrowingUpload(self._client, self._bucket, key, file, self.outbox.beat)

    def give_up(self) -> None:
        """Forget what was sent of files that will not be stored."""
        while self._growing:
            _, growing = self._growing.popitem()
            try:
                growing.abort()
            except (BotoCoreError, ClientError) as error:
                self.outbox.log(f"parts of {growing.key} are left in the bucket: {error}", "WARN")

    def store(self, stream: str, files: Sequence[Path]) -> Stored:
        """Upload finished Parquet files, in their order, and delete the local ones.

        Each appears under its key only when it is whole: one PUT, or a completed multipart upload.
        Raises WorkerError.
        """
        if self.order.redelivery:
            files = delivered_again(stream, files, Path(self.order.catalogs), self.order.namespace)
        rows = sum(pq.read_metadata(file).num_rows for file in files)
        size = sum(file.stat().st_size for file in files)
        keys = [self._upload(stream, file) for file in files]
        self.give_up()
        return Stored(keys, size, rows)

    def _upload(self, stream: str, file: Path) -> str:
        growing = self._growing.pop(file, None)
        key = growing.key if growing is not None else self._next_key(stream)
        self.outbox.file(stream, key)
        limit = _MULTIPART_MB * 1024 * 1024
        transfer = TransferConfig(multipart_threshold=limit, multipart_chunksize=limit, max_concurrency=2)
        try:
            if growing is not None:
                growing.finish()
            else:
                self._client.upload_file(
                    str(file), self._bucket, key, Config=transfer, Callback=lambda _: self.outbox.beat()
                )
        except (BotoCoreError, ClientError, OSError) as error:
            raise _storage_error(f"{key} cannot be stored", error) from error
        except Boto3Error as error:
            raise _storage_error(f"{key} cannot be stored", error) from error
        file.unlink()
        return key

    def _next_key(self, stream: str) -> str:
        number = self._numbers.get(stream, 0)
        self._numbers[stream] = number + 1
        name = self.order.prefix + stream
        return key_of(self.order.destination, self.order.namespace, name, self.started, number)


def _storage_error(what: str, error: Exception) -> WorkerError:
    code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
    kind = "config_error" if code in _CONFIG_ERRORS else "transient_error"
    return WorkerError(f"{what}: {error}", kind, "destination")
