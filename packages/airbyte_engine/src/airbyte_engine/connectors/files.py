"""Files of a bucket or a folder as a source; in Airbyte's words the S3 source."""

from __future__ import annotations

import json
from pathlib import Path

from airbyte_engine.connectors.connector import Configuration, Source, StreamProperties, stream_properties
from airbyte_engine.worker.files.configuration import check_streams, start_of
from airbyte_engine.worker.files.file_columns import LAST_MODIFIED, URL


class FilesConnector(Source):
    """CSV, JSON lines and Parquet; a stream is a set of globs."""

    name = "files"
    required = ("bucket", "streams")
    secrets = frozenset({"aws_secret_access_key"})

    def check(self, configuration: Configuration) -> None:
        check_streams(configuration["streams"])
        start_of(configuration)

    def defines_cursor(self, configuration: Configuration) -> bool:
        return True

    def discover(self, configuration: Configuration, connectors_bin: Path) -> list[StreamProperties]:
        """The fields are those of `input_schema`; without one the files say them when they are read."""
        return [
            stream_properties(
                stream["name"],
                [*json.loads(stream.get("input_schema") or "{}"), LAST_MODIFIED, URL],
                [],
                [LAST_MODIFIED],
                incremental=True,
            )
            for stream in configuration["streams"]
        ]
