"""How full the lake's store is, without listing it where the store itself keeps count.

MinIO counts for Prometheus, Swift counts each container; of any other S3 server the bucket is listed, seldom
and only so far.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx
from prometheus_client.parser import text_string_to_metric_families

from lakehouse.observe.metrics.observation import Found, Reading
from lakehouse.observe.metrics.sources.bucket_listing import ListingTooLongError, list_bucket
from lakehouse.platform.connections import Connection

SECONDS: Final = 10.0
TOKEN_SECONDS: Final = 300
SEGMENTS: Final = "+segments"
"""Swift keeps the parts of multipart uploads in a container of this ending."""
SWIFT_SAYS: Final = "x-openstack-request-id"
"""A header of every answer of Swift's proxy."""
LISTED_EVERY_SECONDS: Final = 600


@dataclass(frozen=True)
class Usage:
    """What a bucket holds, and what the store can hold if it says so; bytes."""

    bytes: float
    objects: float
    capacity: float | None = None


class StoreUnreadableError(Exception):
    """The store does not say how full it is; the message has what was tried."""


class ObjectStore:
    """Usage of one bucket. `disk` is a folder on the store's own disk, where that is on this machine."""

    name = "object store"

    def __init__(
        self, where: Connection, disk: Path | None = None, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._where = where
        self._endpoint = str(where.extra.get("endpoint_url") or "https://s3.amazonaws.com").rstrip("/")
        service = (where.extra.get("service_config") or {}).get("s3") or {}
        self._bucket = str(service.get("bucket_name") or where.extra.get("bucket") or "datalake")
        self._disk = disk
        self._transport = transport

    def look(self, position: Mapping[str, Any]) -> Found:
        """As it is now; raises StoreUnreadableError or what the client raises."""
        with httpx.Client(timeout=SECONDS, transport=self._transport) as client:
            usage = self._of_minio(client) or self._of_swift(client)
            kept: dict[str, Any] = {}
            if usage is None:
                usage, kept = self._listed(client, position)
        capacity = usage.capacity
        if capacity is None and self._disk is not None and self._disk.exists():
            capacity = usage.bytes + shutil.disk_usage(self._disk).free
        labels = {"bucket": self._bucket}
        found = Found(position=kept)
        found.readings = [
            Reading("minio_disk_usage_bytes", labels, usage.bytes),
            Reading("minio_objects_total", labels, usage.objects),
        ]
        if capacity is not None:
            found.readings.append(Reading("minio_disk_capacity_bytes", labels, capacity))
        return found

    def _of_minio(self, client: httpx.Client) -> Usage | None:
        """From MinIO's metrics for Prometheus; None where the store is not MinIO."""
        answer = client.get(
            f"{self._endpoint}/minio/v2/metrics/cluster",
            headers={"Authorization": f"Bearer {minio_token(self._where.login, self._where.password)}"},
        )
        if answer.status_code != httpx.codes.OK or "minio_cluster" not in answer.text:
            return None
        by_name: dict[str, list[tuple[Mapping[str, str], float]]] = {}
        for path in ("cluster", "bucket"):
            text = answer.text if path == "cluster" else self._minio_buckets(client)
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    by_name.setdefault(sample.name, []).append((sample.labels, sample.value))

        def of_bucket(name: str) -> float | None:
            found = [value for labels, value in by_name.get(name, []) if labels.get("bucket") == self._bucket]
            return found[0] if found else None

        used = of_bucket("minio_bucket_usage_total_bytes")
        objects = of_bucket("minio_bucket_usage_object_total")
        if used is None or objects is None:
            return None
        free = sum(value for _, value in by_name.get("minio_cluster_capacity_usable_free_bytes", []))
        return Usage(used, objects, used + free if free else None)

    def _minio_buckets(self, client: httpx.Client) -> str:
        """Newer versions have the buckets on a page of their own; older ones on the cluster's."""
        token = minio_token(self._where.login, self._where.password)
        answer = client.get(
            f"{self._endpoint}/minio/v2/metrics/bucket", headers={"Authorization": f"Bearer {token}"}
        )
        return answer.text if answer.status_code == httpx.codes.OK else ""

    def _of_swift(self, client: httpx.Client) -> Usage | None:
        """From the counts of the containers; None where the store is not Swift.

        Swift's own login takes the secret itself, so it is sent to a store only that says it is Swift.
        """
        if SWIFT_SAYS not in client.get(self._endpoint).headers:
            return None
        user = {"X-Auth-User": self._where.login, "X-Auth-Key": self._where.password}
        answer = client.get(f"{self._endpoint}/auth/v1.0", headers=user)
        url, token = answer.headers.get("X-Storage-Url"), answer.headers.get("X-Auth-Token")
        if answer.status_code != httpx.codes.OK or not url or not token:
            return None
        # Behind a proxy, Swift may not know by what address it is reached.
        account = f"{self._endpoint}{urlsplit(url).path}"
        used = objects = 0.0
        for container in (self._bucket, f"{self._bucket}{SEGMENTS}"):
            head = client.head(f"{account}/{quote(container)}", headers={"X-Auth-Token": token})
            if head.status_code == httpx.codes.NOT_FOUND and container.endswith(SEGMENTS):
                continue
            head.raise_for_status()
            used += float(head.headers["X-Container-Bytes-Used"])
            if container == self._bucket:
                objects = float(head.headers["X-Container-Object-Count"])
        return Usage(used, objects)

    def _listed(self, client: httpx.Client, position: Mapping[str, Any]) -> tuple[Usage, dict[str, Any]]:
        """By a listing, which is kept for some minutes: it costs a request per thousand objects."""
        now = time.time()
        age = now - float(position.get("listed_at", 0))
        if 0 <= age < LISTED_EVERY_SECONDS:
            return Usage(position["bytes"], position["objects"]), dict(position)
        try:
            used, objects = list_bucket(client, self._endpoint, self._bucket, self._where)
        except ListingTooLongError as error:
            raise StoreUnreadableError(
                f"{self._endpoint} keeps no count that can be read, and {error}: give the observer a store"
                " that counts (MinIO's metrics, Swift), or take these values from the provider's monitoring"
            ) from error
        return Usage(used, objects), {"listed_at": now, "bytes": used, "objects": objects}


class LocalDisks:
    """Free space of the folders that the observer was told to watch."""

    name = "disks"

    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._folders = folders

    def look(self, position: Mapping[str, Any]) -> Found:
        """As it is now. Raises OSError."""
        found = Found(position=position)
        for name, folder in self._folders.items():
            usage = shutil.disk_usage(folder)
            found.readings.append(Reading("lakehouse_disk_free_bytes", {"disk": name}, usage.free))
            found.readings.append(Reading("lakehouse_disk_size_bytes", {"disk": name}, usage.total))
        return found


def disks_of(environment: Mapping[str, str] | None = None) -> dict[str, Path]:
    """`LAKEHOUSE_DISKS=state:/var/lib/x,logs:/var/log/y` as folders by name."""
    value = (os.environ if environment is None else environment).get("LAKEHOUSE_DISKS", "")
    pairs = [entry.split(":", 1) for entry in value.split(",") if ":" in entry]
    return {name.strip(): Path(folder.strip()) for name, folder in pairs}


def minio_token(access_key: str, secret_key: str, now: float | None = None) -> str:
    """A token for MinIO's metrics, as `mc admin prometheus generate` makes it (HS512, with the secret)."""
    expires = int((time.time() if now is None else now) + TOKEN_SECONDS)
    parts = ({"alg": "HS512", "typ": "JWT"}, {"exp": expires, "sub": access_key, "iss": "prometheus"})
    signed = ".".join(_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in parts)
    signature = hmac.new(secret_key.encode(), signed.encode(), hashlib.sha512).digest()
    return f"{signed}.{_base64url(signature)}"


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
