"""Sources by /api/v3/source and /apiv2/source, and what an S3 source's configuration means.

Dremio's own classes: DeprecatedSourceResource, PutSourceResource, SourceUI, S3PluginConfig of
dremio-oss 25.2.
"""

from __future__ import annotations

import io
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.engine_with_reflections import ReflectedEngine

from dremio_engine.lake.storage import storage_of

NAMES = (f"source_{number}" for number in itertools.count(1))
KEY = {"accessKey": "k", "accessSecret": "s"}


@pytest.fixture
def name() -> str:
    return next(NAMES)


@pytest.fixture
def nas(engine: ReflectedEngine, name: str) -> dict[str, Any]:
    """The body of a source of files, as every API takes it."""
    root = engine.services.settings.nas_root
    assert root is not None
    return {"type": "NAS", "config": {"path": str(root / name)}}


def test_the_older_api_makes_shows_changes_and_forgets_a_source(
    rest: httpx.Client, nas: dict[str, Any], name: str
) -> None:
    made = rest.post("/api/v3/source", json={**nas, "name": name, "accelerationRefreshPeriodMs": 7_200_000})
    assert made.status_code == 200, made.text
    source = made.json()
    assert (source["_type"], source["name"], source["type"]) == ("source", name, "NAS")
    assert source["accelerationRefreshPeriodMs"] == 7_200_000
    assert source["state"]["status"] == "good"
    url = f"/api/v3/source/{source['id']}"
    assert rest.get(url).json()["config"] == nas["config"]
    assert name in [each["name"] for each in rest.get("/api/v3/source").json()["data"]]
    changed = rest.put(url, json={**source, "accelerationNeverExpire": True})
    assert changed.json()["accelerationNeverExpire"] is True
    assert rest.put(url, json=source).status_code == 409
    assert rest.post("/api/v3/source", json={**nas, "name": name}).status_code == 409
    assert rest.delete(url).status_code == 200
    assert rest.get(url).status_code == 404
    assert rest.delete(url).status_code == 404


def test_what_is_no_source_is_none_to_the_older_api(rest: httpx.Client) -> None:
    space = rest.get("/api/v3/catalog/by-path/space").json()["id"]
    assert rest.get(f"/api/v3/source/{space}").status_code == 404
    assert rest.delete(f"/api/v3/source/{space}").status_code == 404
    assert "space" not in [each["name"] for each in rest.get("/api/v3/source").json()["data"]]


def test_the_console_puts_a_source_in_its_own_words(
    rest: httpx.Client, nas: dict[str, Any], name: str
) -> None:
    url = f"/apiv2/source/{name}"
    body = {
        **nas,
        "name": "whatever the body says",
        "accelerationRefreshPeriod": 7_200_000,
        "accelerationNeverExpire": True,
        "metadataPolicy": {
            "updateMode": "PREFETCH",
            "namesRefreshMillis": 120_000,
            "authTTLMillis": 0,
            "datasetDefinitionRefreshAfterMillis": 3_600_000,
            "datasetDefinitionExpireAfterMillis": 10_800_000,
            "autoPromoteDatasets": True,
        },
    }
    made = rest.put(url, json=body)
    assert made.status_code == 200, made.text
    shown = made.json()
    assert (shown["name"], shown["resourcePath"]) == (name, f"/source/{name}")
    assert (shown["accelerationRefreshPeriod"], shown["accelerationNeverExpire"]) == (7_200_000, True)
    assert shown["metadataPolicy"]["namesRefreshMillis"] == 120_000
    assert shown["metadataPolicy"]["authTTLMillis"] == 86_400_000
    kept = rest.get(f"/api/v3/catalog/by-path/{name}").json()
    assert kept["accelerationRefreshPeriodMs"] == 7_200_000
    assert kept["metadataPolicy"]["datasetUpdateMode"] == "PREFETCH"
    assert kept["metadataPolicy"]["autoPromoteDatasets"] is True
    assert rest.put(url, json=body).status_code == 409
    changed = rest.put(url, json={**body, "tag": shown["tag"], "accelerationRefreshPeriod": 60_000})
    assert changed.json()["accelerationRefreshPeriod"] == 60_000
    assert rest.get(url).json()["tag"] == changed.json()["tag"]
    assert rest.delete(url, params={"version": shown["tag"]}).status_code == 409
    assert rest.delete(url, params={"version": changed.json()["tag"]}).status_code == 204
    assert rest.get(url).status_code == 404


@pytest.mark.parametrize("wrong", ["a.b", "a@b", "@home"])
def test_a_name_that_dremio_gives_no_source_is_refused(
    rest: httpx.Client, nas: dict[str, Any], wrong: str
) -> None:
    answers = [
        rest.put(f"/apiv2/source/{wrong}", json=nas),
        rest.post("/api/v3/source", json={**nas, "name": wrong}),
        rest.post("/api/v3/catalog", json={**nas, "entityType": "source", "name": wrong}),
    ]
    for answer in answers:
        assert answer.status_code == 400
        assert answer.json()["errorMessage"] == "Source name can not contain periods, double quotes or @."


@pytest.mark.parametrize("field", ["type", "config"])
def test_a_source_without_a_type_or_configuration_is_refused(
    rest: httpx.Client, nas: dict[str, Any], name: str, field: str
) -> None:
    del nas[field]
    assert rest.put(f"/apiv2/source/{name}", json=nas).status_code == 400
    assert rest.post("/api/v3/source", json={**nas, "name": name}).status_code == 400
    assert rest.get(f"/apiv2/source/{name}").status_code == 404


def test_a_space_is_not_replaced_by_a_source_of_its_name(rest: httpx.Client, nas: dict[str, Any]) -> None:
    assert rest.put("/apiv2/source/space", json=nas).status_code == 409
    assert rest.get("/api/v3/catalog/by-path/space").json()["entityType"] == "space"


def test_the_console_promotes_a_folder_of_parquet_and_no_file(
    rest: httpx.Client, engine: ReflectedEngine, nas: dict[str, Any], name: str
) -> None:
    rest.put(f"/apiv2/source/{name}", json=nas).raise_for_status()
    root = engine.services.settings.nas_root
    assert root is not None
    folder = root / name / "a b.c"
    folder.mkdir()
    pq.write_table(pa.table({"n": [1, 2]}), folder / "x.parquet")
    address = f"/apiv2/source/{name}/folder_format/a%20b.c"
    answer = rest.put(address, json={"type": "Parquet", "ignoreOtherFileFormats": False})
    assert answer.status_code == 200, answer.text
    assert answer.json()["fileFormat"]["fullPath"] == [name, "a b.c"]
    assert engine.rows(f'select n from {name}."a b.c" order by n') == [(1,), (2,)]
    refused = rest.put(f"/apiv2/source/{name}/file_format/x.json", json={"type": "JSON"})
    assert refused.status_code == 400
    assert "Format [JSON]" in refused.json()["errorMessage"]
    assert rest.put("/apiv2/source/nowhere/folder_format/x", json={"type": "Parquet"}).status_code == 404


def test_fields_that_no_source_has_are_left_out_and_named_in_a_policy(
    rest: httpx.Client, nas: dict[str, Any], name: str
) -> None:
    made = rest.post("/api/v3/catalog", json={**nas, "entityType": "source", "name": name, "colour": "red"})
    assert made.status_code == 200, made.text
    assert "colour" not in made.json()
    wrong = {**nas, "entityType": "source", "name": f"{name}_x", "metadataPolicy": {"colour": 1}}
    answer = rest.post("/api/v3/catalog", json=wrong)
    assert answer.status_code == 400
    assert answer.json()["errorMessage"] == "Invalid value found at: metadataPolicy.colour"


# -- S3 --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("root", [None, "", "/", "//"])
@pytest.mark.parametrize(
    ("buckets", "kept", "reach"),
    [
        ({}, (), ["s3://"]),
        ({"whitelistedBuckets": ["one"]}, ("one",), ["s3://one/"]),
        ({"externalBucketList": ["a.b"]}, ("a.b",), ["s3://a.b/"]),
        (
            {"whitelistedBuckets": ["one", "two"], "externalBucketList": ["two", "public"]},
            ("one", "two", "public"),
            ["s3://one/", "s3://two/", "s3://public/"],
        ),
    ],
)
def test_the_root_path_of_a_whole_store_has_buckets_below_it(
    root: str | None, buckets: dict[str, Any], kept: tuple[str, ...], reach: list[str]
) -> None:
    storage = storage_of("s", "S3", {"rootPath": root, **buckets, **KEY}, None)
    assert storage.is_whole_store
    assert (storage.buckets, storage.reach) == (kept, reach)


@pytest.mark.parametrize("root", ["/one", "one", "/one/", "/one/deeper/"])
def test_a_root_path_in_a_bucket_has_folders_below_it(root: str) -> None:
    storage = storage_of("s", "S3", {"rootPath": root, "whitelistedBuckets": ["one"], **KEY}, None)
    assert not storage.is_whole_store
    assert storage.reach == [f"s3://{root.strip('/')}/"]


class Store(BaseHTTPRequestHandler):
    """As much of S3 as a listing and a read need; it keeps the Authorization header of every request."""

    objects: dict[str, bytes]
    signed: list[str | None]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.signed.append(self.headers.get("Authorization"))
        address = urlsplit(self.path)
        found = self.objects.get(address.path)
        if found is not None:
            start, _, end = (self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")
            part = found[int(start) : int(end) + 1 if end else None]
            self._answer(part, 206, {"Content-Range": f"bytes {start}-{end}/{len(found)}"})
            return
        prefix = parse_qs(address.query).get("prefix", [""])[0]
        bucket = address.path.strip("/")
        names = [key.removeprefix(f"/{bucket}/") for key in self.objects]
        contents = "".join(
            f"<Contents><Key>{n}</Key><LastModified>2025-10-16T00:00:00.000Z</LastModified>"
            f"<ETag>x</ETag><Size>{len(self.objects[f'/{bucket}/{n}'])}</Size></Contents>"
            for n in names
            if n.startswith(prefix)
        )
        self._answer(f"<?xml version='1.0'?><ListBucketResult>{contents}</ListBucketResult>".encode(), 200)

    def do_HEAD(self) -> None:
        self.signed.append(self.headers.get("Authorization"))
        found = self.objects.get(urlsplit(self.path).path)
        self._answer(found or b"", 200 if found is not None else 404, head=True)

    def _answer(
        self, body: bytes, status: int, headers: dict[str, str] | None = None, head: bool = False
    ) -> None:
        self.send_response(status)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not head:
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def public_store(objects: dict[str, bytes]) -> Iterator[tuple[str, list[str | None]]]:
    """Its host and port, and the Authorization headers that came."""
    signed: list[str | None] = []
    handler = type("PublicStore", (Store,), {"objects": objects, "signed": signed})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}", signed
    finally:
        server.shutdown()
        server.server_close()


def parquet(columns: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def test_a_source_without_credentials_reads_public_buckets_unsigned(
    rest: httpx.Client, engine: ReflectedEngine, name: str
) -> None:
    with public_store({"/samples.dremio.com/trips/part.parquet": parquet({"miles": [1.5, 2.5]})}) as store:
        host, signed = store
        config = {
            "credentialType": "NONE",
            "externalBucketList": ["samples.dremio.com"],
            "secure": False,
            "propertyList": [
                {"name": "fs.s3a.endpoint", "value": host},
                {"name": "fs.s3a.path.style.access", "value": "true"},
            ],
        }
        made = rest.put(f"/apiv2/source/{name}", json={"type": "S3", "config": config})
        assert made.status_code == 200, made.text
        (bucket,) = rest.get(f"/api/v3/catalog/by-path/{name}").json()["children"]
        assert bucket["path"] == [name, "samples.dremio.com"]
        address = f"/apiv2/source/{name}/folder_format/samples.dremio.com/trips"
        promoted = rest.put(address, json={"type": "Parquet"})
        assert promoted.status_code == 200, promoted.text
        assert engine.rows(f'select sum(miles) from {name}."samples.dremio.com".trips') == [(4.0,)]
        assert signed
        assert set(signed) == {None}
        other = rest.get(f"/api/v3/catalog/by-path/{name}/another-bucket")
        assert other.status_code == 404, other.text
        assert rest.delete(f"/apiv2/source/{name}").status_code == 204
