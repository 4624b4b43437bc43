"""A file is sent while it is written, and appears whole or not at all."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from airbyte_engine.worker import growing_upload
from airbyte_engine.worker.growing_upload import GrowingUpload

PART = 1000


class Bucket:
    """What a bucket's client was asked to do."""

    def __init__(self, refuses_part: int = 0) -> None:
        self.refuses_part = refuses_part
        self.parts: list[bytes] = []
        self.object: bytes | None = None
        self.aborted = 0

    def create_multipart_upload(self, **_: Any) -> dict[str, str]:
        return {"UploadId": "upload"}

    def upload_part(self, Body: bytes, PartNumber: int, **_: Any) -> dict[str, str]:
        if PartNumber == self.refuses_part:
            raise ConnectionError("no more")
        self.parts.append(Body)
        return {"ETag": str(PartNumber)}

    def complete_multipart_upload(self, MultipartUpload: dict[str, Any], **_: Any) -> None:
        numbers = [part["PartNumber"] for part in MultipartUpload["Parts"]]
        assert numbers == list(range(1, len(self.parts) + 1))
        self.object = b"".join(self.parts)

    def abort_multipart_upload(self, **_: Any) -> None:
        self.aborted += 1

    def put_object(self, Body: Any, **_: Any) -> None:
        self.object = Body.read()


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing_upload, "PART_BYTES", PART)
    monkeypatch.setattr(growing_upload, "LOOK_SECONDS", 0.005)


def until(condition: Any) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_parts_are_sent_while_the_file_grows_and_the_object_appears_at_the_end(tmp_path: Path) -> None:
    file, bucket = tmp_path / "orders.parquet", Bucket()
    upload = GrowingUpload(bucket, "lake", "key", file)
    content = b"".join(bytes([number]) * 700 for number in range(10))
    with file.open("wb") as written:
        for start in range(0, len(content), 700):
            written.write(content[start : start + 700])
            written.flush()
        until(lambda: len(bucket.parts) == 7)
        assert bucket.object is None
        written.write(b"the end")
    upload.finish()
    assert bucket.object == content + b"the end"


def test_the_parts_of_a_long_file_become_larger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 takes 10,000 parts, and no more."""
    monkeypatch.setattr(growing_upload, "PARTS_OF_A_SIZE", 3)
    file, bucket = tmp_path / "orders.parquet", Bucket()
    content = bytes(range(256)) * 40
    file.write_bytes(content)
    upload = GrowingUpload(bucket, "lake", "key", file)
    upload.finish()
    assert [len(part) for part in bucket.parts] == [PART] * 3 + [2 * PART] * 3 + [1240]
    assert bucket.object == content


def test_a_file_smaller_than_a_part_is_one_put(tmp_path: Path) -> None:
    file, bucket = tmp_path / "orders.parquet", Bucket()
    upload = GrowingUpload(bucket, "lake", "key", file)
    file.write_bytes(b"small")
    upload.finish()
    assert (bucket.object, bucket.parts) == (b"small", [])


def test_a_refused_part_is_reported_at_the_end_and_nothing_appears(tmp_path: Path) -> None:
    file, bucket = tmp_path / "orders.parquet", Bucket(refuses_part=2)
    upload = GrowingUpload(bucket, "lake", "key", file)
    file.write_bytes(b"x" * 5 * PART)
    with pytest.raises(ConnectionError, match="no more"):
        upload.finish()
    assert (bucket.object, bucket.aborted) == (None, 1)


def test_a_file_that_is_not_wanted_leaves_nothing(tmp_path: Path) -> None:
    file, bucket = tmp_path / "orders.parquet", Bucket()
    upload = GrowingUpload(bucket, "lake", "key", file)
    file.write_bytes(b"x" * 2 * PART)
    until(lambda: len(bucket.parts) == 2)
    upload.abort()
    assert (bucket.object, bucket.aborted) == (None, 1)


def test_a_file_that_grows_is_a_sign_of_life_and_one_that_does_not_is_hardly_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking ten times a second forever cost more than a hanging sync may: no hang was ever noticed."""
    monkeypatch.setattr(growing_upload, "LONGEST_LOOK_SECONDS", 0.4)
    looks: list[float] = []
    signs: list[int] = []

    class Counted(GrowingUpload):
        def _size(self) -> int:
            looks.append(time.monotonic())
            return super()._size()

    file = tmp_path / "orders.parquet"
    upload = Counted(Bucket(), "lake", "key", file, lambda: signs.append(1))
    time.sleep(1.5)
    assert (2 <= len(looks) <= 12, signs) == (True, [])
    file.write_bytes(b"some")
    until(lambda: len(signs) == 1)
    file.write_bytes(b"some more")
    until(lambda: len(signs) == 2)
    upload.abort()
