"""A source of files: where the Airflow connection leads, in the words that Airbyte's own clients know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from airbyte_api import models
from airflow.sdk import Connection

from lakehouse.airbyte.connection_file import ConnectionFileError, read_connection_file
from lakehouse.airbyte.desired_state import desired_configuration, desired_connection

FILES = "cafe_files_to_lake"
pytestmark = pytest.mark.usefixtures("cafe")


def configuration(uri: str) -> dict[str, Any]:
    connection = Connection.from_uri(uri, conn_id="cafe_files")
    return desired_configuration(read_connection_file(FILES).source, connection)


def test_a_folder_is_a_bucket_of_this_machine() -> None:
    wanted = configuration("fs:///?path=%2Fsrv%2Fdrops%20of%20today")
    assert wanted["bucket"] == "file:///srv/drops of today"
    assert wanted["sourceType"] == "s3"


def test_a_bucket_is_what_airbyte_s_client_takes_for_source_s3() -> None:
    uri = "aws://KEY:SE%2FCRET@/?bucket=drops&region_name=eu-west-1&endpoint_url=https%3A%2F%2Fminio%3A9000"
    read = models.SourceS3.model_validate(configuration(uri))
    assert (read.bucket, read.endpoint, read.region_name) == ("drops", "https://minio:9000", "eu-west-1")
    assert (read.aws_access_key_id, read.aws_secret_access_key) == ("KEY", "SE/CRET")
    [stream] = read.streams
    assert (stream.name, stream.globs) == ("visits", ["visits_*.csv"])
    assert (stream.format_.FILETYPE, stream.format_.encoding) == ("csv", "utf-8-sig")


@pytest.mark.parametrize(
    ("uri", "credentials"),
    [
        (
            "sftp://agency:pa%40ss@drops.example.com:2222/?path=%2Foutgoing",
            {"auth_type": "password", "password": "pa@ss"},
        ),
        (
            "sftp://agency@drops.example.com:2222/?path=%2Foutgoing&private_key=PEM",
            {"auth_type": "private_key", "private_key": "PEM"},
        ),
    ],
)
def test_an_sftp_server_is_what_airbyte_s_client_takes_for_source_sftp_bulk(
    uri: str, credentials: dict[str, str]
) -> None:
    wanted = configuration(uri)
    assert wanted["credentials"] == credentials
    read = models.SourceSftpBulk.model_validate(wanted)
    assert (read.host, read.port, read.username) == ("drops.example.com", 2222, "agency")
    assert read.folder_path == "/outgoing"
    assert [stream.name for stream in read.streams] == ["visits"]


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("postgres://db/shop", "cafe_files: .* of type fs, aws, sftp, not 'postgres'"),
        ("fs:///", "cafe_files names no folder: set path in its extra"),
    ],
)
def test_a_connection_that_leads_to_no_files_is_refused_by_name(uri: str, message: str) -> None:
    with pytest.raises(ConnectionFileError, match=message):
        configuration(uri)


def test_a_stream_of_files_has_the_source_s_own_cursor() -> None:
    [stream] = desired_connection(read_connection_file(FILES))["configurations"]["streams"]
    assert stream == {
        "name": "visits",
        "syncMode": "incremental_append",
        "primaryKey": [["day"], ["hour"]],
    }


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            ("    primary_key:", "    cursor_field: amount\n    primary_key:"),
            "names and times say is new: it takes no cursor_field",
        ),
        (
            ("- name: visits\n        globs", "- name: other\n        globs"),
            "does not say which files",
        ),
    ],
)
def test_a_faulty_file_source_says_what_is_wrong(change: tuple[str, str], message: str, cafe: Path) -> None:
    path = cafe / f"{FILES}.yaml"
    text = path.read_text()
    assert change[0] in text
    path.write_text(text.replace(*change))
    with pytest.raises(ConnectionFileError, match=message):
        read_connection_file(FILES)
