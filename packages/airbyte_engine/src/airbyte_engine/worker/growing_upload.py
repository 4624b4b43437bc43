"""Storing a file while it is still being written, so that writing and sending overlap."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

PART_BYTES = 16 * 1024 * 1024
PARTS_OF_A_SIZE = 1000
"""After so many parts they are larger by PART_BYTES: S3 takes at most 10,000, so files up to 860 GiB."""
LOOK_SECONDS = 0.1
"""Between looks at a file that grows."""
LONGEST_LOOK_SECONDS = 5.0
"""Between looks at one that does not: waiting for a source must not look like work (see stall.py)."""


class GrowingUpload:
    """Sends what lies on the disk in parts; nothing appears under the key before `finish` has returned.

    Only for a writer that appends and never goes back, as DuckDB's Parquet writer does: a Parquet file's
    table of contents stands at its end. A file of at most one part is sent in one PUT.

    `moved` is called whenever the file has grown or a part is stored.
    """

    def __init__(
        self, client: Any, bucket: str, key: str, file: Path, moved: Callable[[], None] = lambda: None
    ) -> None:
        self.key = key
        self._moved = moved
        self._client, self._place, self._file = client, {"Bucket": bucket, "Key": key}, file
        self._upload: str | None = None
        self._parts: list[dict[str, Any]] = []
        self._sent = 0
        self._failure: Exception | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"upload of {file.name}", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Send the rest and make the object appear; the file must be complete. Raises what boto3 raises."""
        self._halt()
        if self._failure is not None:
            self.abort()
            raise self._failure
        if self._upload is None and self._size() <= PART_BYTES:
            with self._file.open("rb") as body:
                self._client.put_object(Body=body, **self._place)
            return
        try:
            while self._sent < self._size():
                self._send_part()
            self._client.complete_multipart_upload(
                UploadId=self._upload, MultipartUpload={"Parts": self._parts}, **self._place
            )
        except Exception:
            self.abort()
            raise

    def abort(self) -> None:
        """Forget what was sent; after `finish` there is nothing to forget."""
        self._halt()
        upload, self._upload = self._upload, None
        if upload is not None:
            self._client.abort_multipart_upload(UploadId=upload, **self._place)

    def _halt(self) -> None:
        self._stop.set()
        self._thread.join()

    def _follow(self) -> None:
        seen, pause = 0, LOOK_SECONDS
        try:
            while not self._stop.is_set():
                size = self._size()
                if size != seen:
                    seen, pause = size, LOOK_SECONDS
                    self._moved()
                if size - self._sent >= self._part_bytes:
                    self._send_part()
                else:
                    self._stop.wait(pause)
                    pause = min(2 * pause, LONGEST_LOOK_SECONDS)
        except Exception as error:  # noqa: BLE001 - raised by `finish`, in the thread that can act on it
            self._failure = error

    @property
    def _part_bytes(self) -> int:
        return PART_BYTES * (1 + len(self._parts) // PARTS_OF_A_SIZE)

    def _size(self) -> int:
        return self._file.stat().st_size if self._file.exists() else 0

    def _send_part(self) -> None:
        if self._upload is None:
            self._upload = self._client.create_multipart_upload(**self._place)["UploadId"]
        with self._file.open("rb") as file:
            file.seek(self._sent)
            body = file.read(self._part_bytes)
        number = len(self._parts) + 1
        answer = self._client.upload_part(UploadId=self._upload, PartNumber=number, Body=body, **self._place)
        self._moved()
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        self._sent += len(body)
