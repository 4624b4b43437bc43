"""From a connection file and Airflow's connections to what Airbyte must hold, in its API's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from lakehouse.airbyte.certificates import certificates_of
from lakehouse.airbyte.connection_file import ConnectionFile, ConnectionFileError, Endpoint, Stream

if TYPE_CHECKING:
    from airflow.sdk import Connection


def _postgres(connection: Connection) -> dict[str, Any]:
    return {
        "sourceType": "postgres",
        "host": connection.host,
        "port": connection.port or 5432,
        "database": connection.schema,
        "username": connection.login,
        "password": connection.password,
    }


def _declarative(connection: Connection) -> dict[str, Any]:
    return {"base_url": connection.host, "api_token": connection.password}


def _file(connection: Connection) -> dict[str, Any]:
    place = _PLACES.get(connection.conn_type or "")
    if place is None:
        known = ", ".join(_PLACES)
        raise ConnectionFileError(
            f"Airflow connection {connection.conn_id}: a source of files is reached by a connection of type "
            f"{known}, not {connection.conn_type!r}"
        )
    return place(connection)


def _folder(connection: Connection) -> dict[str, Any]:
    path = connection.extra_dejson.get("path")
    if not path:
        raise ConnectionFileError(
            f"Airflow connection {connection.conn_id} names no folder: set path in its extra"
        )
    return {"sourceType": "s3", "bucket": f"file://{path}"}


def _bucket(connection: Connection) -> dict[str, Any]:
    extra = connection.extra_dejson
    return {
        "sourceType": "s3",
        "bucket": extra.get("bucket"),
        "endpoint": extra.get("endpoint_url"),
        "region_name": extra.get("region_name"),
        "aws_access_key_id": connection.login,
        "aws_secret_access_key": connection.password,
    }


def _sftp(connection: Connection) -> dict[str, Any]:
    extra = connection.extra_dejson
    credentials = {"auth_type": "password", "password": connection.password}
    if extra.get("private_key"):
        credentials = {"auth_type": "private_key", "private_key": extra["private_key"]}
    return {
        "sourceType": "sftp-bulk",
        "host": connection.host,
        "port": connection.port or 22,
        "username": connection.login,
        "credentials": credentials,
        "folder_path": extra.get("path"),
    }


_PLACES: Final[Mapping[str, Callable[[Connection], dict[str, Any]]]] = {
    "fs": _folder,
    "aws": _bucket,
    "sftp": _sftp,
}
"""Where files are, by the type of the Airflow connection: Airbyte has a connector for each place. The folder
is an addition of the embedded Airbyte to source-s3."""


def _s3(connection: Connection) -> dict[str, Any]:
    extra = connection.extra_dejson
    return {
        "destinationType": "s3",
        "access_key_id": connection.login,
        "secret_access_key": connection.password,
        "s3_endpoint": extra.get("endpoint_url"),
        "s3_bucket_region": extra.get("region_name"),
        "s3_bucket_name": extra.get("bucket"),
    }


_FROM_CONNECTION: Final[Mapping[str, Callable[[Connection], dict[str, Any]]]] = {
    "postgres": _postgres,
    "declarative": _declarative,
    "file": _file,
    "s3": _s3,
}
"""What an Airflow connection fills in, by the endpoint's type (told in include/airbyte/*.yaml)."""


def desired_configuration(endpoint: Endpoint, connection: Connection) -> dict[str, Any]:
    """The connector's configuration: address and secrets from the Airflow connection, the rest from the file.

    Raises:
        CertificateUnreadableError: a certificate is not where the connection says.
        ConnectionFileError: no such type of endpoint, or its Airflow connection is none that leads to files.
    """
    fill = _FROM_CONNECTION.get(endpoint.type)
    if fill is None:
        known = ", ".join(_FROM_CONNECTION)
        raise ConnectionFileError(f"{endpoint.name}: type {endpoint.type!r} is not one of: {known}")
    given = {key: value for key, value in fill(connection).items() if value is not None}
    configuration = given | dict(endpoint.configuration)
    if certificates := certificates_of(endpoint, connection):
        configuration["ssl_mode"] = certificates | dict(configuration["ssl_mode"])
    return configuration


def desired_resources(declared: ConnectionFile) -> dict[str, Any]:
    """The source's limits, from the file's tuning: `threads` CPU cores, `buffer_size_mb` of memory."""
    limits = {
        "cpu_limit": str(declared.tuning["threads"]),
        "memory_limit": f"{declared.tuning['buffer_size_mb']}Mi",
    }
    return {"default": limits}


def desired_connection(declared: ConnectionFile) -> dict[str, Any]:
    """The connection, but for its source's and destination's ids. Airflow starts its syncs: no schedule."""
    return {
        "name": declared.name,
        "namespaceDefinition": "custom_format",
        "namespaceFormat": declared.namespace,
        "prefix": declared.prefix,
        "schedule": {"scheduleType": "manual"},
        "nonBreakingSchemaUpdatesBehavior": "ignore",
        "status": "active",
        "configurations": {"streams": [_desired_stream(stream) for stream in declared.streams]},
    }


def _desired_stream(stream: Stream) -> dict[str, Any]:
    desired: dict[str, Any] = {"name": stream.name, "syncMode": stream.sync_mode}
    if stream.cursor_field:
        desired["cursorField"] = [stream.cursor_field]
    if stream.primary_key:
        desired["primaryKey"] = [[column] for column in stream.primary_key]
    return desired
