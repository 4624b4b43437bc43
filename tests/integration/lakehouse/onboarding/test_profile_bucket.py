"""Files in a bucket are looked at as those of a folder: by a pattern, and by an Airflow connection."""

from __future__ import annotations

import argparse
import io
from collections.abc import Iterator
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakehouse.onboarding.adding.given import given_sources
from lakehouse.onboarding.profiling.files import profile_declared, profile_files
from lakehouse.onboarding.profiling.profile import ProfileError
from lakehouse.onboarding.writing.blueprint import Blueprint
from lakehouse.platform.connections import Connection
from testing.embedded_platform import EmbeddedPlatform

BUCKET = "drops-of-the-cafe"


@pytest.fixture(scope="module")
def bucket(embedded_platform: EmbeddedPlatform) -> Iterator[dict[str, str]]:
    """The variables by which the bucket is reached; it holds two CSV files and a Parquet file."""
    embedded_platform.up("object_store")
    wire = embedded_platform.wire
    s3 = boto3.client(
        "s3", endpoint_url=wire["LAKE_S3_ENDPOINT"], region_name="us-east-1",
        aws_access_key_id=wire["LAKE_S3_ACCESS_KEY"], aws_secret_access_key=wire["LAKE_S3_SECRET_KEY"],
    )  # fmt: skip
    s3.create_bucket(Bucket=BUCKET)
    parquet = io.BytesIO()
    pq.write_table(pa.table({"id": [1, 2], "price": [1.5, None]}), parquet)
    files = {
        "out/sales_1.csv": b"sale_id,n\n1,10\n",
        "out/sales_2.csv": b"sale_id,n\n2,\n",
        "items/2025/items.parquet": parquet.getvalue(),
    }
    for key, body in files.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    yield {
        "AWS_ENDPOINT_URL": wire["LAKE_S3_ENDPOINT"],
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": wire["LAKE_S3_ACCESS_KEY"],
        "AWS_SECRET_ACCESS_KEY": wire["LAKE_S3_SECRET_KEY"],
    }
    for key in files:
        s3.delete_object(Bucket=BUCKET, Key=key)
    s3.delete_bucket(Bucket=BUCKET)


@pytest.fixture
def known(bucket: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in bucket.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("known")
def test_a_pattern_of_a_bucket_is_one_stream_with_a_glob_from_its_root() -> None:
    [sales] = profile_files(f"s3://{BUCKET}/out/sales_*.csv").tables
    assert sales.files is not None
    assert (sales.name, sales.files.globs, sales.files.folder) == (
        "sales", ("out/sales_*.csv",), f"s3://{BUCKET}",
    )  # fmt: skip
    assert {column.name: (column.contract_type, column.nullable) for column in sales.columns} == {
        "sale_id": ("bigint", False), "n": ("bigint", True),
    }  # fmt: skip
    assert (sales.rows, sales.key) == (2, ("sale_id",))


@pytest.mark.usefixtures("known")
def test_parquet_in_folders_of_a_bucket_is_found() -> None:
    [items] = profile_files(f"s3://{BUCKET}/items/**/*.parquet").tables
    assert [column.contract_type for column in items.columns] == ["bigint", "double"]


@pytest.mark.usefixtures("known")
def test_a_bucket_that_is_not_there_is_told() -> None:
    with pytest.raises(ProfileError, match="s3://no-such-bucket"):
        profile_files("s3://no-such-bucket/*.csv")


def test_a_later_call_reaches_the_bucket_by_the_kept_value_alone(
    bucket: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    options = argparse.Namespace(postgres=None, files=f"s3://{BUCKET}/out/*", rest=None, prefix=None)
    [first] = given_sources(options, Blueprint("bar"), bucket, tmp_path)
    for name in bucket:
        monkeypatch.delenv(name, raising=False)
    again = argparse.Namespace(postgres=None, files=None, rest=None, prefix=None)
    [later] = given_sources(again, Blueprint("bar", (first.source,)), first.values, tmp_path)
    assert later == first
    assert [table.name for table in later.profile.tables] == ["sales"]


def test_the_connection_of_a_declared_source_leads_to_the_same_files(bucket: dict[str, str]) -> None:
    where = Connection(
        login=bucket["AWS_ACCESS_KEY_ID"], password=bucket["AWS_SECRET_ACCESS_KEY"],
        extra={"bucket": BUCKET, "endpoint_url": bucket["AWS_ENDPOINT_URL"], "region_name": "us-east-1"},
    )  # fmt: skip
    streams = [
        {"name": "takings", "globs": ["out/sales_*.csv"]},
        {"name": "nothing", "globs": ["out/nothing_*.csv"]},
    ]
    [takings] = profile_declared(where, streams).tables
    assert (takings.name, takings.rows) == ("takings", 2)


def test_a_place_that_cannot_be_looked_at_is_told() -> None:
    streams = [{"name": "sales", "globs": ["*.csv"]}]
    with pytest.raises(ProfileError, match=r"the SFTP server 127\.0\.0\.1:1: "):
        profile_declared(Connection(host="127.0.0.1", port=1, extra={"path": "/out"}), streams)
    with pytest.raises(ProfileError, match="neither a path nor a bucket"):
        profile_declared(Connection(), streams)
