"""Files of a bucket or a folder: what matches, when it was last changed, and its bytes."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from airbyte_engine.bucket import s3_client
from airbyte_engine.worker.files.errors import UnreadableFileError, VanishedFileError
from airbyte_engine.worker.files.globs import pattern_of
from airbyte_engine.worker.protocol import WorkerError

FOLDER_SCHEME = "file://"
"""A `bucket` that begins so is a folder of this machine: an addition to Airbyte's configuration."""
_HOPELESS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "NoSuchBucket", "403", "404"}
_GONE = {"NoSuchKey", "404"}
_LOCKED = {"AccessDenied", "403", "InvalidObjectState"}
"""Not this file: it is archived, or its own permissions forbid it."""

_LATEST = dt.datetime(9999, 1, 1, tzinfo=dt.UTC).timestamp()
"""File systems know later moments than Python does."""


@dataclass(frozen=True)
class RemoteFile:
    """A file by its name within the bucket or folder."""

    url: str
    last_modified: dt.datetime
    version: str = ""
    """Differs when the file was replaced, even at the same moment; empty where that cannot be told."""


class Place(Protocol):
    """Where a source's files are."""

    def files(self) -> Iterator[RemoteFile]:
        """All files, in no order. Raises WorkerError."""
        ...

    def open(self, file: RemoteFile) -> io.BufferedReader:
        """The file's bytes as they are stored.

        Raises:
            UnreadableFileError: this file cannot be opened.
            VanishedFileError: the file is gone.
            WorkerError: no file can be opened.
        """
        ...


def place_of(configuration: Mapping[str, Any]) -> Place:
    """The place of a source-s3 configuration."""
    bucket = str(configuration["bucket"])
    if bucket.startswith(FOLDER_SCHEME):
        return _Folder(Path(bucket.removeprefix(FOLDER_SCHEME)))
    return _Bucket(bucket, configuration)


def matching(place: Place, globs: Sequence[str]) -> list[RemoteFile]:
    """The files that any of the patterns names, oldest first: Airbyte's order."""
    patterns = [pattern_of(glob) for glob in globs]
    found = [file for file in place.files() if any(pattern.fullmatch(file.url) for pattern in patterns)]
    return sorted(found, key=lambda file: (file.last_modified, file.url))


def shown_url(url: str) -> str:
    """The name as a message can hold it: bytes that are not UTF-8 are escaped."""
    return os.fsencode(url).decode("utf-8", "backslashreplace")


class _Body(io.RawIOBase):
    """A body of S3 as Python reads files. What fails here is the transport, not the file."""

    def __init__(self, body: Any, file: RemoteFile) -> None:
        self._body = body
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._body.read(len(buffer))
        except (OSError, BotoCoreError) as error:
            raise WorkerError(f"{self._file.url} cannot be read: {error}", "transient_error") from error
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._body.close()
        super().close()


class _Bucket:
    def __init__(self, bucket: str, configuration: Mapping[str, Any]) -> None:
        self._bucket = bucket
        self._client = s3_client(
            configuration.get("endpoint"),
            configuration.get("region_name"),
            configuration.get("aws_access_key_id"),
            configuration.get("aws_secret_access_key"),
        )

    def files(self) -> Iterator[RemoteFile]:
        pages: Iterable[Any] = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket)
        try:
            for page in pages:
                for item in page.get("Contents", []):
                    # Consoles mark a folder by an empty object.
                    if item["Size"] or not item["Key"].endswith("/"):
                        moment = item["LastModified"].astimezone(dt.UTC)
                        version = f"{moment.isoformat()}-{item.get('ETag', '')}"
                        yield RemoteFile(item["Key"], moment, version)
        except (BotoCoreError, ClientError) as error:
            raise self._error("cannot be listed", error) from error

    def open(self, file: RemoteFile) -> io.BufferedReader:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=file.url)
        except (BotoCoreError, ClientError) as error:
            code = _code(error)
            if code in _GONE:
                raise VanishedFileError(str(error)) from error
            if code in _LOCKED:
                raise UnreadableFileError(f"the bucket refuses access to it: {error}") from error
            raise self._error(f"does not give {file.url}", error) from error
        return io.BufferedReader(_Body(answer["Body"], file))

    def _error(self, what: str, error: Exception) -> WorkerError:
        kind = "config_error" if _code(error) in _HOPELESS else "transient_error"
        return WorkerError(f"The bucket {self._bucket!r} {what}: {error}", kind)


def _code(error: Exception) -> str:
    return error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def files(self) -> Iterator[RemoteFile]:
        if not self._folder.is_dir():
            raise WorkerError(f"There is no folder {self._folder}", "config_error")
        for path in self._folder.rglob("*"):
            with contextlib.suppress(OSError):  # what is gone by now is not there
                status = path.stat()
                if stat.S_ISREG(status.st_mode):
                    url = path.relative_to(self._folder).as_posix()
                    moment = dt.datetime.fromtimestamp(min(max(status.st_mtime, 0), _LATEST), dt.UTC)
                    yield RemoteFile(url, moment, f"{status.st_mtime_ns}-{status.st_size}")

    def open(self, file: RemoteFile) -> io.BufferedReader:
        try:
            return (self._folder / file.url).open("rb")
        except FileNotFoundError as error:
            raise VanishedFileError(str(error)) from error
        except OSError as error:
            raise UnreadableFileError(f"it cannot be opened: {error.strerror}") from error
