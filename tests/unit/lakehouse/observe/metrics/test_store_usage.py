"""How full the lake's store is: MinIO's count, Swift's, or a listing; and the secret goes to nobody else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from lakehouse.observe.metrics.observation import Found
from lakehouse.observe.metrics.sources import bucket_listing
from lakehouse.observe.metrics.sources.object_store import (
    ObjectStore,
    StoreUnreadableError,
    disks_of,
    minio_token,
)
from lakehouse.platform.connections import Connection

SECRET = "the-secret-key"
WHERE = Connection(
    login="lake:user",
    password=SECRET,
    extra={"endpoint_url": "http://store:9000/", "bucket": "datalake", "region_name": "us-east-1"},
)
CLUSTER = """\
# TYPE minio_cluster_capacity_usable_free_bytes gauge
minio_cluster_capacity_usable_free_bytes{server="a:9000"} 700
# TYPE minio_bucket_usage_total_bytes gauge
minio_bucket_usage_total_bytes{bucket="other",server="a:9000"} 5
minio_bucket_usage_total_bytes{bucket="datalake",server="a:9000"} 300
# TYPE minio_bucket_usage_object_total gauge
minio_bucket_usage_object_total{bucket="datalake",server="a:9000"} 12
"""

Handler = Callable[[httpx.Request], httpx.Response]


def look(handler: Handler, disk: Path | None = None, position: dict[str, object] | None = None) -> Found:
    return ObjectStore(WHERE, disk, httpx.MockTransport(handler)).look(position or {})


def values(found: Found) -> dict[str, float]:
    assert {tuple(each.labels.values()) for each in found.readings} == {("datalake",)}
    return {each.metric: each.value for each in found.readings}


@pytest.mark.parametrize("buckets_apart", [False, True], ids=["older MinIO", "newer MinIO"])
def test_minio_s_own_count(buckets_apart: bool) -> None:
    cluster, bucket = CLUSTER.split("# TYPE minio_bucket_usage_total", 1)
    pages = {
        "/minio/v2/metrics/cluster": cluster if buckets_apart else CLUSTER,
        "/minio/v2/metrics/bucket": f"# TYPE minio_bucket_usage_total{bucket}" if buckets_apart else None,
    }

    def answer(request: httpx.Request) -> httpx.Response:
        assert SECRET not in str(request.headers)
        page = pages.get(request.url.path)
        return httpx.Response(200, text=page) if page else httpx.Response(404)

    assert values(look(answer)) == {
        "minio_disk_usage_bytes": 300,
        "minio_objects_total": 12,
        "minio_disk_capacity_bytes": 1000,
    }


def swift(request: httpx.Request) -> httpx.Response:
    """A Swift that knows itself by another address."""
    says = {"X-Openstack-Request-Id": "tx1"}
    if request.url.path == "/auth/v1.0":
        assert request.headers["X-Auth-Key"] == SECRET
        url = {"X-Storage-Url": "http://inside:1/v1/AUTH_lake", "X-Auth-Token": "token"}
        return httpx.Response(200, headers=says | url)
    if request.method == "HEAD":
        assert request.url.host == "store"
        assert request.headers["X-Auth-Token"] == "token"
        sizes = {"/v1/AUTH_lake/datalake": ("40", "3"), "/v1/AUTH_lake/datalake+segments": ("60", "9")}
        used, objects = sizes[request.url.path]
        return httpx.Response(
            204, headers=says | {"X-Container-Bytes-Used": used, "X-Container-Object-Count": objects}
        )
    return httpx.Response(403, headers=says)


def test_swift_s_count_with_the_parts_of_multipart_uploads(tmp_path: Path) -> None:
    found = values(look(swift, tmp_path))
    assert found["minio_disk_usage_bytes"] == 100
    assert found["minio_objects_total"] == 3, "a part is not an object"
    assert found["minio_disk_capacity_bytes"] > 100, "what is used, and what the disk has left"


def listing(*pages: list[int]) -> Handler:
    """A store that keeps no count, with objects of these sizes page by page; never sees the secret."""

    def answer(request: httpx.Request) -> httpx.Response:
        assert SECRET not in str(request.headers) + str(request.url)
        if request.url.path != "/datalake":
            return httpx.Response(403)
        assert request.headers["Authorization"].startswith("AWS4-HMAC-SHA256")
        number = int(request.url.params.get("continuation-token", "page 0").split()[1])
        contents = "".join(f"<Contents><Key>k</Key><Size>{size}</Size></Contents>" for size in pages[number])
        more = number + 1 < len(pages)
        following = f"<NextContinuationToken>page {number + 1}</NextContinuationToken>" if more else ""
        return httpx.Response(
            200,
            text='<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{contents}{following}</ListBucketResult>",
        )

    return answer


@pytest.mark.parametrize(
    ("pages", "used", "objects"),
    [([[]], 0, 0), ([[7]], 7, 1), ([[1, 2], [3]], 6, 3), ([[1, 2], []], 3, 2)],
    ids=["empty", "one", "last page partial", "exactly full"],
)
def test_any_other_store_is_listed(pages: list[list[int]], used: int, objects: int) -> None:
    found = look(listing(*pages))
    assert values(found) == {"minio_disk_usage_bytes": used, "minio_objects_total": objects}
    again = look(lambda request: httpx.Response(403), position=dict(found.position))
    assert values(again) == values(found), "within ten minutes it is not listed again"


def test_a_bucket_that_is_too_large_to_list_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket_listing, "MOST_PAGES", 2)
    with pytest.raises(StoreUnreadableError, match="more than 2,000 objects"):
        look(listing([1], [2], [3]))


def test_a_listing_of_the_future_is_not_trusted() -> None:
    """A clock that was ahead when the bucket was listed must not stop the listing until then."""
    ahead = {"listed_at": 9e12, "bytes": 1, "objects": 1}
    assert values(look(listing([5]), position=ahead))["minio_disk_usage_bytes"] == 5


def test_a_store_that_does_not_answer_is_an_error() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(httpx.ConnectError):
        look(refuse)


def test_minio_s_token_is_signed_with_the_secret_and_does_not_hold_it() -> None:
    token = minio_token("access", SECRET, now=1_000_000)
    head, claims, signature = token.split(".")
    signed = hmac.new(SECRET.encode(), f"{head}.{claims}".encode(), hashlib.sha512).digest()
    assert base64.urlsafe_b64encode(signed).rstrip(b"=").decode() == signature
    content = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert content == {"exp": 1_000_300, "sub": "access", "iss": "prometheus"}


def test_disks_by_name() -> None:
    assert disks_of({"LAKEHOUSE_DISKS": "state:/a/b, logs:/c"}) == {"state": Path("/a/b"), "logs": Path("/c")}
    assert disks_of({}) == {}
