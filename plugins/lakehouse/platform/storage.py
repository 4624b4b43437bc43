"""The lake's bucket behind a handful of verbs, on any S3 server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from lakehouse.platform.errors import PermanentError, TransientError
from lakehouse.platform.http_answers import Answer, kind_of
from lakehouse.platform.names import LAKE_CONNECTION

if TYPE_CHECKING:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

_FORBIDDEN = {"403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
_ABSENT = {"404", "NoSuchKey", "NotFound"}
_WHEN_AWAY: Final = "; this task's next attempt tries again; if that fails as well, look at the store's disk"


class StorageRefusedError(PermanentError):
    """The object store refused: wrong keys, no such bucket, or no such object."""


class StorageUnavailableError(TransientError):
    """The object store did not answer or could not store; a retry may succeed."""


@dataclass(frozen=True)
class LakeObject:
    """One object of the bucket; size in bytes."""

    key: str
    size: int
    modified: datetime
    etag: str = ""
    """The content's MD5, if the object was stored in a single PUT."""


class LakeStorage:
    """Objects of one bucket, by key. `client` is a boto3 S3 client."""

    def __init__(self, client: Any, bucket: str) -> None:
        self.client = client
        self.bucket = bucket

    @classmethod
    def of(cls, hook: S3Hook) -> LakeStorage:
        """The bucket that the hook's connection names (`service_config.s3.bucket_name` of its extra)."""
        bucket = hook.service_config.get("bucket_name") or hook.conn_config.extra_config.get("bucket")
        if not bucket:
            raise StorageRefusedError(
                f"connection {hook.aws_conn_id} names no bucket: "
                'set {"service_config": {"s3": {"bucket_name": "datalake"}}} in its extra'
            )
        return cls(hook.get_conn(), bucket)

    @classmethod
    def from_connection(cls, conn_id: str = LAKE_CONNECTION) -> LakeStorage:
        """The bucket of an Airflow connection."""
        from lakehouse.platform.lake_hook import LakeHook

        return cls.of(LakeHook(aws_conn_id=conn_id))

    def create_bucket(self) -> bool:
        """Create the bucket unless it is there; True when it was created."""
        with _storage_errors("create bucket", self.bucket):
            existing = {bucket["Name"] for bucket in self.client.list_buckets()["Buckets"]}
            if self.bucket in existing:
                return False
            self.client.create_bucket(Bucket=self.bucket)
            return True

    def objects(self, prefix: str, after: str = "") -> Iterator[LakeObject]:
        """Every object under a prefix, in the order of the keys; with `after`, those with a greater key."""
        start = {"StartAfter": after} if after else {}
        with _storage_errors("list", self._url(prefix)):
            listing = self.client.get_paginator("list_objects_v2")
            pages = listing.paginate(Bucket=self.bucket, Prefix=prefix, **start)
            for page in pages:
                for item in page.get("Contents", []):
                    yield LakeObject(
                        item["Key"], item["Size"], item["LastModified"], item.get("ETag", "").strip('"')
                    )

    def tail(self, key: str, length: int) -> bytes:
        """The last `length` bytes of an object, or all of it when it is shorter."""
        with _storage_errors("read", self._url(key)):
            answer = self.client.get_object(Bucket=self.bucket, Key=key, Range=f"bytes=-{length}")
            body: bytes = answer["Body"].read()
            return body

    def download(self, key: str, path: Path) -> None:
        """Copy an object to a local file."""
        with _storage_errors("read", self._url(key)):
            self.client.download_file(self.bucket, key, str(path))

    def upload(self, path: Path, key: str, metadata: Mapping[str, str] | None = None) -> None:
        """Publish a local file under a key in one PUT, with some short texts about it.

        One PUT is atomic: a reader sees the old object or the new one. A multipart upload is avoided
        because overwriting one leaves its segments behind on Swift (5 GB is the limit of a single PUT).
        """
        with _storage_errors("write", self._url(key)), path.open("rb") as body:
            self.client.put_object(Bucket=self.bucket, Key=key, Body=body, Metadata=dict(metadata or {}))

    def put(self, content: bytes, key: str) -> None:
        """Publish some bytes under a key in one PUT."""
        with _storage_errors("write", self._url(key)):
            self.client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def get(self, key: str) -> bytes:
        """All of a small object."""
        with _storage_errors("read", self._url(key)):
            content: bytes = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            return content

    def exists(self, key: str) -> bool:
        """Is there an object with this key?"""
        return self.metadata(key) is not None

    def metadata(self, key: str) -> dict[str, str] | None:
        """The texts that were published with an object, by lower-case name; None when there is no object."""
        try:
            with _storage_errors("read", self._url(key)):
                found: dict[str, str] = self.client.head_object(Bucket=self.bucket, Key=key)["Metadata"]
        except StorageRefusedError as error:
            if isinstance(error.__cause__, ClientError) and _code(error.__cause__) in _ABSENT:
                return None
            raise
        return found

    def delete(self, key: str) -> None:
        """Remove an object; an absent one is not an error."""
        with _storage_errors("delete", self._url(key)):
            self.client.delete_object(Bucket=self.bucket, Key=key)

    def _url(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"


class _storage_errors:
    """Turn boto3's errors into the two that the retry policy knows."""

    def __init__(self, verb: str, what: str) -> None:
        self.attempt = f"cannot {verb} {what}"

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ClientError):
            message = f"{self.attempt}: {error.response['Error'].get('Message') or _code(error)}"
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
            if _code(error) in _FORBIDDEN:
                raise StorageRefusedError(
                    f"{message}; check the keys of connection {LAKE_CONNECTION}"
                ) from error
            if kind_of(status) is not Answer.AWAY:
                raise StorageRefusedError(message) from error
            raise StorageUnavailableError(f"{message}{_WHEN_AWAY}") from error
        if isinstance(error, BotoCoreError):
            raise StorageUnavailableError(f"{self.attempt}: {error}{_WHEN_AWAY}") from error


def _code(error: ClientError) -> str:
    return str(error.response["Error"].get("Code", ""))
