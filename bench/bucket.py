"""The lake's bucket for a bench: for DuckDB, and for boto3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import boto3
import duckdb
from botocore.config import Config
from duckdb_extensions import extension_importer


def reach(connection: duckdb.DuckDBPyConnection, wire: Mapping[str, str]) -> None:
    """Let a connection read and write the bucket."""
    extension_importer.import_extension("httpfs")
    connection.execute("load httpfs")
    endpoint = wire["LAKE_S3_ENDPOINT"].removeprefix("http://")
    connection.execute(
        f"create secret (type s3, key_id '{wire['LAKE_S3_ACCESS_KEY']}', url_style 'path', use_ssl false,"
        f" secret '{wire['LAKE_S3_SECRET_KEY']}', region '{wire['LAKE_S3_REGION']}', endpoint '{endpoint}')"
    )


def client(wire: Mapping[str, str]) -> Any:
    """A boto3 client."""
    return boto3.client(
        "s3",
        endpoint_url=wire["LAKE_S3_ENDPOINT"],
        aws_access_key_id=wire["LAKE_S3_ACCESS_KEY"],
        aws_secret_access_key=wire["LAKE_S3_SECRET_KEY"],
        region_name=wire["LAKE_S3_REGION"],
        config=Config(s3={"addressing_style": "path"}),
    )
