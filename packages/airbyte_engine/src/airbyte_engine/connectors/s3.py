"""A bucket as the destination."""

from __future__ import annotations

from airbyte_engine.connectors.connector import Configuration, Connector
from airbyte_engine.problems import invalid


class S3Connector(Connector):
    """Parquet files, one folder for each stream."""

    name = "s3"
    required = ("s3_bucket_name", "s3_bucket_path", "format")
    secrets = frozenset({"secret_access_key"})

    def check(self, configuration: Configuration) -> None:
        if configuration["format"].get("format_type") != "Parquet":
            raise invalid("The S3 destination writes format_type 'Parquet' only.")
