"""Putting a partition's files into the lake so that no reader sees half of them.

A partition of one file is `data.parquet`: one PUT replaces it. Of several files each is named by its content,
so those of the old and the new partition never mix under one name; the PUT of `_manifest.json`, which lists
them, is the moment the new partition exists. Dremio reads the files it listed at its last metadata refresh,
and the stream's lock keeps that from happening in between (docs/decisions/0010).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from lakehouse.bronze.parquet_writer import WrittenFile
from lakehouse.platform.database import Lock, PostgresConnections, exclusively, transaction
from lakehouse.platform.lake_layout import bronze_manifest_key, bronze_part_key, bronze_partition
from lakehouse.platform.sql_files import read_sql
from lakehouse.platform.storage import LakeStorage

PUBLISH_WAIT_SECONDS = 120
"""A publish and a refresh of one stream take seconds, and hold each other up."""


@dataclass(frozen=True)
class Partition:
    """One stream and business date."""

    source: str
    stream: str
    business_date: date

    @property
    def folder(self) -> str:
        return bronze_partition(self.source, self.stream, self.business_date)

    @property
    def manifest_key(self) -> str:
        return bronze_manifest_key(self.source, self.stream, self.business_date)

    @property
    def columns(self) -> dict[str, Any]:
        """The partition as the platform's tables key it."""
        return {"source": self.source, "stream": self.stream, "business_date": self.business_date}


def content_hash(parts: Sequence[WrittenFile]) -> str:
    """One hash of a partition's content: that of its only file, or of all files' hashes."""
    if len(parts) == 1:
        return parts[0].sha256
    return hashlib.sha256("\n".join(part.sha256 for part in parts).encode()).hexdigest()


@dataclass(frozen=True)
class StoredAgain:
    """A partition's files as retention has compressed them again: the same rows in other bytes."""

    bytes: int
    sha256: str
    from_sha256: str
    """`content_hash` of the files that the load had published."""
    compression: str


class Publisher:
    """Publishes partitions, and clears away what a load that died has left."""

    def __init__(self, postgres: PostgresConnections, storage: LakeStorage) -> None:
        self._postgres = postgres
        self._storage = storage

    def publish(
        self, partition: Partition, parts: Sequence[WrittenFile], account: dict[str, Any], run_id: str
    ) -> bool:
        """Make the parts the partition's content; True if that changed anything.

        Files that are there with the same bytes are left alone.

        Args:
            partition: what is replaced.
            parts: local files, in the order of their rows.
            account: what the manifest says beside the files; must depend on the landing objects only.
            run_id: told to whoever waits.
        """
        keys = _keys(partition, parts)
        listed = [
            {"key": key, "rows": part.rows, "bytes": part.bytes, "sha256": part.sha256}
            for key, part in zip(keys, parts, strict=True)
        ]
        manifest = _as_bytes(account | {"files": listed})
        with self._alone(partition.source, partition.stream, f"load_bronze {run_id}"):
            present = {item.key: item for item in self._storage.objects(partition.folder)}
            missing = [
                (part.path, key)
                for key, part in zip(keys, parts, strict=True)
                if key not in present or present[key].etag != _md5_of_file(part.path)
            ]
            stale = sorted(set(present) - {*keys, partition.manifest_key})
            known = present.get(partition.manifest_key)
            if not missing and not stale and known and known.etag == _md5(manifest):
                return False
            self._record("insert_bronze_publication", partition)
            for path, key in missing:
                self._storage.upload(path, key)
            self._storage.put(manifest, partition.manifest_key)
            for key in stale:
                self._storage.delete(key)
            self._record("delete_bronze_publication", partition)
            return True

    def stored_again(self, partition: Partition, parts: Sequence[WrittenFile]) -> StoredAgain | None:
        """What the lake holds, if that is these parts compressed again, and whole.

        A replay builds the parts as they were at first; it has nothing to publish then.
        """
        again = self.stored_again_of(partition)
        return again if again is not None and again.from_sha256 == content_hash(parts) else None

    def stored_again_of(self, partition: Partition) -> StoredAgain | None:
        """What the lake holds, if retention has compressed it again and it is whole."""
        present = {item.key: item for item in self._storage.objects(partition.folder)}
        if partition.manifest_key not in present:
            return None
        manifest = json.loads(self._storage.get(partition.manifest_key))
        again = manifest.get("compressed_again")
        if again is None:
            return None
        keys = {file["key"] for file in manifest["files"]}
        if present.keys() != {*keys, partition.manifest_key} or any(
            present[key].etag != again["md5"].get(key) for key in keys
        ):
            return None
        size = sum(file["bytes"] for file in manifest["files"])
        return StoredAgain(size, again["sha256"], again["from_sha256"], again["compression"])

    def publish_again(
        self, partition: Partition, parts: Sequence[WrittenFile], from_sha256: str, compression: str
    ) -> None:
        """Put the same rows in other bytes into the partition's place; its manifest says so.

        Args:
            partition: what is replaced.
            parts: local files that hold the partition's rows, in their order.
            from_sha256: `content_hash` of the files that a load had published.
            compression: of the new files.
        """
        account = self._account(partition) | {
            "compressed_again": {
                "compression": compression,
                "from_sha256": from_sha256,
                "sha256": content_hash(parts),
                "md5": {
                    key: _md5_of_file(part.path)
                    for key, part in zip(_keys(partition, parts), parts, strict=True)
                },
            }
        }
        self.publish(partition, parts, account, "retention")

    def annotate(self, partition: Partition, words: dict[str, Any]) -> None:
        """Add to what a partition's manifest says; one without a manifest is left as it is."""
        with self._alone(partition.source, partition.stream, "retention"):
            if not self._storage.exists(partition.manifest_key):
                return
            manifest = json.loads(self._storage.get(partition.manifest_key)) | words
            self._storage.put(_as_bytes(manifest), partition.manifest_key)

    def _account(self, partition: Partition) -> dict[str, Any]:
        manifest: dict[str, Any] = json.loads(self._storage.get(partition.manifest_key))
        return {name: value for name, value in manifest.items() if name != "files"}

    @contextmanager
    def while_nothing_is_published(self, source: str, stream: str) -> Iterator[None]:
        """Hold publishing up, with no file in the stream's folder that belongs to no partition."""
        with self._alone(source, stream, "refresh_catalogue"):
            with transaction(self._postgres) as cursor:
                cursor.execute(
                    read_sql("postgres/bronze/select_bronze_publications.sql"),
                    {"source": source, "stream": stream},
                )
                unfinished = [Partition(source, stream, day) for (day,) in cursor.fetchall()]
            for partition in unfinished:
                self._clear(partition)
            yield

    def _clear(self, partition: Partition) -> None:
        """Take away the files that the manifest does not list; what it lists was there before they came."""
        keys = {item.key for item in self._storage.objects(partition.folder)}
        kept = {bronze_part_key(partition.source, partition.stream, partition.business_date)}
        if partition.manifest_key in keys:
            manifest = json.loads(self._storage.get(partition.manifest_key))
            kept = {partition.manifest_key, *(file["key"] for file in manifest["files"])}
        for key in sorted(keys - kept):
            self._storage.delete(key)
        self._record("delete_bronze_publication", partition)

    def _alone(self, source: str, stream: str, holder: str) -> AbstractContextManager[None]:
        lock = Lock("bronze publish", f"{source}.{stream}")
        return exclusively(self._postgres, lock, holder, PUBLISH_WAIT_SECONDS)

    def _record(self, statement: str, partition: Partition) -> None:
        with transaction(self._postgres) as cursor:
            cursor.execute(read_sql(f"postgres/bronze/{statement}.sql"), partition.columns)


def _keys(partition: Partition, parts: Sequence[WrittenFile]) -> list[str]:
    where = (partition.source, partition.stream, partition.business_date)
    if len(parts) == 1:
        return [bronze_part_key(*where)]
    return [bronze_part_key(*where, number, part.sha256[:8]) for number, part in enumerate(parts, start=1)]


def _as_bytes(manifest: dict[str, Any]) -> bytes:
    return json.dumps(manifest, indent=1, sort_keys=True).encode() + b"\n"


def _md5(content: bytes) -> str:
    """What S3 gives as the ETag of a single PUT."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _md5_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
