"""`airbyte-api`, Airbyte's own client, makes sources of every kind and finds jobs by every filter."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest
from airbyte_api import AirbyteAPI, api, errors, models
from tests.wire.conftest import Landing
from tests.wire.faults import slow_api, workers_of

from testing.ingestion_stack import AirbyteServer, IngestionStack
from testing.waiting import wait_until


def client(server: AirbyteServer) -> AirbyteAPI:
    credentials = models.SchemeClientCredentials(
        client_id=server.environ["AIRBYTE_CLIENT_ID"],
        client_secret=server.environ["AIRBYTE_CLIENT_SECRET"],
        token_url="v1/applications/token",
    )
    return AirbyteAPI(server_url=server.url, security=models.Security(client_credentials=credentials))


@pytest.fixture
def sdk(airbyte: AirbyteServer) -> AirbyteAPI:
    return client(airbyte)


def test_it_makes_a_source_that_captures_changes_and_sees_its_cursor(
    sdk: AirbyteAPI, airbyte: AirbyteServer
) -> None:
    environ = airbyte.environ
    method = models.ReadChangesUsingWriteAheadLogCDC(
        publication="airbyte_publication", replication_slot="sdk_slot", initial_waiting_seconds=120
    )
    source = sdk.sources.create_source(
        request=models.SourceCreateRequest(
            name="captured shop",
            workspace_id=airbyte.workspace(),
            configuration=models.SourcePostgres(
                host=environ["SHOP_PG_HOST"],
                port=int(environ["SHOP_PG_PORT"]),
                database=environ["SHOP_PG_DATABASE"],
                username=environ["SHOP_PG_USER"],
                password=environ["SHOP_PG_PASSWORD"],
                schemas=["public"],
                replication_method=method,
            ),
        )
    ).source_response
    assert source is not None
    assert source.configuration.replication_method == method
    request = api.GetStreamPropertiesRequest(source_id=source.source_id)
    streams = sdk.streams.get_stream_properties(request=request).stream_properties_response
    (orders,) = [stream for stream in streams if stream.stream_name == "orders"]
    assert (orders.source_defined_cursor_field, orders.default_cursor_field) == (True, ["_ab_cdc_lsn"])
    assert [[name] for name in ("_ab_cdc_lsn", "_ab_cdc_updated_at", "_ab_cdc_deleted_at")] == (
        orders.property_fields[-3:]
    )


def test_it_makes_a_source_of_files(sdk: AirbyteAPI, airbyte: AirbyteServer) -> None:
    configuration = models.SourceS3(
        bucket="datalake",
        endpoint=airbyte.environ["LAKE_S3_ENDPOINT"],
        aws_access_key_id=airbyte.environ["LAKE_S3_ACCESS_KEY"],
        aws_secret_access_key=airbyte.environ["LAKE_S3_SECRET_KEY"],
        streams=[
            models.SourceS3FileBasedStreamConfig(
                name="spend", globs=["inbox/*.csv"], format_=models.SourceS3CSVFormat(delimiter=";")
            )
        ],
    )
    request = models.SourceCreateRequest(
        name="files", workspace_id=airbyte.workspace(), configuration=configuration
    )
    source = sdk.sources.create_source(request=request).source_response
    assert source is not None
    assert source.source_type == "s3"
    assert source.configuration.aws_secret_access_key == "**********"
    assert source.configuration.streams == configuration.streams


def test_jobs_are_found_by_when_they_were_made_and_changed(
    sdk: AirbyteAPI, airbyte: AirbyteServer, landing: Landing
) -> None:
    connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder)
    before = dt.datetime.now(dt.UTC)
    first = airbyte.sync(connection)["jobId"]
    between = _later_than(dt.datetime.now(dt.UTC))
    second = airbyte.sync(connection)["jobId"]
    after = dt.datetime.now(dt.UTC)

    def found(**filters: Any) -> list[int]:
        request = api.ListJobsRequest(connection_id=connection, **filters)
        return [job.job_id for job in sdk.jobs.list_jobs(request=request).jobs_response.data]

    assert found() == [first, second]
    assert found(created_at_start=before, created_at_end=between) == [first]
    assert found(created_at_start=between) == [second]
    assert found(updated_at_start=between, updated_at_end=after) == [second]
    assert found(created_at_start=after) == []
    assert found(order_by="updatedAt|DESC") == [second, first]
    assert found(job_type=models.JobTypeEnum.SYNC, status=models.JobStatusEnum.SUCCEEDED, limit=1) == [first]


@pytest.mark.parametrize("jobs", [0, 1, 2, 3])
def test_pages_of_jobs_are_complete_at_every_size(
    sdk: AirbyteAPI, airbyte: AirbyteServer, landing: Landing, jobs: int
) -> None:
    """Nothing, a last page that is not full, one that is full exactly, and one more than that."""
    connection = airbyte.add_connection("shop_postgres_to_lake", landing.folder)
    made = []
    for _ in range(jobs):
        body = {"connectionId": connection, "jobType": "clear"}
        made.append(airbyte.wait(airbyte.call("POST", "/jobs", body)["jobId"])["jobId"])
    pages: list[list[int]] = []
    while not pages or pages[-1]:
        request = api.ListJobsRequest(connection_id=connection, limit=2, offset=2 * len(pages))
        pages.append([job.job_id for job in sdk.jobs.list_jobs(request=request).jobs_response.data])
    assert [number for page in pages for number in page] == made
    assert all(len(page) == 2 for page in pages[:-2])


def test_a_cancelled_job_says_so_and_a_second_one_is_refused_meanwhile(
    stack: IngestionStack, sdk: AirbyteAPI, airbyte: AirbyteServer, landing: Landing
) -> None:
    with slow_api(stack.environ["SHOP_API_URL"], 3) as address:
        connection = airbyte.add_connection("shop_api_to_lake", landing.folder, base_url=address)
        wish = models.JobCreateRequest(connection_id=connection, job_type=models.JobTypeEnum.SYNC)
        job = sdk.jobs.create_job(request=wish).job_response
        assert job is not None
        with pytest.raises(errors.SDKError) as refused:
            sdk.jobs.create_job(request=wish)
        assert refused.value.status_code == 409
        wait_until(lambda: workers_of(airbyte), "a worker runs", 30)
        ended = sdk.jobs.cancel_job(request=api.CancelJobRequest(job_id=job.job_id)).job_response
        assert ended is not None
        assert ended.status == models.JobStatusEnum.CANCELLED
        wait_until(lambda: not workers_of(airbyte), "it is gone", 15)


def test_a_token_that_has_expired_is_401_and_the_next_one_works(airbyte: AirbyteServer) -> None:
    old = f"{int(time.time()) - 1}.{'0' * 64}"
    answer = airbyte.http.get(airbyte.url + "/jobs", headers={"Authorization": f"Bearer {old}"})
    assert answer.status_code == 401
    assert "expired" in answer.json()["detail"]
    fresh = {"Authorization": f"Bearer {airbyte.token()}"}
    assert airbyte.http.get(airbyte.url + "/jobs", headers=fresh).status_code == 200


def _later_than(moment: dt.datetime) -> dt.datetime:
    """A moment that is later in the SDK's milliseconds, too."""
    wait_until(lambda: dt.datetime.now(dt.UTC) - moment > dt.timedelta(milliseconds=2), "2 ms are over")
    return dt.datetime.now(dt.UTC)
