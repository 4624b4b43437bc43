"""Airbyte's own clients against the embedded server: the `airbyte-api` SDK and Airflow's provider.

They take an address, so the same conversation can be held with a real Airbyte.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from airbyte_api import AirbyteAPI, api, errors, models

from testing.ingestion_stack import AirbyteServer, IngestionStack

if TYPE_CHECKING:
    from airflow.providers.airbyte.hooks.airbyte import AirbyteHook

NIGHT = "2025-10-16"


@pytest.fixture(scope="module")
def stack() -> Iterator[IngestionStack]:
    platform = IngestionStack()
    try:
        platform.start()
        done = platform.shop("advance", "--to", NIGHT, "--orders", "2000")
        assert done.returncode == 0, done.stderr
        yield platform
    finally:
        platform.stop()


@pytest.fixture(scope="module")
def server(stack: IngestionStack) -> Iterator[AirbyteServer]:
    with stack.airbyte(AIRBYTE_TOKEN_SECONDS="3600") as running:
        yield running


@pytest.fixture(scope="module")
def sdk(server: AirbyteServer) -> AirbyteAPI:
    credentials = models.SchemeClientCredentials(
        client_id=server.environ["AIRBYTE_CLIENT_ID"],
        client_secret=server.environ["AIRBYTE_CLIENT_SECRET"],
        token_url="v1/applications/token",
    )
    return AirbyteAPI(server_url=server.url, security=models.Security(client_credentials=credentials))


@pytest.fixture(scope="module")
def connection(sdk: AirbyteAPI, server: AirbyteServer) -> models.ConnectionResponse:
    """A connection made with the SDK alone."""
    workspace = sdk.workspaces.list_workspaces(request=api.ListWorkspacesRequest()).workspaces_response
    assert workspace is not None
    environ = server.environ
    source = sdk.sources.create_source(
        request=models.SourceCreateRequest(
            name="shop",
            workspace_id=workspace.data[0].workspace_id,
            configuration=models.SourcePostgres(
                host=environ["SHOP_PG_HOST"],
                port=int(environ["SHOP_PG_PORT"]),
                database=environ["SHOP_PG_DATABASE"],
                username=environ["SHOP_PG_USER"],
                password=environ["SHOP_PG_PASSWORD"],
                schemas=["public"],
            ),
        )
    ).source_response
    destination = sdk.destinations.create_destination(
        request=models.DestinationCreateRequest(
            name="lake",
            workspace_id=workspace.data[0].workspace_id,
            configuration=models.DestinationS3(
                s3_bucket_name=environ["LAKE_S3_BUCKET"],
                s3_bucket_path="sdk",
                s3_endpoint=environ["LAKE_S3_ENDPOINT"],
                s3_bucket_region=models.DestinationS3S3BucketRegion.US_EAST_1,
                access_key_id=environ["LAKE_S3_ACCESS_KEY"],
                secret_access_key=environ["LAKE_S3_SECRET_KEY"],
                format_=models.DestinationS3ParquetColumnarStorage(
                    compression_codec=models.DestinationS3CompressionCodecEnum.SNAPPY
                ),
            ),
        )
    ).destination_response
    assert source is not None
    assert destination is not None
    created = sdk.connections.create_connection(
        request=models.ConnectionCreateRequest(
            name="sdk",
            source_id=source.source_id,
            destination_id=destination.destination_id,
            configurations=models.StreamConfigurations(
                streams=[
                    models.StreamConfiguration(
                        name="orders",
                        sync_mode=models.ConnectionSyncModeEnum.INCREMENTAL_APPEND,
                        cursor_field=["updated_at"],
                        primary_key=[["order_id"]],
                    )
                ]
            ),
        )
    ).connection_response
    assert created is not None
    return created


@pytest.fixture
def hook(server: AirbyteServer, monkeypatch: pytest.MonkeyPatch) -> AirbyteHook:
    """The provider's hook on an Airflow connection as airflow_settings.yaml declares it."""
    provider = pytest.importorskip(
        "airflow.providers.airbyte.hooks.airbyte", reason="needs Airflow's provider"
    )
    declared = {
        "conn_type": "airbyte",
        "host": server.url,
        "login": server.environ["AIRBYTE_CLIENT_ID"],
        "password": server.environ["AIRBYTE_CLIENT_SECRET"],
        "schema": "v1/applications/token",
    }
    monkeypatch.setenv("AIRFLOW_CONN_AIRBYTE_EMBEDDED", json.dumps(declared))
    return provider.AirbyteHook("airbyte_embedded")


def test_what_the_sdk_created_it_reads_back_without_secrets(
    sdk: AirbyteAPI, connection: models.ConnectionResponse
) -> None:
    request = api.GetConnectionRequest(connection_id=connection.connection_id)
    read = sdk.connections.get_connection(request=request).connection_response
    assert read == connection
    assert read.configurations.streams[0].sync_mode == models.ConnectionSyncModeEnum.INCREMENTAL_APPEND
    source = sdk.sources.get_source(
        request=api.GetSourceRequest(source_id=connection.source_id)
    ).source_response
    assert source.configuration.password == "**********"
    listed = sdk.connections.list_connections(request=api.ListConnectionsRequest()).connections_response
    assert connection.connection_id in [item.connection_id for item in listed.data]


def test_the_sdk_discovers_the_streams_of_a_source(
    sdk: AirbyteAPI, connection: models.ConnectionResponse
) -> None:
    request = api.GetStreamPropertiesRequest(source_id=connection.source_id)
    streams = {
        stream.stream_name: stream
        for stream in sdk.streams.get_stream_properties(request=request).stream_properties_response
    }
    tables = {"customers", "orders", "products", "shipments", "stock_levels", "stream_tracer"}
    assert set(streams) == tables
    assert streams["orders"].source_defined_primary_key == [["order_id"]]
    assert ["updated_at"] in streams["orders"].property_fields


def test_the_sdk_patches_a_connection(sdk: AirbyteAPI, connection: models.ConnectionResponse) -> None:
    def patch(**changes: Any) -> models.ConnectionResponse:
        request = api.PatchConnectionRequest(
            connection_id=connection.connection_id,
            connection_patch_request=models.ConnectionPatchRequest(**changes),
        )
        return sdk.connections.patch_connection(request=request).connection_response

    changed = patch(prefix="new_", status=models.ConnectionStatusEnum.INACTIVE)
    assert (changed.prefix, changed.status) == ("new_", models.ConnectionStatusEnum.INACTIVE)
    assert changed.configurations == connection.configurations
    wish = models.JobCreateRequest(connection_id=connection.connection_id, job_type=models.JobTypeEnum.SYNC)
    with pytest.raises(errors.SDKError, match="inactive"):
        sdk.jobs.create_job(request=wish)
    assert patch(prefix="", status=models.ConnectionStatusEnum.ACTIVE).prefix == ""


def test_the_providers_hook_tests_runs_and_waits(
    hook: AirbyteHook, sdk: AirbyteAPI, connection: models.ConnectionResponse
) -> None:
    assert hook.test_connection() == (True, "Connection successfully tested")
    job = hook.submit_sync_connection(connection.connection_id)
    hook.wait_for_job(job.job_id, wait_seconds=0.2, timeout=60)
    ended = hook.get_job_details(job.job_id)
    assert ended.status == models.JobStatusEnum.SUCCEEDED
    assert ended.rows_synced == 2000
    assert ended.bytes_synced > 10_000
    assert ended.duration.startswith("PT")
    assert hook.get_job_status(job.job_id) == models.JobStatusEnum.SUCCEEDED


def test_jobs_are_listed_by_connection_status_and_page(
    hook: AirbyteHook, sdk: AirbyteAPI, connection: models.ConnectionResponse
) -> None:
    ids = []
    for _ in range(3):
        job = hook.submit_sync_connection(connection.connection_id)
        hook.wait_for_job(job.job_id, wait_seconds=0.2, timeout=60)
        ids.append(job.job_id)

    def listed(**filters: Any) -> list[int]:
        request = api.ListJobsRequest(connection_id=connection.connection_id, **filters)
        return [job.job_id for job in sdk.jobs.list_jobs(request=request).jobs_response.data]

    assert listed(order_by="createdAt|DESC", limit=3) == ids[::-1]
    assert listed(order_by="createdAt|DESC", limit=2, offset=2)[0] == ids[0]
    assert listed(status=models.JobStatusEnum.SUCCEEDED, limit=100)[-3:] == ids
    assert listed(status=models.JobStatusEnum.RUNNING) == []
    assert listed(job_type=models.JobTypeEnum.RESET) == []
    assert listed(limit=100, offset=1000) == []


def test_an_unknown_job_and_connection_are_404(sdk: AirbyteAPI) -> None:
    with pytest.raises(errors.SDKError) as unknown:
        sdk.jobs.get_job(request=api.GetJobRequest(job_id=987654))
    assert unknown.value.status_code == 404
    nobody = api.GetConnectionRequest(connection_id="00000000-0000-0000-0000-000000000000")
    with pytest.raises(errors.SDKError) as unknown:
        sdk.connections.get_connection(request=nobody)
    assert unknown.value.status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("POST", "/jobs", {"connectionId": "not-a-uuid", "jobType": "sync"}, "connectionId"),
        ("POST", "/jobs", {"jobType": "dance"}, "jobType"),
        ("GET", "/jobs?limit=0", None, "limit"),
        ("GET", "/jobs?orderBy=rows|ASC", None, "orderBy"),
        ("PATCH", "/connections/{connection}", {"status": "asleep"}, "asleep"),
        (
            "PATCH",
            "/connections/{connection}",
            {"configurations": {"streams": [{"name": "orders", "syncMode": "incremental_append"}]}},
            "cursorField",
        ),
        (
            "PATCH",
            "/connections/{connection}",
            {"configurations": {"streams": [{"name": "orders", "syncMode": "incremental_deduped_history"}]}},
            "syncMode",
        ),
        (
            "PATCH",
            "/sources/{source}",
            {"configuration": {"replication_method": {"method": "CDC", "publication": "p"}}},
            "replication_slot",
        ),
        ("PATCH", "/sources/{source}", {"configuration": {"replication_method": {"method": "Xmin"}}}, "Xmin"),
    ],
)
def test_a_request_that_makes_no_sense_is_422_and_names_the_field(
    server: AirbyteServer,
    connection: models.ConnectionResponse,
    method: str,
    path: str,
    body: dict[str, Any] | None,
    words: str,
) -> None:
    path = path.format(connection=connection.connection_id, source=connection.source_id)
    answer = server.http.request(method, server.url + path, json=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


def test_without_a_valid_token_there_is_only_health(server: AirbyteServer) -> None:
    for authorization in ("", "Bearer wrong", "Bearer 99999999999.wrong"):
        headers = {"Authorization": authorization}
        assert server.http.get(server.url + "/connections", headers=headers).status_code == 401
        config_api = server.url.replace("/api/public/v1", "/api/v1")
        assert server.http.post(config_api + "/jobs/get", json={"id": 1}, headers=headers).status_code == 401
        assert server.http.get(server.url + "/health", headers=headers).status_code == 200
    wrong = {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}
    assert server.http.post(server.url + "/applications/token", data=wrong).status_code == 401


def test_the_config_api_runs_a_sync_as_the_specification_calls_it(
    server: AirbyteServer, connection: models.ConnectionResponse
) -> None:
    started = server.config_api("/connections/sync", {"connectionId": connection.connection_id})
    job_id = started["job"]["id"]
    assert server.wait(job_id)["status"] == "succeeded"
    reported = server.config_api("/jobs/get", {"id": job_id})
    assert reported["job"]["status"] == "succeeded"
    assert reported["job"]["configId"] == connection.connection_id
    assert reported["job"]["createdAt"] <= reported["job"]["updatedAt"]
    (attempt,) = reported["attempts"]
    assert attempt["attempt"]["streamStats"][0]["streamName"] == "orders"
    assert any("orders" in line for line in attempt["logs"]["logLines"])
    shown = server.config_api("/connections/get", {"connectionId": connection.connection_id})
    assert shown["syncCatalog"]["streams"][0]["config"]["syncMode"] == "incremental"


def test_a_source_in_use_is_not_deleted_and_a_deleted_connection_is_gone(
    sdk: AirbyteAPI, server: AirbyteServer, connection: models.ConnectionResponse
) -> None:
    copy = server.call(
        "POST",
        "/connections",
        {"name": "copy", "sourceId": connection.source_id, "destinationId": connection.destination_id},
    )["connectionId"]
    assert server.status_of("DELETE", f"/sources/{connection.source_id}") == 422
    request = api.DeleteConnectionRequest(connection_id=copy)
    assert sdk.connections.delete_connection(request=request).status_code == 204
    assert server.status_of("GET", f"/connections/{copy}") == 404
    names = [item["name"] for item in server.call("GET", "/connections", limit=100)["data"]]
    assert "copy" not in names
    assert "sdk" in names
