"""Files of a bucket or a folder: what matches, when it was last changed, and its bytes."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from airbyte_engine.bucket import s3_client
from airbyte_engine.worker.protocol import WorkerError

FOLDER_SCHEME = "file://"
"""A `bucket` that begins so is a folder of this machine: an addition to Airbyte's configuration."""
_HOPELESS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "NoSuchBucket", "403", "404"}


@dataclass(frozen=True)
class RemoteFile:
    """A file by its name within the bucket or folder."""

    url: str
    last_modified: dt.datetime


class Place(Protocol):
    """Where a source's files are."""

    def files(self) -> Iterator[RemoteFile]:
        """All files, in no order. Raises WorkerError."""
        ...

    def open(self, file: RemoteFile) -> IO[bytes]:
        """The file's bytes as they are stored. Raises WorkerError."""
        ...


def place_of(configuration: Mapping[str, Any]) -> Place:
    """The place of a source-s3 configuration."""
    bucket = str(configuration["bucket"])
    if bucket.startswith(FOLDER_SCHEME):
        return _Folder(Path(bucket.removeprefix(FOLDER_SCHEME)))
    return _Bucket(bucket, configuration)


def matching(place: Place, globs: Sequence[str]) -> list[RemoteFile]:
    """The files that any of the patterns names, oldest first: Airbyte's order."""
    patterns = [_pattern(glob) for glob in globs]
    found = [file for file in place.files() if any(pattern.fullmatch(file.url) for pattern in patterns)]
    return sorted(found, key=lambda file: (file.last_modified, file.url))


def text_of(raw: IO[bytes], file: RemoteFile, encoding: str) -> io.TextIOWrapper:
    """The file's text; one whose name ends in .gz is unpacked. Ends of lines are left as they are."""
    stream: Any = gzip.GzipFile(fileobj=raw) if file.url.endswith(".gz") else io.BufferedReader(_Raw(raw))
    return io.TextIOWrapper(stream, encoding=encoding, newline="")


class _Raw(io.RawIOBase):
    """A body of S3 as Python reads files."""

    def __init__(self, body: IO[bytes]) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._body.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


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
                    yield RemoteFile(item["Key"], item["LastModified"].astimezone(dt.UTC))
        except (BotoCoreError, ClientError) as error:
            raise self._error("cannot be listed", error) from error

    def open(self, file: RemoteFile) -> IO[bytes]:
        try:
            body: IO[bytes] = self._client.get_object(Bucket=self._bucket, Key=file.url)["Body"]
        except (BotoCoreError, ClientError) as error:
            raise self._error(f"does not give {file.url}", error) from error
        return body

    def _error(self, what: str, error: Exception) -> WorkerError:
        code = error.response.get("Error", {}).get("Code", "") if isinstance(error, ClientError) else ""
        kind = "config_error" if code in _HOPELESS else "transient_error"
        return WorkerError(f"The bucket {self._bucket!r} {what}: {error}", kind)


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def files(self) -> Iterator[RemoteFile]:
        if not self._folder.is_dir():
            raise WorkerError(f"There is no folder {self._folder}", "config_error")
        for path in self._folder.rglob("*"):
            if path.is_file():
                moment = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
                yield RemoteFile(path.relative_to(self._folder).as_posix(), moment)

    def open(self, file: RemoteFile) -> IO[bytes]:
        try:
            return (self._folder / file.url).open("rb")
        except OSError as error:
            raise WorkerError(f"{file.url} cannot be opened: {error}", "transient_error") from error


def _pattern(glob: str) -> re.Pattern[str]:
    """Airbyte's globs: `**` crosses folders, `*` and `?` do not, `a|b` and `{a,b}` are alternatives."""
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\||\{[^}]*\})", glob)
    return re.compile("".join(map(_part, parts)), re.DOTALL)


def _part(part: str) -> str:
    if part.startswith("{"):
        return "(?:" + "|".join(re.escape(choice) for choice in part[1:-1].split(",")) + ")"
    fixed = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]", "|": "|"}
    return fixed.get(part, re.escape(part))
